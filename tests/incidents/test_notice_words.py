"""What a notice says: for every kind that the product sends, in both languages."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils.translation import override

from incidents import notices
from incidents.notices import Telling

AT = datetime(2026, 7, 9, 2, 0, tzinfo=UTC)
DUE = "2026-07-09T10:00:00+00:00"
ROOM = Path(notices.__file__).parent
# Kinds are written out where they are told, but for a few that end in a word of their own.
KINDS = {
    kind
    for file in ROOM.rglob("*.py")
    if "pages" not in file.parts and "api" not in file.parts
    for kind in re.findall(
        r'"((?:adjudication|case|return|verification|report|timer|request|pause|reporter|supervision'
        r'|support|late)\.[a-z]+)"',
        file.read_text(),
    )
} | {"timer.warned", "timer.breached", "timer.escalated", "supervision.ordered", "report.closed"}


def said(kind, at=AT, urgency="routine", **data):
    with override("en"):
        return notices.for_staff(Telling(kind, "20260709-000511", data, at, urgency))


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("data", [{}, {"due_at": DUE, "clock": "handling", "until": "2026-07-12"}])
def test_every_kind_has_words_and_needs_no_fact_to_be_there(kind, data):
    telling = Telling(kind, "20260709-000511", data, AT)
    generic = {notices._news(telling), notices._reporter_news(telling)}
    with override("en"):
        known = kind in notices._STAFF or kind in notices._REPORTER
        words = (
            notices.for_staff(telling)
            if kind in notices._STAFF
            else notices.for_reporter(telling, address="https://yiwang.example/r/A/")
        )
    assert known
    assert not any(text in words for text in generic)
    assert "%(" not in words


def test_a_kind_that_nobody_has_words_for_is_told_all_the_same():
    assert said("moon.rose") == "20260709-000511: There is news. Please have a look."


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        ("dispatch", "Dispatch it by 9 Jul, 18:00."),
        ("acceptance", "Accept it by 9 Jul, 18:00."),
        ("first_contact", "Contact the reporter by 9 Jul, 18:00."),
        ("handling", "Settle it by 9 Jul, 18:00."),
        ("verification", "Verify it by 9 Jul, 18:00."),
        ("callback", "Call the reporter back by 9 Jul, 18:00."),
        ("supervision", "Answer the order by 9 Jul, 18:00."),
    ],
)
def test_a_warning_says_what_is_to_be_done_by_when(clock, words):
    warned = said("timer.warned", clock=clock, stage="warn_50", due_at=DUE)
    assert warned == f"20260709-000511: 50% of the time is left. {words}"


def test_a_breach_and_what_goes_up_the_line():
    facts = {"clock": "handling", "due_at": DUE}
    assert said("timer.breached", **facts) == (
        "20260709-000511: Overdue. It should have been settled by 9 Jul, 18:00."
    )
    assert said("timer.escalated", stage="esc_head", **facts).endswith("Please step in.")


def test_an_emergency_says_so_first():
    assert said("case.dispatched", urgency="emergency") == (
        "Emergency: 20260709-000511: It is yours. Accept it at once and set out."
    )


def test_answers_to_requests():
    assert said("request.answered", request="extension", agreed=True, due_at=DUE) == (
        "20260709-000511: More time was agreed: until 9 Jul, 18:00."
    )
    assert said("request.answered", request="suspension", agreed=False).endswith(
        "The suspension was refused."
    )
    assert said("request.asked", request="appeal").endswith(
        "The unit appeals against a breach. Please decide."
    )


def test_a_day_and_an_instant_are_said_in_district_time():
    with override("en"):
        assert notices.moment("2026-07-09T16:30:00+00:00") == "10 Jul, 00:30"
        assert notices.moment("2026-07-12") == "12 Jul"
        assert notices.moment(None) == ""


def test_chinese_reads_as_a_person_writes():
    data = {"clock": "handling", "stage": "warn_80", "due_at": DUE}
    with override("zh-hans"):
        words = notices.signed(notices.for_staff(Telling("timer.warned", "20260709-000511", data, AT)))
    assert words == "【一网】20260709-000511 还剩 20%,请于 7月9日 18:00 前办结。"
