"""The bell, the list behind it, and how a person wants to be told."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import NoticePreference, User
from incidents import notices, outbox
from incidents.models import Incident, Notification, OutboxMessage
from tests.browsers import As
from tests.cast import TUESDAY, Person
from tests.incidents.pages.conftest import SetClock

POLL = {"X-Requested-With": "poll"}


def notice(
    who: Person,
    case: Incident,
    *,
    at: datetime = TUESDAY,
    kind: str = "case.dispatched",
    urgency: str = "routine",
) -> Notification:
    """A row in this person's inbox, as delivery writes it."""
    key = f"{kind}:{case.pk}:{OutboxMessage.objects.count()}"
    outbox.tell(kind, incident_id=case.pk, receiver=f"user:{who.user.pk}", key=key, at=at)
    message = OutboxMessage.objects.get(key=key)
    return Notification.objects.create(
        user=who.user, message=message, incident=case, kind=kind, urgency=urgency, created_at=at
    )


def unread(who: Person) -> int:
    return Notification.objects.filter(user=who.user).unread().count()


def shown(page: Any) -> list[int]:
    return [line["notice"].pk for day in page.context["days"] for line in day["lines"]]


# --- the bell -----------------------------------------------------------------------------------


def test_the_bell_counts_what_is_unread(browse: As, handler: Person, lamp_case: Incident) -> None:
    client = browse(handler)
    assert 'class="count"' not in client.get(reverse("notices-bell")).content.decode()
    notice(handler, lamp_case)
    assert ">1</span>" in client.get(reverse("notices-bell")).content.decode()
    assert "notices/bell" in client.get(reverse("inbox")).content.decode()


def test_the_bell_stops_counting_at_99(
    browse: As, handler: Person, lamp_case: Incident, django_assert_num_queries: Any
) -> None:
    for _number in range(101):
        notice(handler, lamp_case)
    client = browse(handler)
    with django_assert_num_queries(3):  # session, user, the count
        html = client.get(reverse("notices-bell")).content.decode()
    assert ">99+</span>" in html


def test_the_bell_answers_304_until_its_number_changes(
    browse: As, handler: Person, lamp_case: Incident
) -> None:
    client = browse(handler)
    first = client.get(reverse("notices-bell"), headers=POLL)
    known = {**POLL, "If-None-Match": first["ETag"]}
    assert client.get(reverse("notices-bell"), headers=known).status_code == 304
    notice(handler, lamp_case)
    assert client.get(reverse("notices-bell"), headers=known).status_code == 200


def test_public_pages_and_strangers_have_no_bell(db: None) -> None:
    assert "notices/bell" not in Client().get(reverse("sign-in")).content.decode()
    for name in ("notices", "notices-bell", "preferences", "duty", "messages"):
        assert Client().get(reverse(name)).status_code == 302


# --- the list -----------------------------------------------------------------------------------


def test_unread_stands_first_and_all_beside_it(browse: As, handler: Person, lamp_case: Incident) -> None:
    first, second = notice(handler, lamp_case), notice(handler, lamp_case, kind="timer.warned")
    client = browse(handler)
    client.post(reverse("notice-read", args=[first.pk]))
    assert shown(client.get(reverse("notices"))) == [second.pk]
    assert shown(client.get(f"{reverse('notices')}?tab=all")) == [second.pk, first.pk]


