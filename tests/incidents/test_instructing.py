"""批示: given with a number, reported on, accepted or sent back, reminded of, withdrawn."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.roles import Role
from incidents import delivery, instructing, notices, timeline, timeline_words
from incidents.errors import ActionRefused, InvalidInput
from incidents.instructing import reach, reading
from incidents.instructing.reminding import remind
from incidents.models import (
    Incident,
    Instruction,
    InstructionPart,
    InstructionReport,
    Notification,
    OutboxMessage,
)
from tests.cast import LAMP_UNIT, TUESDAY, Person, person

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
WEEK = TUESDAY + 7 * DAY

Give = Callable[..., Instruction]


@pytest.fixture
def give(leader: Person) -> Give:
    """The district's leader instructs the lighting company to report within a week, or what is said."""

    def given(**said: object) -> Instruction:
        told = {
            "office": "district",
            "words": "全面排查主干道路灯,一周内报结果",
            "units": [LAMP_UNIT],
            "due_at": WEEK,
            "actor": leader.actor,
            "at": TUESDAY,
        }
        return instructing.give(**{**told, **said})  # type: ignore[arg-type]

    return given


def part_of(given: Instruction, unit: str = LAMP_UNIT) -> InstructionPart:
    return InstructionPart.objects.get(instruction=given, unit=unit)


def kinds(case: Incident) -> list[str]:
    return [kind for kind in case.timeline.values_list("kind", flat=True) if kind.startswith("instruct")]


def receivers(kind: str) -> set[str]:
    return set(OutboxMessage.objects.filter(kind=f"instruction.{kind}").values_list("receiver", flat=True))


def test_from_the_leaders_words_to_the_accepted_report(
    give: Give, leader: Person, handler: Person, lamp_case: Incident
) -> None:
    before = lamp_case.version
    given = give(cases_about=[lamp_case.number], units=[LAMP_UNIT, "water-group"])
    assert given.number.startswith("PS20260707-")
    lamp_case.refresh_from_db()
    assert lamp_case.version == before + 1
    assert receivers("given") == {
        "head:lighting-company",
        "unit:lighting-company",
        "head:water-group",
        "unit:water-group",
    }

    common = {"number": given.number, "unit": LAMP_UNIT}
    instructing.report(**common, text="已查 120 盏", actor=handler.actor, at=TUESDAY + DAY)
    with pytest.raises(ActionRefused) as twice:
        instructing.report(**common, text="又查了", actor=handler.actor, at=TUESDAY + DAY)
    assert twice.value.code == "already_reported"
    assert receivers("reported") == {f"user:{leader.user.pk}"}

    again_by = TUESDAY + 3 * DAY
    instructing.judge(
        **common, accepted=False, remark="缺照片", due_at=again_by, actor=leader.actor, at=TUESDAY + DAY
    )
    part = part_of(given)
    assert (part.state, part.due_at, part.sent_back_count) == ("waiting", again_by, 1)
    instructing.report(**common, text="照片已补", actor=handler.actor, at=again_by + DAY)
    instructing.judge(**common, accepted=True, actor=leader.actor, at=again_by + DAY)
    part = part_of(given)
    assert (part.state, part.was_late) == ("accepted", True)
    given.refresh_from_db()
    assert given.ended_at is None  # the other unit still owes its report

    water = person("water", Role.HANDLER, "water-group")
    instructing.report(
        number=given.number, unit="water-group", text="无关设施", actor=water.actor, at=TUESDAY + DAY
    )
    done = {"number": given.number, "unit": "water-group", "accepted": True}
    instructing.judge(**done, actor=leader.actor, at=again_by + DAY)
    given.refresh_from_db()
    assert given.end == "done"
    assert kinds(lamp_case) == [
        "instructed",
        "instruction_reported",
        "instruction_sent_back",
        "instruction_reported",
        "instruction_accepted",
        "instruction_reported",
        "instruction_accepted",
    ]


def test_a_supervisor_writes_down_whose_words_it_is(
    give: Give, supervisor: Person, leader: Person, handler: Person
) -> None:
    with pytest.raises(InvalidInput) as whose:
        give(actor=supervisor.actor)
    assert (whose.value.field, whose.value.code) == ("given_by", "required")
    with pytest.raises(InvalidInput) as no_leader:
        give(actor=supervisor.actor, given_by=handler.user)
    assert no_leader.value.code == "unknown"
    given = give(actor=supervisor.actor, given_by=leader.user)
    assert (given.given_by, given.recorded_by) == (leader.user, supervisor.user)
    instructing.report(number=given.number, unit=LAMP_UNIT, text="在办", actor=handler.actor, at=TUESDAY)
    assert receivers("reported") == {f"user:{leader.user.pk}", f"user:{supervisor.user.pk}"}


