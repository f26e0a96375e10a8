"""The secretary's inbox: letters, drafts, the signature; and the ledger of orders beside it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.roles import Role
from incidents import actions
from incidents.models import Incident, SecretaryLetter, Supervision
from tests.browsers import As
from tests.cast import TUESDAY, Person, file_report, person
from tests.incidents.pages.conftest import SetClock

HOUR = timedelta(hours=1)


@pytest.fixture
def secretary(db: None) -> Person:
    return person("secretary", Role.LEADER, "longgang", "李书记")


@pytest.fixture
def aide(db: None) -> Person:
    return person("aide", Role.SUPERVISOR, "longgang/operations", "街道督办")


@pytest.fixture
def letter(lamp_case: Incident, operator: Person) -> SecretaryLetter:
    return actions.to_secretary(number=lamp_case.number, secretary="street", actor=operator.actor, at=TUESDAY)


def reply_url(letter: SecretaryLetter) -> str:
    return reverse("letter-reply", args=[letter.pk])


def test_the_desk_puts_a_report_before_the_secretary_from_the_case(
    browse: As, operator: Person, lamp_case: Incident
) -> None:
    client, step = browse(operator), reverse("case-act", args=[lamp_case.number, "to-secretary"])
    page = client.get(reverse("case", args=[lamp_case.number])).content.decode()
    assert step in page
    client.post(step, {"secretary": "street"})
    assert SecretaryLetter.objects.get().office_id == "longgang"
    again = client.post(step, {"secretary": "street"})
    assert again.status_code == 409


def test_a_draft_is_written_by_the_aide_and_signed_by_the_secretary(
    browse: As, aide: Person, secretary: Person, letter: SecretaryLetter
) -> None:
    writing, signing = browse(aide), browse(secretary)
    page = writing.get(reverse("letter", args=[letter.pk])).content.decode()
    assert 'value="draft"' in page
    assert 'value="sign"' not in page
    assert writing.post(reply_url(letter), {"text": "", "do": "draft"}).status_code == 400
    writing.post(reply_url(letter), {"text": "您好,今晚修好", "do": "draft", "seen_draft": "0"})
    forged = writing.post(reply_url(letter), {"text": "冒签", "do": "sign"})
    assert forged.status_code == 403
    # Somebody else's draft since then is not written over.
    stale = signing.post(reply_url(letter), {"text": "另一稿", "do": "draft", "seen_draft": "0"})
    assert stale.status_code == 409
    assert "另一稿" in stale.content.decode()
    assert signing.get(reverse("letter", args=[letter.pk])).context["form"]["text"].value() == "您好,今晚修好"
    signing.post(reply_url(letter), {"text": "您好,今晚修好。谢谢。", "do": "sign"})
    letter.refresh_from_db()
    assert (letter.signed_by, letter.reply and letter.reply.body) == (secretary.user, "您好,今晚修好。谢谢。")
    seen_by_reporter = Client().get(reverse("resident-status", args=[letter.report.tracking_code]))
    words = seen_by_reporter.content.decode()
    assert "您好,今晚修好。谢谢。" in words
    assert "李书记" in words


def test_who_wrote_a_tip_off_is_not_said(browse: As, secretary: Person, operator: Person) -> None:
    tip = file_report(nature="tip_off")
    letter = actions.to_secretary(number=tip.number, secretary="street", actor=operator.actor, at=TUESDAY)
    page = browse(secretary).get(reverse("letter", args=[letter.pk]))
    assert (page.context["is_protected"], page.context["from_name"]) == (True, "")
    assert "王" not in page.context["from_name"]


def test_letters_of_another_street_do_not_exist(
    browse: As, street_supervisor: Person, handler: Person, letter: SecretaryLetter
) -> None:
    assert browse(street_supervisor).get(reverse("letter", args=[letter.pk])).status_code == 404
    assert browse(street_supervisor).get("/secretary/").context["rows"] == []
    assert browse(handler).get("/secretary/").status_code == 403


def test_the_inbox_pages_and_asks_the_same_few_questions(
    browse: As,
    secretary: Person,
    operator: Person,
    now: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    monkeypatch.setattr("incidents.pages.secretary.PAGE", 3)
    client = browse(secretary)

    def write(count: int) -> None:
        for index in range(count):
            file_report(
                attributes={"secretary": "street"}, joins="", at=TUESDAY + index * timedelta(minutes=1)
            )

    write(2)
    client.get("/secretary/")
    with django_assert_max_num_queries(16):
        client.get("/secretary/")
    write(5)
    with django_assert_max_num_queries(16):
        client.get("/secretary/")
    seen: list[int] = []
    url = "/secretary/"
    while url:
        context = client.get(url).context
        seen += [row["letter"].pk for row in context["rows"]]
        url = context["next_url"]
    assert len(seen) == len(set(seen)) == 7
    for after in ("x", "_3", "nan_1", "1e400_1"):
        assert client.get("/secretary/", {"after": after}).status_code == 200


def test_the_ledger_of_orders_has_every_order_with_its_answer(
    browse: As,
    supervisor: Person,
    handler: Person,
    lamp_case: Incident,
    now: SetClock,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    client = browse(supervisor)
    now.at = TUESDAY + HOUR
    order = actions.supervise(
        number=lamp_case.number,
        words="今晚必须亮灯",
        answer_by=TUESDAY + 2 * HOUR,
        actor=supervisor.actor,
        at=now.at,
    )
    assert "今晚必须亮灯" in client.get("/supervision/orders/").content.decode()
    assert client.get("/supervision/orders/?tab=overdue").context["rows"] == []
    client.post(reverse("case-act", args=[lamp_case.number, "raise-order"]), {})
    assert Supervision.objects.get().level == Supervision.Level.DISTRICT
    assert [row["order"].pk for row in client.get("/supervision/orders/?tab=raised").context["rows"]] == [
        order.pk
    ]
    client.post(reverse("case-act", args=[lamp_case.number, "raise-order"]), {})
    highest = client.post(reverse("case-act", args=[lamp_case.number, "raise-order"]), {})
    assert highest.status_code == 409
    now.at = TUESDAY + timedelta(days=10)
    assert len(client.get("/supervision/orders/?tab=overdue").context["rows"]) == 1
    actions.answer_order(number=lamp_case.number, text="已到场", actor=handler.actor, at=now.at)
    with django_assert_max_num_queries(20):
        ended = client.get("/supervision/orders/?tab=ended").content.decode()
    assert "已到场" in ended
    assert browse(handler).get("/supervision/orders/").status_code == 403
