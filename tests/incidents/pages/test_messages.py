"""The administrator's messages: what waits, what was given up, and other systems' addresses."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from config.doctor.finding import Level
from config.doctor.machinery import set_aside
from incidents import notices, webhooks
from incidents.actor import Actor
from incidents.delivery import deliver, spread
from incidents.errors import ActionRefused
from incidents.models import Incident, Notification, OutboxMessage, Parcel, Webhook
from incidents.transports import Letter, TransportError
from tests.browsers import As
from tests.cast import TUESDAY, Person
from tests.incidents.pages.conftest import SetClock

HOOK = {"name": "12345", "url": "https://hotline.example/in", "source": "hotline", "kinds": ["report.closed"]}


def parcel(who: Person, case: Incident, key: str, **given: Any) -> Parcel:
    facts: dict[str, Any] = {
        "channel": "email",
        "user": who.user,
        "kind": "timer.warned",
        "urgency": "routine",
        "language": "zh-hans",
        "line": f"email:{who.user.pk}",
        "incident": case,
        "created_at": TUESDAY,
        "not_before": TUESDAY,
    }
    return Parcel.objects.create(key=key, **{**facts, **given})


def dead(who: Person, case: Incident, key: str = "d1", **given: Any) -> Parcel:
    return parcel(who, case, key, attempts=12, last_error="answered 500", dead_at=TUESDAY, **given)


@pytest.fixture
def quiet_case(lamp_case: Incident) -> Incident:
    """Nothing of it waits in the outbox."""
    OutboxMessage.objects.all().delete()
    return lamp_case


@pytest.fixture
def hook(admin: Person) -> Webhook:
    made, _secret = webhooks.add(actor=admin.actor, at=TUESDAY, **{**HOOK, "kinds": []})
    return made


@pytest.mark.parametrize(
    "who", ["operator", "dispatcher", "handler", "supervisor", "leader", "street_supervisor"]
)
def test_only_administrators_see_it(
    browse: As, request: pytest.FixtureRequest, hook: Webhook, quiet_case: Incident, who: str
) -> None:
    somebody: Person = request.getfixturevalue(who)
    letter = dead(somebody, quiet_case)
    client = browse(somebody)
    assert client.get(reverse("messages")).status_code == 403
    assert client.post(reverse("messages-retry"), {"parcel": letter.pk}).status_code == 403
    assert client.post(reverse("webhook-add"), HOOK).status_code == 403
    assert client.post(reverse("webhook", args=[hook.pk]), {"do": "stop"}).status_code == 403
    with pytest.raises(ActionRefused):
        webhooks.rotate(hook.pk, actor=Actor.person(somebody.user, somebody.unit))


def test_it_says_how_many_wait_and_how_long_the_oldest(
    browse: As, admin: Person, handler: Person, quiet_case: Incident, now: SetClock
) -> None:
    page = browse(admin).get(reverse("messages"))
    assert (page.context["waiting"], page.context["oldest"]) == (0, None)
    parcel(
        handler,
        quiet_case,
        "a",
        created_at=now.at - timedelta(hours=2),
        attempts=3,
        not_before=now.at + timedelta(hours=1),
    )
    parcel(handler, quiet_case, "b", created_at=now.at - timedelta(minutes=1))
    # held for quiet hours: neither late nor failing
    parcel(
        handler,
        quiet_case,
        "c",
        created_at=now.at - timedelta(hours=9),
        not_before=now.at + timedelta(hours=1),
    )
    parcel(handler, quiet_case, "d", sent_at=now.at)
    page = browse(admin).get(reverse("messages"))
    found = {name: page.context[name] for name in ("waiting", "held", "failing", "oldest", "dead_count")}
    assert found == {"waiting": 2, "held": 1, "failing": 1, "oldest": timedelta(hours=2), "dead_count": 0}


def test_a_dead_letter_is_shown_without_anybodys_data(
    browse: As, admin: Person, handler: Person, quiet_case: Incident
) -> None:
    handler.user.phone = "13812342207"
    handler.user.save()
    dead(handler, quiet_case)
    html = browse(admin).get(reverse("messages")).content.decode()
    assert "timer.warned" in html
    assert "answered 500" in html
    for personal in ("13812342207", "黄志强", "植物园路"):
        assert personal not in html


def test_one_is_retried(browse: As, admin: Person, handler: Person, quiet_case: Incident) -> None:
    first, second = dead(handler, quiet_case), dead(handler, quiet_case, "d2")
    browse(admin).post(reverse("messages-retry"), {"parcel": first.pk})
    assert list(Parcel.objects.dead()) == [second]


def test_all_are_retried_once_that_is_confirmed(
    browse: As, admin: Person, handler: Person, quiet_case: Incident
) -> None:
    dead(handler, quiet_case), dead(handler, quiet_case, "d2")
    OutboxMessage.objects.create(
        key="m1", incident=quiet_case, kind="x", receiver="unit:a", created_at=TUESDAY, not_before=TUESDAY,
        dead_at=TUESDAY, last_error="KeyError",
    )  # fmt: skip
    client = browse(admin)
    asked = client.post(reverse("messages-retry"), {"all": "1"})
    assert asked.status_code == 200
    assert Parcel.objects.dead().count() == 2
    client.post(reverse("messages-retry"), {"all": "1", "sure": "1"})
    assert not Parcel.objects.dead().exists()
    assert OutboxMessage.objects.get().dead_at is None


@pytest.mark.parametrize(
    "given", [{}, {"parcel": "x"}, {"parcel": "9" * 40}, {"message": "-1"}, {"parcel": "\0"}]
)
def test_odd_retries_retry_nothing(
    browse: As, admin: Person, handler: Person, quiet_case: Incident, given: dict[str, str]
) -> None:
    dead(handler, quiet_case)
    assert browse(admin).post(reverse("messages-retry"), given).status_code == 302
    assert Parcel.objects.dead().count() == 1


def test_the_page_costs_the_same_for_many(
    browse: As,
    admin: Person,
    handler: Person,
    hook: Webhook,
    quiet_case: Incident,
    django_assert_num_queries: Any,
) -> None:
    for number in range(5):
        dead(handler, quiet_case, f"d{number}")
    webhooks.add(actor=admin.actor, at=TUESDAY, **{**HOOK, "name": "second"})
    webhooks.send_test(hook.pk, actor=admin.actor, at=TUESDAY)
    client = browse(admin)
    client.get(reverse("messages"))
    # session, user, memberships, who answers for security, 7 counts and ages, 4 of the dead, 2 of webhooks,
    # bell, banner
    with django_assert_num_queries(19):
        client.get(reverse("messages"))


# --- webhooks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_webhooks_secret_is_shown_once(browse: As, admin: Person, language: str) -> None:
    client = browse(admin)
    client.cookies["django_language"] = language
    answer = client.post(reverse("webhook-add"), HOOK)
    made = Webhook.objects.get()
    assert (made.source, made.kinds, made.is_active) == ("hotline", ["report.closed"], True)
    assert made.secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert made.secret not in client.get(reverse("messages")).content.decode()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"url": "ftp://hotline.example/"}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "https://h/" + "x" * 300}, "url"),
        ({"source": "nobody"}, "source"),
        ({"kinds": ["case.dispatched"]}, "kinds"),
    ],
)
def test_a_bad_webhook_names_its_field(browse: As, admin: Person, given: dict[str, Any], field: str) -> None:
    answer = browse(admin).post(reverse("webhook-add"), {**HOOK, **given})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert not Webhook.objects.exists()


def test_a_name_is_taken_once(browse: As, admin: Person, hook: Webhook) -> None:
    assert browse(admin).post(reverse("webhook-add"), HOOK).status_code == 400
    assert Webhook.objects.count() == 1


def test_stopping_and_starting(browse: As, admin: Person, hook: Webhook) -> None:
    client = browse(admin)
    client.post(reverse("webhook", args=[hook.pk]), {"do": "stop"})
    assert not Webhook.objects.get().is_active
    client.post(reverse("webhook", args=[hook.pk]), {"do": "test"})
    assert not Parcel.objects.exists()  # nothing is sent to who is stopped
    client.post(reverse("webhook", args=[hook.pk]), {"do": "start"})
    assert Webhook.objects.get().is_active


def test_another_secret_is_made_once_that_is_confirmed(browse: As, admin: Person, hook: Webhook) -> None:
    client, old = browse(admin), hook.secret
    client.post(reverse("webhook", args=[hook.pk]), {"do": "rotate"})
    assert Webhook.objects.get().secret == old
    answer = client.post(reverse("webhook", args=[hook.pk]), {"do": "rotate", "sure": "1"})
    fresh = Webhook.objects.get().secret
    assert fresh != old
    assert fresh in answer.content.decode()


def test_no_such_webhook(browse: As, admin: Person) -> None:
    assert browse(admin).post(reverse("webhook", args=[10**30]), {"do": "stop"}).status_code == 404


class Line:
    """A transport that keeps what it carried, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.letters: list[Letter] = []
        self.error = error

    def send(self, letter: Letter) -> None:
        if self.error:
            raise self.error
        self.letters.append(letter)


