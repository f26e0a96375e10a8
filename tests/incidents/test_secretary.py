"""书记在线: a report before a secretary, a reply that is prepared, signed, and read by who wrote."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Membership
from accounts.roles import Role
from grids.locate import locate
from incidents import actions, timeline_words
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Incident, OutboxMessage, SecretaryLetter
from incidents.public import status
from incidents.secretary import letters
from incidents.secretary.reminding import remind
from tests.browsers import As
from tests.cast import LAMP_POINT, NOWHERE, TUESDAY, Person, file_report, person, reload

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)
# The evening of the Tuesday after.
FIVE_WORKING_DAYS_ON = TUESDAY + timedelta(days=7, hours=8)


@pytest.fixture
def secretary(db: None) -> Person:
    """The secretary of 龙岗街道, where the lamp is."""
    return person("secretary", Role.LEADER, "longgang", "李书记")


@pytest.fixture
def aide(db: None) -> Person:
    """Prepares what that secretary signs."""
    return person("aide", Role.SUPERVISOR, "longgang/operations", "街道督办")


def receivers(kind: str) -> list[str]:
    found = OutboxMessage.objects.filter(kind=f"letter.{kind}").order_by("pk")
    return list(found.values_list("receiver", flat=True))


def put(case: Incident, who: Person, secretary: str = "street", **more: object) -> SecretaryLetter:
    return actions.to_secretary(  # type: ignore[arg-type]
        number=case.number, secretary=secretary, actor=who.actor, at=TUESDAY + HOUR, **more
    )


def code_of(case: Incident) -> str:
    return case.links.get().report.tracking_code


def test_from_the_desk_to_the_signed_reply(
    lamp_case: Incident, operator: Person, aide: Person, secretary: Person
) -> None:
    letter = put(lamp_case, operator)
    assert (letter.office_id, letter.due_at) == ("longgang", FIVE_WORKING_DAYS_ON)
    assert receivers("marked") == ["head:longgang"]
    waiting = status(code_of(lamp_case), at=TUESDAY + HOUR).letter
    assert waiting is not None
    assert (waiting.office, waiting.reply, waiting.signed_at) == ("龙岗街道办事处", "", None)

    common = {"number": lamp_case.number, "at": TUESDAY + 2 * HOUR}
    actions.draft_reply(**common, text="王先生您好,路灯今晚修好。", seen_draft=0, actor=aide.actor)
    assert receivers("drafted") == ["head:longgang"]
    assert status(code_of(lamp_case), at=TUESDAY + 2 * HOUR).letter == waiting  # a draft is nobody's business
    with pytest.raises(ActionRefused) as other_draft:
        actions.draft_reply(**common, text="另一稿", seen_draft=0, actor=secretary.actor)
    assert other_draft.value.code == "stale"
    with pytest.raises(ActionRefused) as not_an_aide:
        actions.sign_reply(**common, text="代签", actor=aide.actor)
    assert not_an_aide.value.code == "not_allowed"

    actions.sign_reply(**common, text="王先生您好,路灯今晚修好。谢谢您。", actor=secretary.actor)
    answered = status(code_of(lamp_case), at=TUESDAY + 3 * HOUR)
    assert answered.letter is not None
    assert answered.letter.reply == "王先生您好,路灯今晚修好。谢谢您。"
    assert answered.letter.signer == "李书记"
    assert [step.kind for step in answered.steps[:2]] == ["reply_signed", "letter_marked"]
    assert receivers("signed") == [f"report:{letter.report_id}"]
    with pytest.raises(ActionRefused) as once:
        actions.sign_reply(**common, text="再答一次", actor=secretary.actor)
    assert once.value.code == "already_signed"
    with pytest.raises(ActionRefused) as over:
        put(lamp_case, operator, "district")
    assert over.value.code == "already_signed"


def test_a_report_that_is_addressed_to_a_secretary_comes_there_by_itself(db: None) -> None:
    to_street = file_report(attributes={"secretary": "street"})
    to_district = file_report(attributes={"secretary": "区委书记"}, text="河里有油", category="0501")
    nowhere = file_report(attributes={"secretary": "street"}, place=NOWHERE, address="", category=None)
    plain = file_report(text="井盖松动", category="0101")
    offices = {
        letter.report.links.get().incident.pk: letter.office_id for letter in SecretaryLetter.objects.all()
    }
    assert offices == {to_street.pk: "longgang", to_district.pk: "district", nowhere.pk: "district"}
    assert plain.pk not in offices
    assert sorted(receivers("marked")) == ["head:longgang", "leaders", "leaders"]
    assert to_street.timeline.filter(kind="letter_marked").count() == 1


def test_a_letter_moves_to_the_other_secretary_and_keeps_its_time(
    lamp_case: Incident, operator: Person, secretary: Person, leader: Person
) -> None:
    letter = put(lamp_case, operator)
    with pytest.raises(ActionRefused) as there:
        put(lamp_case, operator)
    assert there.value.code == "already_there"
    moved = put(lamp_case, operator, "district")
    assert (moved.pk, moved.office_id, moved.due_at) == (letter.pk, "district", letter.due_at)
    common = {"number": lamp_case.number, "text": "已转办", "at": TUESDAY + 2 * HOUR}
    with pytest.raises(ActionRefused) as not_theirs:
        actions.sign_reply(**common, actor=secretary.actor)
    assert not_theirs.value.code == "not_allowed"
    assert actions.sign_reply(**common, actor=leader.actor).signed_by == leader.user


def test_a_neighbours_letter_is_a_letter_of_its_own(
    lamp_case: Incident, operator: Person, secretary: Person
) -> None:
    neighbour = file_report(at=TUESDAY + HOUR / 2)
    assert neighbour.pk == lamp_case.pk
    first, second = (link.report for link in lamp_case.links.order_by("pk"))
    put(lamp_case, operator, report=first.pk)
    common = {"number": lamp_case.number, "at": TUESDAY + 2 * HOUR, "actor": secretary.actor}
    put(lamp_case, operator, report=second.pk)
    with pytest.raises(InvalidInput) as which:
        actions.sign_reply(**common, text="答复")
    assert (which.value.field, which.value.code) == ("report", "required")
    actions.sign_reply(**common, text="答复第二位", report=second.pk)
    of_first = status(first.tracking_code, at=TUESDAY + 2 * HOUR)
    assert of_first.letter is not None
    assert of_first.letter.reply == ""
    assert "reply_signed" not in [step.kind for step in of_first.steps]
    with pytest.raises(InvalidInput) as strange:
        put(lamp_case, operator, report=second.pk + 1000)
    assert strange.value.code == "unknown"


def test_a_letter_follows_its_report_into_another_case(
    lamp_case: Incident, dispatcher: Person, secretary: Person
) -> None:
    lon, lat = LAMP_POINT
    other = file_report(place=locate(lon=lon + 0.002, lat=lat), address="别处", text="路灯不亮,很黑")
    assert other.pk != lamp_case.pk
    put(other, dispatcher)
    actions.merge(number=other.number, into=lamp_case.number, actor=dispatcher.actor, at=TUESDAY + HOUR)
    signed = actions.sign_reply(
        number=lamp_case.number, text="一并处理", actor=secretary.actor, at=TUESDAY + 2 * HOUR
    )
    assert letters.cases_of([signed])[signed.report_id].pk == lamp_case.pk


def test_nobody_is_forgotten_and_nobody_is_told_twice(
    lamp_case: Incident, operator: Person, secretary: Person
) -> None:
    letter = put(lamp_case, operator)
    assert remind(at=TUESDAY + 2 * HOUR) == 0
    assert remind(at=letter.due_at - HOUR) == 1
    assert remind(at=letter.due_at - HOUR / 2) == 0
    assert remind(at=letter.due_at) == 1
    assert remind(at=letter.due_at + HOUR) == 0
    assert (receivers("due"), receivers("overdue")) == (["head:longgang"], ["head:longgang"])
    other = file_report(text="树枝挡灯", attributes={"secretary": "district"}, address="远处")
    actions.sign_reply(number=lamp_case.number, text="答复", actor=secretary.actor, at=letter.due_at + HOUR)
    assert remind(at=TUESDAY + timedelta(days=60)) == 1  # the other one, and not the answered
    assert reload(other).status != "closed"


def test_who_reads_letters(
    lamp_case: Incident,
    operator: Person,
    secretary: Person,
    aide: Person,
    supervisor: Person,
    street_supervisor: Person,
    handler: Person,
) -> None:
    put(lamp_case, operator)

    def reads(who: Person) -> bool:
        return SecretaryLetter.objects.filter(letters.visible(who.user)).exists()

    assert [reads(who) for who in (secretary, aide, supervisor)] == [True, True, True]
    assert [reads(who) for who in (street_supervisor, handler, operator)] == [False, False, False]


def test_who_works_for_one_secretary_and_is_another_signs_as_the_other_alone(
    lamp_case: Incident, operator: Person, secretary: Person, leader: Person, browse: As
) -> None:
    """Leads the street, supervises for the district; a letter to each waits on the same case."""
    Membership.objects.create(user=secretary.user, unit_id="operations-centre", role=Role.SUPERVISOR)
    file_report(at=TUESDAY + HOUR / 2)
    first, second = (link.report for link in lamp_case.links.order_by("pk"))
    to_street = put(lamp_case, operator, report=first.pk)
    to_district = put(lamp_case, operator, "district", report=second.pk)
    common = {"number": lamp_case.number, "at": TUESDAY + 2 * HOUR}
    with pytest.raises(ActionRefused) as not_theirs:
        actions.sign_reply(**common, text="代签", report=second.pk, actor=secretary.actor)
    assert not_theirs.value.code == "no_letter"
    browser = browse(secretary)
    may = {
        letter.pk: browser.get(reverse("letter", args=[letter.pk])).context["may_sign"]
        for letter in (to_street, to_district)
    }
    assert may == {to_street.pk: True, to_district.pk: False}

    # Their draft for the district's secretary is kept, and its words are on no unit's timeline.
    drafted = actions.draft_reply(**common, text="区里的草稿", report=second.pk, actor=secretary.actor)
    assert drafted.drafted_by == secretary.user
    lines = timeline_words.read(lamp_case.timeline.filter(kind="reply_drafted"))
    assert [line.note for line in lines] == [""]
    assert actions.sign_reply(**common, text="答复", actor=secretary.actor).pk == to_street.pk
    signed = actions.sign_reply(**common, text="区里答复", actor=leader.actor)
    assert (signed.pk, signed.signed_by) == (to_district.pk, leader.user)


def test_a_letter_that_moves_brings_no_draft_and_its_new_secretary_is_warned(
    lamp_case: Incident, operator: Person, aide: Person
) -> None:
    letter = put(lamp_case, operator)
    actions.draft_reply(number=lamp_case.number, text="街道的草稿", actor=aide.actor, at=TUESDAY + HOUR)
    assert remind(at=letter.due_at - HOUR) == 1
    moved = actions.to_secretary(
        number=lamp_case.number, secretary="district", actor=operator.actor, at=letter.due_at - HOUR
    )
    assert (moved.draft, moved.drafted_by, moved.drafted_at) == (None, None, None)
    assert remind(at=letter.due_at - HOUR / 2) == 1
    assert receivers("due") == ["head:longgang", "leaders"]


def test_a_letter_without_a_case_stops_no_reminder(lamp_case: Incident, operator: Person) -> None:
    other = file_report(text="树枝挡灯", address="远处", joins="")
    lost, letter = put(lamp_case, operator), put(other, operator)
    lamp_case.links.update(unlinked_at=TUESDAY + HOUR)
    assert remind(at=letter.due_at) == 2
    assert list(OutboxMessage.objects.filter(kind="letter.overdue").values_list("incident", flat=True)) == [
        other.pk
    ]
    assert remind(at=letter.due_at) == 0
    assert lost.due_at == letter.due_at
