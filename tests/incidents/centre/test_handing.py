"""Handovers: what goes along, who takes over, and what a note keeps saying."""

from datetime import timedelta

import pytest
from django.db.models import Q

from accounts.roles import Role
from incidents import actions
from incidents.centre import handing
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Handover, HandoverCase, Incident
from tests.cast import TUESDAY, Person, file_report, person
from tests.incidents.centre.people import PINGHU, centre

Why = HandoverCase.Why
EVENING = TUESDAY + timedelta(hours=8)


def test_what_burns_and_what_waits_for_an_answer_goes_along_by_itself(
    desk_case: Incident, lamp_case: Incident, handler: Person, supervisor: Person
) -> None:
    emergency = file_report(urgency="emergency", external_id="em", address="别处", category="2001",
                            text="路面塌了一个大坑")  # fmt: skip
    calm = file_report(external_id="calm", joins="")
    ordered = file_report(external_id="ordered", category="0601", text="工地夜里打桩")
    at = TUESDAY + timedelta(minutes=3)
    actions.request_return(number=lamp_case.number, reason="不归我们", cites="x", actor=handler.actor, at=at)
    actions.supervise(
        number=ordered.number,
        words="今晚必须停工",
        answer_by=TUESDAY + timedelta(hours=10),
        actor=supervisor.actor,
        at=at,
    )
    found = {one.incident.pk: one.why for one in handing.left_open(centre(), desk_case.due_at, seen=Q())}
    assert found[emergency.pk] == Why.EMERGENCY
    assert found[desk_case.pk] == Why.DESK_LATE
    assert found[lamp_case.pk] == Why.RETURN
    assert found[ordered.pk] == Why.ORDER
    assert calm.pk not in found


def test_a_note_keeps_what_was_so_when_it_was_written(
    desk_case: Incident, lamp_case: Incident, operator: Person
) -> None:
    note = handing.hand_over(
        centre=centre(),
        words="水务值班李工电话已记,八点前回话。",
        more=[lamp_case.number],
        actor=operator.actor,
        at=EVENING,
    )
    assert (note.open_count, note.desk_count) == (2, 1)
    actions.answer(
        number=file_report(nature="enquiry", category=None, text="请问?").number,
        text="答",
        actor=operator.actor,
        at=EVENING,
    )
    kept = {row.incident_id: (row.why, row.status) for row in note.cases.all()}
    assert kept[lamp_case.pk] == (Why.PICKED, "dispatched")
    assert kept[desk_case.pk] == (Why.DESK_LATE, "triage")
    assert Handover.objects.get().open_count == 2


def test_the_writer_says_which_cases_do_not_go_along(desk_case: Incident, operator: Person) -> None:
    note = handing.hand_over(centre=centre(), words="平静", keep=[], actor=operator.actor, at=EVENING)
    assert not note.cases.exists()


def test_the_next_shift_takes_over_once_and_others_have_read(
    operator: Person, dispatcher: Person, supervisor: Person
) -> None:
    note = handing.hand_over(centre=centre(), words="平静", actor=operator.actor, at=EVENING)
    assert handing.waiting_for(dispatcher.user, ["operations-centre"]).get() == note
    assert not handing.waiting_for(operator.user, ["operations-centre"]).exists()

    def take(who: Person) -> Handover:
        return handing.take_over(handover=note.pk, centre=centre(), actor=who.actor, at=EVENING)

    with pytest.raises(ActionRefused) as refused:
        take(operator)
    assert refused.value.code == "own_note"
    assert take(dispatcher).taken_by == dispatcher.user
    assert take(supervisor).taken_by == dispatcher.user
    assert take(dispatcher).taken_by == dispatcher.user  # pressed twice
    assert [one.user for one in note.readings.order_by("pk")] == [dispatcher.user, supervisor.user]
    assert not handing.waiting_for(supervisor.user, ["operations-centre"]).exists()


def test_each_centre_hands_over_its_own_part(
    lamp_case: Incident, operator: Person, street_supervisor: Person, leader: Person
) -> None:
    for stranger in (operator, leader):
        with pytest.raises(ActionRefused) as refused:
            handing.hand_over(centre=centre(PINGHU), words="x", actor=stranger.actor, at=EVENING)
        assert refused.value.code == "not_allowed"
    with pytest.raises(InvalidInput) as wrong:  # the lamp stands in another street
        handing.hand_over(
            centre=centre(PINGHU),
            words="平静",
            more=[lamp_case.number],
            actor=street_supervisor.actor,
            at=EVENING,
        )
    assert (wrong.value.field, wrong.value.code) == ("more", "unknown")
    note = handing.hand_over(centre=centre(PINGHU), words="平静", actor=street_supervisor.actor, at=EVENING)
    assert note.open_count == 0
    with pytest.raises(ActionRefused) as elsewhere:
        handing.take_over(handover=note.pk, centre=centre(), actor=operator.actor, at=EVENING)
    assert elsewhere.value.code == "not_found"


def test_a_community_station_hands_over_too(lamp_case: Incident) -> None:
    community = centre(lamp_case.community_code)
    writer = person("station", Role.HANDLER, community.unit.code)
    other = person("station-2", Role.HANDLER, community.unit.code)
    note = handing.hand_over(centre=community, words="路灯一件", actor=writer.actor, at=EVENING)
    assert note.open_count == 1
    handing.take_over(handover=note.pk, centre=community, actor=other.actor, at=EVENING)
    assert Handover.objects.get().taken_by == other.user


def test_without_words_nothing_is_handed_over(operator: Person) -> None:
    with pytest.raises(InvalidInput) as wrong:
        handing.hand_over(centre=centre(), words="  ", actor=operator.actor, at=EVENING)
    assert (wrong.value.field, wrong.value.code) == ("words", "required")
    assert not Handover.objects.exists()