def test_lines_are_grouped_by_the_districts_days(browse: As, handler: Person, lamp_case: Incident) -> None:
    midnight = TUESDAY - timedelta(hours=10)
    notice(handler, lamp_case, at=midnight - timedelta(seconds=1))
    notice(handler, lamp_case, at=midnight)
    days = browse(handler).get(reverse("notices")).context["days"]
    assert [(day["day"].isoformat(), len(day["lines"])) for day in days] == [
        ("2026-07-07", 1),
        ("2026-07-06", 1),
    ]
    assert days[0]["is_today"]
    assert days[1]["is_yesterday"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_line_says_what_and_which_case(
    browse: As, handler: Person, lamp_case: Incident, language: str
) -> None:
    row = notice(handler, lamp_case)
    client = browse(handler)
    client.cookies["django_language"] = language
    html = client.get(reverse("notices")).content.decode()
    with translation.override(language):
        assert notices.of(row) in html
    assert lamp_case.number in html
    assert "南联社区植物园路公交站" in html


def test_an_emergency_stands_out(browse: As, handler: Person, lamp_case: Incident) -> None:
    notice(handler, lamp_case, urgency="emergency")
    assert 'data-state="emergency"' in browse(handler).get(reverse("notices")).content.decode()


def test_opening_the_case_marks_its_notice_read(browse: As, handler: Person, lamp_case: Incident) -> None:
    one = notice(handler, lamp_case)
    notice(handler, lamp_case, kind="timer.warned")
    answer = browse(handler).get(reverse("notice", args=[one.pk]))
    assert answer["Location"] == reverse("case", args=[lamp_case.number])
    one.refresh_from_db()
    assert one.read_at is not None
    assert unread(handler) == 1


def test_a_case_that_is_with_others_now_is_not_shown(
    browse: As, other_handler: Person, lamp_case: Incident
) -> None:
    gone = notice(other_handler, lamp_case)
    client = browse(other_handler)
    html = client.get(reverse("notices")).content.decode()
    assert lamp_case.number in html
    assert "植物园路" not in html
    answer = client.get(reverse("notice", args=[gone.pk]))
    assert answer["Location"] == reverse("notices")


def test_anothers_notice_does_not_exist(
    browse: As, handler: Person, other_handler: Person, lamp_case: Incident
) -> None:
    one = notice(handler, lamp_case)
    client = browse(other_handler)
    assert client.get(reverse("notice", args=[one.pk])).status_code == 404
    assert client.post(reverse("notice-read", args=[one.pk])).status_code == 404
    client.post(reverse("notices-read"), {"until": one.pk})
    assert unread(handler) == 1


def test_marking_all_leaves_what_came_in_since(browse: As, handler: Person, lamp_case: Incident) -> None:
    notice(handler, lamp_case)
    client = browse(handler)
    last = client.get(reverse("notices")).context["last"]
    notice(handler, lamp_case, kind="timer.warned")
    client.post(reverse("notices-read"), {"until": last})
    assert unread(handler) == 1


def test_a_long_list_has_pages_by_cursor(
    browse: As, handler: Person, lamp_case: Incident, django_assert_max_num_queries: Any
) -> None:
    rows = [notice(handler, lamp_case) for _number in range(60)]
    client = browse(handler)
    # session, user, memberships, notices, unread, which cases may be seen, inbox (units, what they were
    # asked, how much), instructions, what the list waits for, banner
    with django_assert_max_num_queries(12):
        first = client.get(f"{reverse('notices')}?tab=all")
    assert shown(first) == [row.pk for row in reversed(rows[10:])]
    second = client.get(first.context["older"])
    assert shown(second) == [row.pk for row in reversed(rows[:10])]
    assert second.context["older"] == ""
    assert 'data-poll="/notices/?' not in second.content.decode()


def test_the_list_answers_304_until_it_changes(
    browse: As, handler: Person, lamp_case: Incident, now: SetClock
) -> None:
    one = notice(handler, lamp_case)
    client = browse(handler)
    url = f"{reverse('notices')}?tab=all"
    first = client.get(url, headers=POLL)
    assert "<html" not in first.content.decode()
    known = {**POLL, "If-None-Match": first["ETag"]}
    assert client.get(url, headers=known).status_code == 304
    client.post(reverse("notice-read", args=[one.pk]))
    assert client.get(url, headers=known).status_code == 200


def test_nothing_unread_says_so(browse: As, handler: Person) -> None:
    client = browse(handler)
    client.cookies["django_language"] = "en"
    assert "Nothing unread" in client.get(reverse("notices")).content.decode()


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "%00", "1e9"])
def test_an_odd_cursor_is_no_broken_page(browse: As, handler: Person, before: str) -> None:
    client = browse(handler)
    assert client.get(f"{reverse('notices')}?before={before}").status_code == 200
    assert client.post(reverse("notices-read"), {"until": before, "before": before}).status_code == 302
    assert client.get(reverse("notice", args=[10**25])).status_code == 404


# --- how to be told -----------------------------------------------------------------------------

CHOICES = {
    "language": "en",
    "email_mode": "digest",
    "sms_mode": "now",
    "wework_mode": "off",
    "wework_id": "",
    "quiet_from": "23:00",
    "quiet_until": "06:30",
    "digest_at": "09:00",
}


def test_what_is_chosen_is_kept(browse: As, handler: Person) -> None:
    client = browse(handler)
    for mode in ("digest", "off"):  # the first makes the row, the second changes it
        assert client.post(reverse("preferences"), {**CHOICES, "email_mode": mode}).status_code == 302
    chosen = NoticePreference.objects.get()
    assert (chosen.user, chosen.language, chosen.mode_of("email"), chosen.mode_of("sms")) == (
        handler.user,
        "en",
        "off",
        "now",
    )
    assert (chosen.quiet_from, chosen.quiet_until, chosen.digest_at) == (time(23), time(6, 30), time(9))


def test_looking_makes_no_row_and_shows_the_defaults(browse: As, handler: Person) -> None:
    html = browse(handler).get(reverse("preferences")).content.decode()
    assert 'value="22:00"' in html
    assert not NoticePreference.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email_mode": "loudly"}, "email_mode"),
        ({"email_mode": ""}, "email_mode"),
        ({"sms_mode": "digest"}, "sms_mode"),
        ({"language": "fr"}, "language"),
        ({"quiet_from": "25:00"}, "quiet_from"),
        ({"quiet_until": ""}, "quiet_until"),
        ({"digest_at": "noon\0"}, "digest_at"),
        ({"wework_mode": "now"}, "wework_id"),
        ({"wework_mode": "now", "wework_id": "<b>"}, "wework_id"),
        ({"wework_id": "x" * 65}, "wework_id"),
    ],
)
def test_a_bad_choice_names_its_field(browse: As, handler: Person, given: dict[str, str], field: str) -> None:
    answer = browse(handler).post(reverse("preferences"), {**CHOICES, **given})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert not NoticePreference.objects.exists()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_ones_own_number_is_masked_and_emergencies_explained(
    browse: As, handler: Person, language: str
) -> None:
    User.objects.filter(pk=handler.user.pk).update(phone="13812342207", email="h@example.org")
    client = browse(handler)
    client.cookies["django_language"] = language
    html = client.get(reverse("preferences")).content.decode()
    assert "138****2207" in html
    assert "13812342207" not in html
    assert "h@example.org" in html
    if language == "en":
        assert "Emergencies do not wait" in html


def test_who_has_no_number_is_told_what_that_means(browse: As, handler: Person) -> None:
    client = browse(handler)
    client.cookies["django_language"] = "en"
    assert "No phone number of yours is known" in client.get(reverse("preferences")).content.decode()
