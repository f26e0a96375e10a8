"""From taking a dispute on to asking whether it is kept: what the file of a mediation lets nobody skip."""

from datetime import date, timedelta

import pytest

from accounts.roles import Role
from incidents import actions
from incidents.errors import ActionRefused, InvalidInput, StaleFacts
from incidents.mediating import Mediated
from incidents.mediation import files
from incidents.mediation.loop import steps_of
from incidents.mediation.writing import Party
from incidents.models import Contact, Incident, Mediation, MediationFile, TimelineEntry
from incidents.models.incident import ResolutionOutcome
from incidents.timeline_words import read
from tests.cast import TUESDAY, Person, person, reload
from tests.incidents.mediation.conftest import (
    AN_HOUR,
    APPLICANT,
    RESPONDENT,
    SAID,
    Hands,
    new_dispute,
    resolve,
)

pytestmark = pytest.mark.django_db


def words_of(case: Incident) -> list[str]:
    return [line.words for line in read(case.timeline.select_related("actor", "actor_unit", "client"))]


def test_from_taking_on_to_asking_after(dispute: Incident, hands: Hands) -> None:
    file = hands.settle(dispute)
    assert (file.state, file.unit_id, file.mediator) == ("settled", dispute.owner_unit_id, hands.who.user)
    assert file.follow_up_on == date(2026, 8, 6)  # a month from Tuesday
    actions.follow_up_mediation(file=file.pk, how="visit", result="kept", actor=hands.who.actor, at=hands.at)
    kinds = list(dispute.timeline.order_by("pk").values_list("kind", flat=True))
    assert kinds[-7:] == [
        "mediation_opened",
        "mediation_session",
        "mediation_agreement",
        "mediation_confirmed",
        "mediation_confirmed",
        "mediation_ended",
        "mediation_followed_up",
    ]


def test_nothing_personal_stands_in_the_open(dispute: Incident, hands: Hands) -> None:
    """Neither on the timeline nor in any column that is not sealed."""
    file = hands.settle(dispute)
    secrets = (APPLICANT.name, RESPONDENT.name, APPLICANT.phone, "天花板,电话", "八百元")
    told = str(list(TimelineEntry.objects.filter(incident=dispute).values()))
    told += str(list(MediationFile.objects.values())) + str(list(file.sessions.values()))
    told += str(list(file.agreements.values())) + str(list(Contact.objects.values()))
    told += " ".join(words_of(dispute))
    for secret in secrets:
        assert secret not in told
    assert file.sessions.get().words == SAID
    assert file.parties.get(side="applicant").contact.address == APPLICANT.address


@pytest.mark.parametrize(
    ("told", "field", "code"),
    [
        ({"kind": "magic"}, "kind", "unknown"),
        ({"mediator": "nobody"}, "mediator", "unknown"),
        ({"parties": ()}, "parties", "required"),
        ({"parties": (Party("applicant", " "),)}, "name", "required"),
        ({"parties": (Party("judge", "赵"),)}, "side", "unknown"),
        ({"parties": (Party("applicant", "赵", "12"),)}, "phone", "phone"),
        ({"parties": (Party("applicant", "赵" * 41),)}, "name", "max_length"),
        ({"parties": (APPLICANT,) * 21}, "parties", "too_many"),
    ],
)
def test_bad_input_names_the_field(
    dispute: Incident, mediator: Person, told: dict[str, object], field: str, code: str
) -> None:
    given: dict[str, object] = {"kind": "peoples", "parties": (APPLICANT,), **told}
    with pytest.raises(InvalidInput) as refused:
        actions.open_mediation(number=dispute.number, actor=mediator.actor, at=TUESDAY, **given)  # type: ignore[arg-type]
    assert (refused.value.field, refused.value.code) == (field, code)
    assert not MediationFile.objects.exists()


def test_one_mediation_at_a_time(dispute: Incident, hands: Hands) -> None:
    hands.open(dispute)
    with pytest.raises(ActionRefused) as refused:
        hands.open(dispute)
    assert refused.value.code == "already_open"


def test_only_a_dispute_in_the_units_hands_is_mediated(
    accepted_case: Incident, handler: Person, sent: Incident, mediator: Person, other_handler: Person
) -> None:
    with pytest.raises(ActionRefused) as refused:
        Hands(handler).open(accepted_case)
    assert refused.value.code == "not_allowed"
    with pytest.raises(ActionRefused) as refused:
        Hands(other_handler).open(sent)
    assert refused.value.code == "not_allowed"