def test_a_street_instructs_its_own_street_only(
    give: Give, street_supervisor: Person, handler: Person, operator: Person
) -> None:
    secretary = person("secretary", Role.LEADER, "pinghu", "平湖书记")
    own = {"office": "pinghu", "actor": secretary.actor}
    given = give(**own, units=["pinghu/enforcement"])
    assert given.given_by == secretary.user
    for office, units, code in (
        ("pinghu", [LAMP_UNIT], "unknown"),
        ("pinghu", ["pinghu"], "unknown"),
        ("pinghu", [], "required"),
    ):
        with pytest.raises(InvalidInput) as refused:
            give(office=office, units=units, actor=secretary.actor)
        assert (refused.value.field, refused.value.code) == ("units", code)
    for who, office in ((secretary, "district"), (handler, "district"), (operator, "district")):
        with pytest.raises(ActionRefused) as not_theirs:
            give(office=office, actor=who.actor)
        assert not_theirs.value.code == "not_allowed"
    # The street's own supervisor answers in its name; who instructed does not report to themselves.
    assert reach.judging_grant(street_supervisor.user, given) is not None
    assert reach.reporting_grant(secretary.user, part_of(given, "pinghu/enforcement")) is None


def test_what_is_wrong_is_named(give: Give, lamp_case: Incident, street_supervisor: Person) -> None:
    for said, field, code in (
        ({"due_at": TUESDAY}, "due_at", "range"),
        ({"due_at": TUESDAY + 181 * DAY}, "due_at", "range"),
        ({"words": " "}, "words", "required"),
        ({"units": ["nobody"]}, "units", "unknown"),
    ):
        with pytest.raises(InvalidInput) as refused:
            give(**said)
        assert (refused.value.field, refused.value.code) == (field, code)
    person("secretary", Role.LEADER, "pinghu")
    with pytest.raises(InvalidInput) as unseen:  # the lamp is in another street
        give(
            office="pinghu",
            units=["pinghu/enforcement"],
            given_by=reach.leaders_of("pinghu").get(),
            actor=street_supervisor.actor,
            cases_about=[lamp_case.number],
        )
    assert (unseen.value.field, unseen.value.code) == ("cases", "unknown")
    with pytest.raises(ActionRefused) as nothing:
        give(cases_about=["20260707-999999"])
    assert nothing.value.code == "not_found"
    assert not Instruction.objects.exists()


def test_only_the_unit_reports_and_only_the_office_answers(
    give: Give, handler: Person, other_handler: Person, supervisor: Person, leader: Person
) -> None:
    given = give()
    common = {"number": given.number, "unit": LAMP_UNIT, "at": TUESDAY}
    for who in (other_handler, supervisor, leader):
        with pytest.raises(ActionRefused) as refused:
            instructing.report(**common, text="代报", actor=who.actor)
        assert refused.value.code == "not_allowed"
    instructing.report(**common, text="在办", actor=handler.actor)
    with pytest.raises(ActionRefused) as own:
        instructing.judge(**common, accepted=True, actor=handler.actor)
    assert own.value.code == "not_allowed"
    with pytest.raises(InvalidInput) as why:
        instructing.judge(**common, accepted=False, due_at=WEEK, actor=leader.actor)
    assert (why.value.field, why.value.code) == ("remark", "required")
    instructing.judge(**common, accepted=True, actor=supervisor.actor)
    assert part_of(given).state == "accepted"
    for late_word in (
        lambda: instructing.judge(**common, accepted=True, actor=leader.actor),
        lambda: instructing.withdraw(number=given.number, reason="x", actor=leader.actor, at=TUESDAY),
    ):
        with pytest.raises(ActionRefused) as over:
            late_word()
        assert over.value.code == "ended"


def test_a_withdrawn_instruction_is_owed_by_nobody(give: Give, leader: Person, handler: Person) -> None:
    given = give()
    with pytest.raises(InvalidInput):
        instructing.withdraw(number=given.number, reason="", actor=leader.actor, at=TUESDAY)
    instructing.withdraw(number=given.number, reason="已另行部署", actor=leader.actor, at=TUESDAY)
    assert part_of(given).state == "withdrawn"
    with pytest.raises(ActionRefused) as over:
        instructing.report(number=given.number, unit=LAMP_UNIT, text="x", actor=handler.actor, at=TUESDAY)
    assert over.value.code == "ended"
    assert remind(at=WEEK + DAY) == 0


def test_a_report_is_reminded_of_once_before_and_once_after(give: Give, leader: Person) -> None:
    given = give()
    assert remind(at=TUESDAY + DAY) == 0
    assert remind(at=WEEK - DAY / 2) == 1
    assert (receivers("due"), remind(at=WEEK - DAY / 3)) == ({"unit:lighting-company"}, 0)
    assert remind(at=WEEK) == 1
    assert receivers("overdue") == {
        "head:lighting-company",
        "unit:lighting-company",
        f"user:{leader.user.pk}",
    }
    assert (part_of(given).was_late, remind(at=WEEK + DAY)) == (True, 0)