@pytest.mark.django_db(transaction=True)
def test_a_test_message_travels_as_a_parcel(browse: As, admin: Person, hook: Webhook, now: SetClock) -> None:
    client, line = browse(admin), Line()
    client.post(reverse("webhook", args=[hook.pk]), {"do": "test"})
    deliver(at=now.at, transports={"webhook": line})
    assert [(letter.kind, letter.to, letter.secret) for letter in line.letters] == [
        ("webhook.test", "https://hotline.example/in", hook.secret)
    ]
    assert Parcel.objects.get().sent_at == now.at
    # a second one that fails does not stand in the way of what is real
    client.post(reverse("webhook", args=[hook.pk]), {"do": "test"})
    deliver(at=now.at, transports={"webhook": Line(TransportError("answered 500"))})
    assert "answered 500" in client.get(reverse("messages")).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_wants_nothing_any_more_is_switched_off_and_its_keepers_are_told(
    browse: As, admin: Person, hook: Webhook, now: SetClock
) -> None:
    client = browse(admin)
    client.cookies["django_language"] = "en"
    for _time in range(2):
        client.post(reverse("webhook", args=[hook.pk]), {"do": "test"})
    deliver(at=now.at, limit=1, transports={"webhook": Line(TransportError("answered 410", unwanted=True))})
    assert not Webhook.objects.get().is_active
    # Nobody has to look: neither at the one that it was about, nor at what waited behind it.
    assert not Parcel.objects.waiting().exists()
    assert not Parcel.objects.dead().exists()
    assert [found.level for found in set_aside()] == [Level.GOOD]
    assert "the receiver wants nothing any more (410)" in client.get(reverse("messages")).content.decode()
    while spread(at=now.at):
        pass
    notice = Notification.objects.get(user=admin.user, kind="webhook.unwanted")
    with translation.override("en"):
        assert notices.of(notice) == (
            "12345: This webhook's receiver wants nothing any more (410): it was switched off."
        )
    assert client.get(reverse("notice", args=[notice.pk])).headers["Location"] == reverse("messages")
    client.post(reverse("webhook", args=[hook.pk]), {"do": "start"})
    assert Webhook.objects.get().is_active