class TestSettling:
    def test_needs_an_agreement(self, dispute: Incident, hands: Hands) -> None:
        file = hands.open(dispute)
        with pytest.raises(ActionRefused) as refused:
            hands.end(file)
        assert refused.value.code == "no_agreement"

    def test_needs_everybody(self, dispute: Incident, hands: Hands) -> None:
        file = hands.open(dispute)
        hands.agree(file)
        hands.confirm(file, file.parties.first())
        with pytest.raises(ActionRefused) as refused:
            hands.end(file)
        assert refused.value.code == "unconfirmed"

    def test_another_edition_is_confirmed_anew(self, dispute: Incident, hands: Hands) -> None:
        file = hands.open(dispute)
        hands.agree(file)
        hands.confirm(file)
        hands.agree(file, "钱小芳赔偿一千元")
        assert len(files.unconfirmed(MediationFile.objects.get(pk=file.pk))) == 2
        with pytest.raises(ActionRefused):
            hands.end(file)
        hands.confirm(file)
        assert hands.end(file).state == "settled"

    def test_who_joins_late_confirms_too(self, dispute: Incident, hands: Hands) -> None:
        file = hands.open(dispute)
        hands.agree(file)
        hands.confirm(file)
        third = Party("third", "物业李经理")
        actions.add_party(file=file.pk, party=third, actor=hands.who.actor, at=hands.at)
        with pytest.raises(ActionRefused) as refused:
            hands.end(file)
        assert refused.value.code == "unconfirmed"

    def test_not_with_a_party_that_left(self, dispute: Incident, hands: Hands) -> None:
        file = hands.open(dispute)
        hands.agree(file)
        hands.confirm(file)
        hands.leave(file, file.parties.get(side="respondent"), "不谈了")
        with pytest.raises(ActionRefused) as refused:
            hands.end(file)
        assert refused.value.code == "too_few_parties"
        with pytest.raises(ActionRefused) as again:
            hands.leave(file, file.parties.get(side="respondent"))
        assert again.value.code == "already_left"
        ended = hands.end(file, "withdrawn", text="被申请人退出", next_step="court")
        assert (ended.state, ended.next_step, ended.ended_words) == ("withdrawn", "court", "被申请人退出")

    def test_the_day_of_asking_after_follows_the_terms(self, dispute: Incident, hands: Hands) -> None:
        file = hands.open(dispute)
        hands.agree(file, perform_by=date(2026, 8, 1))
        hands.confirm(file)
        assert hands.end(file).follow_up_on == date(2026, 8, 2)
        with pytest.raises(ActionRefused) as refused:
            hands.agree(file)
        assert refused.value.code == "ended"


def test_where_nothing_was_settled_it_says_what_comes_next(dispute: Incident, hands: Hands) -> None:
    file = hands.open(dispute)
    hands.meet(file, "broken_off")
    for told, field in (({}, "next_step"), ({"next_step": "court"}, "text")):
        with pytest.raises(InvalidInput) as refused:
            hands.end(file, "failed", **told)
        assert refused.value.field == field
    hands.end(file, "failed", text="双方差距太大", next_step="administrative")
    # And another kind may follow.
    assert hands.open(dispute, kind="administrative").is_open


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"present": []}, "present"),
        ({"present": [0]}, "present"),
        ({"held_at": TUESDAY + timedelta(days=9)}, "held_at"),
        ({"held_at": TUESDAY - timedelta(days=9)}, "held_at"),
        ({"result": "magic"}, "result"),
        ({"text": " "}, "text"),
        ({"text": "字" * 2_001}, "text"),
        ({"others": -1}, "others"),
        ({"place": "室" * 201}, "place"),
    ],
)
def test_a_session_says_when_who_and_what(
    dispute: Incident, hands: Hands, told: dict[str, object], field: str
) -> None:
    file = hands.open(dispute)
    with pytest.raises(InvalidInput) as refused:
        hands.meet(file, **told)
    assert refused.value.field == field
    assert not file.sessions.exists()


def test_who_writes_over_somebody_elses_words_is_told(dispute: Incident, hands: Hands) -> None:
    file = hands.open(dispute)
    seen = file.version
    hands.meet(file)
    with pytest.raises(StaleFacts):
        hands.agree(file, seen_version=seen)
    assert not file.agreements.exists()


def test_who_left_did_not_come_afterwards(dispute: Incident, hands: Hands) -> None:
    file = hands.open(dispute)
    gone, stayed = file.parties.all()
    before, hands.at = hands.at, hands.at + AN_HOUR
    hands.leave(file, gone)
    hands.at += AN_HOUR
    with pytest.raises(InvalidInput) as refused:
        hands.meet(file)
    assert (refused.value.field, refused.value.code) == ("present", "already_left")
    hands.meet(file, present=[stayed.pk])
    # A session of before they left may still be written down.
    hands.meet(file, held_at=before)
    assert file.sessions.count() == 2


