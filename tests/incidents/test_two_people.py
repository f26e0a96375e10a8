"""Two people do one thing at once: one of them did it, the other is told so, and nothing counts twice."""

from collections import Counter
from datetime import timedelta

import pytest

from accounts.roles import Role
from incidents import actions
from incidents.centre import shares
from incidents.errors import ActionRefused
from incidents.feedback import Answers
from incidents.models import (
    Callback,
    Feedback,
    Incident,
    OutboxMessage,
    PhoneCall,
    SecretaryLetter,
    TimelineEntry,
)
from incidents.timeline import Kind
from tests.cast import NOWHERE, TUESDAY, Person, file_report, person
from tests.incidents.centre.people import on_shift, share
from tests.incidents.test_adjudication_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)
CALLED = TUESDAY + 5 * HOUR  # three in the afternoon
FINE = Answers(contacted=True, solved=True, speed=5, result=4, service=5)
POOR = Answers(contacted=True, solved=False, speed=1, result=1, service=2)


@pytest.fixture
def closed_case(resolved_case: Incident, operator: Person) -> Incident:
    return actions.close(
        number=resolved_case.number, reason="材料齐全", actor=operator.actor, at=TUESDAY + 3 * HOUR
    )


def called(case: Incident, caller: Person, answers: Answers | None) -> PhoneCall:
    return actions.call_back(
        number=case.number,
        report_id=case.links.get().report_id,
        reached=answers is not None,
        outcome="answered" if answers else "no_answer",
        answers=answers,
        actor=caller.actor,
        at=CALLED,
    )


def test_two_secretaries_sign_one_letter_once(lamp_case: Incident, operator: Person) -> None:
    first, second = (person(name, Role.LEADER, "longgang", name) for name in ("李书记", "陈副书记"))
    actions.to_secretary(number=lamp_case.number, secretary="street", actor=operator.actor, at=TUESDAY + HOUR)
    texts = {"李书记": "今晚修好。", "陈副书记": "明天修好。"}

    def sign(who: Person) -> SecretaryLetter:
        words = texts[who.user.username]
        return actions.sign_reply(number=lamp_case.number, text=words, actor=who.actor, at=TUESDAY + 2 * HOUR)

    assert at_once(lambda: sign(first), lambda: sign(second)) == ["already_signed"]
    letter = SecretaryLetter.objects.get()
    assert letter.signed_by is not None
    assert letter.reply is not None
    assert letter.reply.body == texts[letter.signed_by.username]
    assert lamp_case.timeline.filter(kind=Kind.REPLY_SIGNED).count() == 1
    assert OutboxMessage.objects.filter(kind="letter.signed").count() == 1


def test_two_answers_to_one_call_are_one_rating(
    closed_case: Incident, operator: Person, dispatcher: Person
) -> None:
    said = at_once(lambda: called(closed_case, operator, FINE), lambda: called(closed_case, dispatcher, POOR))
    assert said == ["nobody_to_call"]
    call, given = PhoneCall.objects.get(purpose="callback"), Feedback.objects.get()
    assert given.asked_by == call.by
    assert given.solved == (call.by == operator.user)
    assert Callback.objects.get().end == Callback.End.ANSWERED


def test_two_who_rang_in_vain_at_once_tried_once(
    closed_case: Incident, operator: Person, dispatcher: Person
) -> None:
    assert (
        at_once(lambda: called(closed_case, operator, None), lambda: called(closed_case, dispatcher, None))
        == []
    )
    assert PhoneCall.objects.filter(purpose="callback").count() == 2
    row = Callback.objects.get()
    assert (row.attempts, row.ended_at) == (1, None)


def test_one_call_is_in_one_persons_hands(
    closed_case: Incident, operator: Person, dispatcher: Person
) -> None:
    taken: list[object] = []
    said = at_once(
        *(
            lambda who=who: taken.append(actions.take_callback(actor=who.actor, at=CALLED))
            for who in (operator, dispatcher)
        )
    )
    assert (said, Counter(row is None for row in taken)) == ([], {True: 1, False: 1})
    holder = Callback.objects.get().held_by
    other = dispatcher if holder == operator.user else operator
    assert at_once(lambda: called(closed_case, other, FINE)) == ["held"]


def test_two_on_shift_empty_a_shared_queue_and_decide_no_case_twice(
    operator: Person, dispatcher: Person
) -> None:
    for who in (operator, dispatcher):
        on_shift(who)
        share(who)
    cases = [
        file_report(place=NOWHERE, address="", category=None, text=f"第{n}件说不清的事", external_id=f"q{n}")
        for n in range(12)
    ]
    there = shares.shares_of("operations-centre", TUESDAY)
    refusals: list[str] = []
    decided: list[tuple[int, int]] = []

    def work(who: Person) -> None:
        """As the desk leads: the next one that is in nobody's hands, until none is left."""
        desk = Incident.objects.at_desk().burning_first().filter(claimed_by=None)
        while case := shares.next_for(who.user, desk, at=TUESDAY):
            try:
                actions.claim(number=case.number, actor=who.actor, at=TUESDAY)
                actions.reject(number=case.number, reason="内容无法辨认", actor=who.actor, at=TUESDAY)
            except ActionRefused as refused:
                refusals.append(refused.code)
            else:
                decided.append((case.pk, who.user.pk))

    assert at_once(lambda: work(operator), lambda: work(dispatcher)) == []
    assert set(refusals) <= {"claimed", "wrong_state"}
    assert sorted(pk for pk, _who in decided) == sorted(case.pk for case in cases)
    rejections = TimelineEntry.objects.filter(kind=Kind.REJECTED)
    assert Counter(rejections.values_list("incident", "actor")) == Counter(decided)
    # Each began with their own.
    owner = {case.pk: shares.owner_of(case.pk, there) for case in cases}
    for who in (operator, dispatcher):
        mine = [pk for pk, by in decided if by == who.user.pk]
        own = sum(owner[pk] == who.user.pk for pk in mine)
        assert all(owner[pk] == who.user.pk for pk in mine[:own])