def test_what_is_due_within_a_day_needs_no_second_word(give: Give) -> None:
    give(due_at=TUESDAY + DAY / 2)
    assert remind(at=TUESDAY + DAY / 4) == 0
    assert remind(at=TUESDAY + DAY) == 1


def test_everybody_who_owes_it_hears_of_it_by_its_number(give: Give, handler: Person) -> None:
    given = give()
    delivery.spread(at=TUESDAY)
    notice = Notification.objects.get(user=handler.user)
    assert notice.incident is None
    assert notices.of(notice).startswith(given.number)


def test_who_reads_an_instruction(
    give: Give,
    handler: Person,
    other_handler: Person,
    supervisor: Person,
    street_supervisor: Person,
    operator: Person,
) -> None:
    own = give()
    street = give(units=["pinghu/enforcement"])

    def read(who: Person) -> set[str]:
        return set(Instruction.objects.filter(reach.visible(who.user)).values_list("number", flat=True))

    assert read(supervisor) == {own.number, street.number}
    assert read(handler) == {own.number}
    assert read(street_supervisor) == {street.number}
    assert read(other_handler) == read(operator) == set()


def test_nobody_judges_what_they_reported(give: Give) -> None:
    first, second = (person(name, Role.LEADER, "pinghu") for name in ("secretary", "director"))
    given = give(office="pinghu", units=["pinghu/enforcement"], actor=first.actor)
    common = {"number": given.number, "unit": "pinghu/enforcement", "at": TUESDAY}
    told = instructing.report(**common, text="办了", actor=second.actor)
    with pytest.raises(ActionRefused) as own:
        instructing.judge(**common, accepted=True, actor=second.actor)
    assert own.value.code == "own_report"
    assert [reading.waiting_for(who.user) for who in (first, second)] == [1, 0]
    assert [reading.parts_of(given, who.user, at=TUESDAY)[0].may_judge for who in (first, second)] == [
        True,
        False,
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        InstructionReport.objects.filter(pk=told.pk).update(judged_by=second.user)
    instructing.judge(**common, accepted=True, actor=first.actor)
    assert part_of(given, "pinghu/enforcement").state == "accepted"


def test_a_street_reads_the_reports_of_its_own_units_and_watches_their_time(
    give: Give, leader: Person, supervisor: Person, street_supervisor: Person
) -> None:
    units = ["longgang/enforcement", "pinghu/enforcement"]
    given = give(units=units)
    for unit in units:
        worker = person(unit, Role.HANDLER, unit)
        instructing.report(number=given.number, unit=unit, text="办了", actor=worker.actor, at=TUESDAY)

    def reads(who: Person) -> list[str]:
        return [part.part.unit_id for part in reading.parts_of(given, who.user, at=TUESDAY) if part.reports]

    assert reads(street_supervisor) == ["pinghu/enforcement"]
    assert reads(leader) == reads(supervisor) == units

    for unit in units:
        accepted = unit.startswith("pinghu")
        more = {} if accepted else {"remark": "缺照片", "due_at": TUESDAY + DAY}
        instructing.judge(
            number=given.number, unit=unit, accepted=accepted, actor=leader.actor, at=TUESDAY, **more
        )

    def late(who: Person) -> bool:
        return reading.selected(who.user, reading.OVERDUE, TUESDAY + 2 * DAY).exists()

    assert [late(who) for who in (leader, supervisor, street_supervisor)] == [True, True, False]
    give(units=["pinghu/enforcement"], due_at=TUESDAY + DAY)
    assert late(street_supervisor)


def test_a_cases_timeline_says_that_it_was_instructed_and_reported_but_not_the_words(
    give: Give, leader: Person, handler: Person, lamp_case: Incident
) -> None:
    given = give(words="批示原文", units=["water-group"], cases_about=[lamp_case.number])
    common = {"number": given.number, "unit": "water-group", "at": TUESDAY}
    water = person("water", Role.HANDLER, "water-group")
    instructing.report(**common, text="反馈原文", actor=water.actor)
    again = {"accepted": False, "remark": "意见原文", "due_at": WEEK}
    instructing.judge(**common, **again, actor=leader.actor)
    instructing.withdraw(number=given.number, reason="撤回原文", actor=leader.actor, at=TUESDAY)
    # A row that was written when it still said which text it is.
    timeline.record(
        timeline.Kind.INSTRUCTED,
        incident_id=lamp_case.pk,
        at=TUESDAY,
        actor=leader.actor,
        number=given.number,
        text=given.words_id,
    )
    lines = timeline_words.read(lamp_case.timeline.order_by("pk"))
    told = [line for line in lines if line.kind.startswith("instruct")]
    assert [line.kind for line in told] == [
        "instructed",
        "instruction_reported",
        "instruction_sent_back",
        "instruction_withdrawn",
        "instructed",
    ]
    assert [line.note for line in told] == [""] * 5
    assert all(given.number in line.words for line in told)