def test_editions_and_visits_have_an_end(
    dispute: Incident, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidents.actions.mediation.EDITIONS_MOST", 2)
    monkeypatch.setattr("incidents.actions.mediation.FOLLOW_UPS_MOST", 1)
    file = hands.open(dispute)
    for _edition in range(2):
        hands.agree(file)
    with pytest.raises(ActionRefused) as refused:
        hands.agree(file)
    assert refused.value.code == "too_many"
    hands.confirm(file)
    hands.end(file)
    common = {"file": file.pk, "how": "call", "result": "kept", "actor": hands.who.actor, "at": hands.at}
    actions.follow_up_mediation(**common)  # type: ignore[arg-type]
    with pytest.raises(ActionRefused) as refused:
        actions.follow_up_mediation(**common)  # type: ignore[arg-type]
    assert refused.value.code == "too_many"


def test_a_name_that_begins_another_one_unmasks_neither(dispute: Incident, hands: Hands) -> None:
    file = hands.open(dispute, Party("applicant", "王明"), Party("respondent", "王明华"))
    veil = files.Veil(list(file.parties.all()), lifted=False)
    said = veil.words("王明华说王明先动手")
    assert said == "王**说王**先动手"


class TestTheCaseMovesOn:
    def test_what_is_resolved_says_what_the_file_says(
        self, dispute: Incident, hands: Hands, mediator: Person
    ) -> None:
        file = hands.open(dispute)
        with pytest.raises(InvalidInput) as refused:
            resolve(dispute, mediator, Mediated("peoples", settled=True))
        assert (refused.value.field, refused.value.code) == ("mediation", "still_open")
        hands.end(file, "failed", text="谈不拢", next_step="court")
        for told, outcome, field in (
            (Mediated("peoples", settled=True), "solved", "settled"),
            (Mediated("judicial", settled=False), "legal_route", "mediation"),
        ):
            with pytest.raises(InvalidInput) as refused:
                resolve(dispute, mediator, told, outcome)
            assert (refused.value.field, refused.value.code) == (field, "differs")
        with pytest.raises(InvalidInput) as refused:
            resolve(dispute, mediator, None, "solved")
        assert (refused.value.field, refused.value.code) == ("mediation", "not_settled")
        # Nobody has to say again what the file says.
        done = resolve(dispute, mediator, None, "legal_route")
        assert done.outcome == ResolutionOutcome.LEGAL_ROUTE
        told = Mediation.objects.get(incident=done)
        assert (told.kind, told.settled) == ("peoples", False)

    def test_an_interim_answer_leaves_it_open(
        self, dispute: Incident, hands: Hands, mediator: Person
    ) -> None:
        file = hands.open(dispute)
        actions.resolve(
            number=dispute.number,
            outcome="parked",
            text="双方约定月底再谈",
            parked_until=date(2026, 7, 31),
            actor=mediator.actor,
            at=TUESDAY + 2 * AN_HOUR,
        )
        hands.at = TUESDAY + 3 * AN_HOUR
        assert hands.meet(file).position == 1

    def test_sent_elsewhere_it_breaks_off_and_the_next_unit_opens_its_own(
        self, dispute: Incident, hands: Hands, dispatcher: Person
    ) -> None:
        file = hands.open(dispute)
        actions.redispatch(
            number=dispute.number,
            item_code="1401-001",
            unit_code="justice",
            reason="换单位调解",
            actor=dispatcher.actor,
            at=hands.at,
        )
        assert MediationFile.objects.get(pk=file.pk).state == "overtaken"
        with pytest.raises(ActionRefused):
            hands.meet(file)
        line = dispute.timeline.filter(kind="mediation_ended").get()
        assert (line.actor, line.data["state"]) == (None, "overtaken")
        other = person("judge", Role.HANDLER, "justice")
        actions.accept(number=dispute.number, actor=other.actor, at=hands.at)
        assert Hands(other).open(dispute).unit_id == "justice"

    def test_merged_it_breaks_off(self, dispute: Incident, hands: Hands, dispatcher: Person) -> None:
        file = hands.open(dispute)
        into = new_dispute(joins="")
        actions.merge(number=dispute.number, into=into.number, actor=dispatcher.actor, at=hands.at)
        assert MediationFile.objects.get(pk=file.pk).state == "overtaken"
        # The case that answers for both shows what was begun.
        assert [one.pk for one in files.of_case(reload(into))] == [file.pk]

    def test_reopened_it_is_mediated_anew(
        self, dispute: Incident, hands: Hands, mediator: Person, supervisor: Person
    ) -> None:
        hands.settle(dispute)
        resolve(dispute, mediator, Mediated("peoples", settled=True))
        at = TUESDAY + 3 * AN_HOUR
        actions.close(number=dispute.number, reason="已核", actor=supervisor.actor, at=at)
        actions.reopen(number=dispute.number, reason="协议没履行", actor=supervisor.actor, at=at)
        hands.at = at + AN_HOUR
        again = hands.open(reload(dispute))
        assert again.handling_run == 2
        # The first one says nothing about the rework.
        with pytest.raises(InvalidInput) as refused:
            resolve(dispute, mediator, Mediated("peoples", settled=True))
        assert refused.value.code == "still_open"
        loop = steps_of(reload(dispute), files.of_case(reload(dispute)))
        assert [step.state for step in loop] == ["done", "done", "now", "", ""]


def test_the_five_steps_are_dated_in_turn(
    dispute: Incident, hands: Hands, mediator: Person, supervisor: Person
) -> None:
    def states() -> list[str]:
        case = reload(dispute)
        return [step.state for step in steps_of(case, files.of_case(case))]

    assert states() == ["done", "now", "", "", ""]  # it is still to be taken on
    file = hands.settle(dispute)
    assert states() == ["done", "done", "done", "done", "now"]  # both parties stand by it
    resolve(dispute, mediator, None)
    at = TUESDAY + 3 * AN_HOUR
    assert states() == ["done", "done", "done", "done", "now"]
    actions.follow_up_mediation(
        file=file.pk, how="call", result="kept", actor=mediator.actor, at=at + AN_HOUR
    )
    assert states() == ["done"] * 5
    dates = [step.at for step in steps_of(reload(dispute), files.of_case(reload(dispute)))]
    assert dates == sorted(one for one in dates if one is not None)


def test_without_a_file_the_steps_are_those_of_the_case(
    dispute: Incident, mediator: Person, supervisor: Person
) -> None:
    def states() -> list[str]:
        return [step.state for step in steps_of(reload(dispute), [])]

    resolve(dispute, mediator, Mediated("peoples", settled=True))
    assert states() == ["done", "done", "done", "now", ""]
    at = TUESDAY + 3 * AN_HOUR
    actions.close(number=dispute.number, reason="已核", actor=supervisor.actor, at=at)
    assert states() == ["done", "done", "done", "done", "now"]


def test_a_broken_agreement_says_what_was_broken(dispute: Incident, hands: Hands) -> None:
    file = hands.settle(dispute)
    common = {"file": file.pk, "how": "call", "actor": hands.who.actor, "at": hands.at}
    with pytest.raises(InvalidInput) as refused:
        actions.follow_up_mediation(result="broken", **common)
    assert refused.value.field == "text"
    actions.follow_up_mediation(result="broken", text="没有赔钱", **common)
    assert MediationFile.objects.get(pk=file.pk).follow_up_on == date(2026, 7, 14)


def due(on: date) -> list[int]:
    return [one.pk for one in files.to_follow_up(MediationFile.objects.all(), on=on)]


def test_what_is_not_kept_wholly_is_asked_after_again_until_it_is(dispute: Incident, hands: Hands) -> None:
    file = hands.settle(dispute)
    common = {"file": file.pk, "how": "call", "text": "还差四百", "actor": hands.who.actor, "at": hands.at}
    actions.follow_up_mediation(result="partly", next_on=date(2026, 7, 20), **common)
    assert (due(date(2026, 7, 19)), due(date(2026, 7, 20))) == ([], [file.pk])
    actions.follow_up_mediation(result="partly", **common)  # in a week, where nobody names a day
    assert (due(date(2026, 7, 13)), due(date(2026, 7, 14))) == ([], [file.pk])
    for given, code in (
        ({"result": "partly", "next_on": date(2026, 7, 7)}, "range"),
        ({"result": "kept", "next_on": date(2026, 8, 7)}, "not_here"),
    ):
        with pytest.raises(InvalidInput) as refused:
            actions.follow_up_mediation(**given, **common)
        assert (refused.value.field, refused.value.code) == ("next_on", code)
    actions.follow_up_mediation(result="kept", **common)
    assert due(date(2027, 1, 1)) == []
    assert MediationFile.objects.get(pk=file.pk).follow_up_on is None


def test_what_is_mediated_anew_is_not_asked_after_any_more(dispute: Incident, hands: Hands) -> None:
    file = hands.settle(dispute)
    common = {"file": file.pk, "how": "call", "text": "没赔", "actor": hands.who.actor, "at": hands.at}
    actions.follow_up_mediation(result="broken", **common)
    hands.open(reload(dispute))
    assert due(date(2027, 1, 1)) == []
    assert not files.is_to_be_asked_after(MediationFile.objects.get(pk=file.pk))
