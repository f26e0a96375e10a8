"""Cases are found by their words within a sweep, by their number at once, and by a caller if one may."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.models import Membership, User
from accounts.roles import Role
from incidents import actions, policy
from incidents.actor import SYSTEM
from incidents.intake import UpdateDraft, apply_update
from incidents.models import Incident, SearchRow, Verification
from incidents.searching import callers, finding, rows
from incidents.searching.finding import find
from incidents.searching.grams import filed_under, grams
from tests.cast import NOWHERE, TUESDAY, Person, draft, file_report, person, reload

pytestmark = pytest.mark.django_db

LATER = TUESDAY + timedelta(hours=3)


def fill_all() -> None:
    while rows.fill(limit=2):
        pass


def found(typed: str) -> set[str]:
    both = find(typed, Incident.objects.all())
    page = {case.number for case in both.page.order_by("-received_at", "-pk")}
    assert page == {case.number for case in both.any}
    return page


def test_a_case_is_found_by_what_was_said_where_later_and_by_what_was_done(
    lamp_case: Incident, desk_case: Incident, handler: Person
) -> None:
    assert found("路灯") == set()  # the sweep has not run
    fill_all()
    assert found("路灯") == {lamp_case.number}
    assert found("公交站 路灯") == {lamp_case.number}
    assert found("公交站 吵架") == set()
    assert found("往北约") == {lamp_case.number}  # its address

    report = lamp_case.links.get().report
    apply_update(
        report=report,
        draft=UpdateDraft(external_id="u1", kind="supplement", text="旁边井盖也松了"),
        actor=SYSTEM,
        at=TUESDAY + timedelta(minutes=1),
    )
    actions.accept(number=lamp_case.number, actor=handler.actor, at=TUESDAY + timedelta(minutes=15))
    actions.resolve(
        number=lamp_case.number,
        outcome="solved",
        text="已更换灯头",
        attested=True,
        actor=handler.actor,
        at=LATER,
    )
    fill_all()
    assert found("井盖") == found("更换灯头") == {lamp_case.number}


def test_a_number_is_found_whole_by_its_beginning_and_by_its_last_digits(
    lamp_case: Incident, desk_case: Incident
) -> None:
    day, last = lamp_case.number.split("-")
    assert found(lamp_case.number) == found(f"{day}{last}") == {lamp_case.number}
    assert found(day) == found(day[:6]) == found(day[:4]) == {lamp_case.number, desk_case.number}
    fill_all()
    assert found(last) == found(str(int(last))) == found(f"-{int(last)}") == {lamp_case.number}


def test_what_is_merged_is_found_as_the_case_that_answers_it(
    lamp_case: Incident, desk_case: Incident, dispatcher: Person
) -> None:
    fill_all()
    actions.merge(number=desk_case.number, into=lamp_case.number, actor=dispatcher.actor, at=LATER)
    fill_all()
    assert found("吵架") == {lamp_case.number}
    assert found(desk_case.number) == {desk_case.number}
    actions.unmerge(number=desk_case.number, actor=dispatcher.actor, at=LATER)
    fill_all()
    assert found("吵架") == {desk_case.number}


def test_an_erased_text_finds_nothing(lamp_case: Incident) -> None:
    fill_all()
    text = lamp_case.text
    text.body, text.erased_at = "", LATER
    text.save()
    fill_all()
    assert found("路灯") == set()


def test_nobodys_number_is_in_a_row(lamp_case: Incident) -> None:
    case = file_report(
        text="井盖松动,请打13987654321或0755-28901234找李先生", place=NOWHERE, address="龙岗大道"
    )
    fill_all()
    row = SearchRow.objects.get(incident=case)
    known = grams("井盖松动,请打", "或", "找李先生", "龙岗大道") | {finding.read(case.number[-6:]).serial}
    assert set(row.grams) == known | {filed_under(case.owner_unit_id)}
    assert found("13987654321") == found("4321") == found("0755 2890") == set()
    assert found("李先生") == {case.number}


def test_what_many_say_is_found_as_what_few_say(
    lamp_case: Incident, desk_case: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_all()
    typed = ["路灯", "路灯坏了 晚上", str(int(lamp_case.number[-6:])), "没有这个"]
    few = [found(one) for one in typed]
    monkeypatch.setattr(finding, "FEW", 0)
    assert [found(one) for one in typed] == few
    assert few[0] == {lamp_case.number}


def theirs(user: User, typed: str = "路灯") -> set[str]:
    """What this person finds, and that they find it by what they may see alone too."""
    among, under = policy.cases_of(user), policy.filed_under(user)
    narrowed = {case.number for case in find(typed, among, under=under).any}
    assert narrowed == {case.number for case in find(typed, among).any}
    return narrowed


def test_a_unit_finds_what_it_has_what_it_had_and_what_it_was_asked_to_help_with(
    lamp_case: Incident, dispatcher: Person, handler: Person, other_handler: Person
) -> None:
    helper = person("helper", Role.HANDLER, "drainage-company")
    fill_all()
    assert theirs(handler.user) == theirs(dispatcher.user) == {lamp_case.number}
    assert theirs(other_handler.user) == theirs(helper.user) == set()

    actions.redispatch(
        number=lamp_case.number,
        item_code="0502-001",
        unit_code="water-group",
        reason="是水表井里的灯",
        actor=dispatcher.actor,
        at=TUESDAY + timedelta(minutes=5),
    )
    actions.invite_support(
        number=lamp_case.number,
        units=["drainage-company"],
        actor=dispatcher.actor,
        at=TUESDAY + timedelta(minutes=6),
    )
    fill_all()
    assert theirs(handler.user) == theirs(other_handler.user) == theirs(helper.user) == {lamp_case.number}


def test_a_checker_finds_what_they_check(resolved_case: Incident) -> None:
    check = Verification.objects.select_related("unit").get(incident=resolved_case)
    fill_all()
    assert theirs(person("checker", Role.HANDLER, check.unit.code).user) == {resolved_case.number}


def test_a_street_finds_what_lies_in_it(lamp_case: Incident, street_supervisor: Person) -> None:
    fill_all()
    assert theirs(street_supervisor.user) == set()
    street = street_supervisor.user.memberships.get().unit.area_code
    Incident.objects.filter(pk=lamp_case.pk).update(street_code=street)
    fill_all()
    assert theirs(street_supervisor.user) == {lamp_case.number}


def test_who_sees_more_than_units_and_streets_tell_is_not_narrowed(supervisor: Person, db: None) -> None:
    assert policy.filed_under(supervisor.user) is None
    assert policy.filed_under(person("patrol", Role.PATROL, "pinghu/grid-station").user) is None
    assert policy.filed_under(AnonymousUser()) == []


# --- who called -----------------------------------------------------------------------------------


def test_a_number_is_looked_up_by_whoever_is_shown_it(
    lamp_case: Incident, operator: Person, handler: Person, other_handler: Person, leader: Person
) -> None:
    other = file_report(
        reporter=draft().reporter.__class__(name="李", phone="13900000000"), text="树倒了", place=NOWHERE
    )

    def called(person: Person, typed: str = "138-1234-2207") -> set[str]:
        index = callers.index_of(callers.phone_in(typed))
        cases = Incident.objects.filter(policy.visible(person.user))
        return {case.number for case in callers.called(index, person.user, cases)}

    assert called(operator) == {lamp_case.number}
    assert called(operator, "+86 139 0000 0000") == {other.number}
    assert called(handler) == {lamp_case.number}
    assert called(other_handler) == set()
    assert called(leader) == set()
    assert callers.may_look_up(handler.user)
    assert not callers.may_look_up(leader.user)


@pytest.mark.parametrize("hidden", [{"nature": "tip_off"}, {"attributes": {"confidential": True}}])
def test_who_spoke_in_confidence_is_not_found_by_the_handler(
    handler: Person, operator: Person, hidden: dict[str, Any]
) -> None:
    tip = file_report(**hidden)
    untold = file_report(category=None, text="这里有人在吵架", place=NOWHERE)
    assert tip.owner_unit_id == handler.unit
    Incident.objects.filter(pk=untold.pk).update(owner_unit=handler.unit)
    index = callers.index_of("13812342207")

    def called(person: Person) -> set[str]:
        return {case.number for case in callers.called(index, person.user, Incident.objects.all())}

    assert called(handler) == {untold.number}
    assert called(operator) == {tip.number, untold.number}
    # A tip-off that joined a plain case protects that one too.
    tip.links.update(unlinked_at=LATER)
    tip.links.model.objects.create(incident=untold, report=tip.links.first().report, linked_at=LATER)
    assert called(handler) == set()


@pytest.mark.parametrize("typed", ["20260707-000123", "123", "2026", "12345", "路灯", "", "138123422071"])
def test_what_is_no_telephone_is_not_taken_for_one(typed: str) -> None:
    assert callers.phone_in(typed) == ""


def test_who_sees_as_policy_has_it(lamp_case: Incident, desk_case: Incident, supervisor: Person) -> None:
    """The condition in SQL and policy.can agree for every kind of role."""
    tip = file_report(nature="tip_off")
    index = callers.index_of("13812342207")
    for role, unit in [
        (Role.OPERATOR, "operations-centre"),
        (Role.DISPATCHER, "pinghu/operations"),
        (Role.SUPERVISOR, "longgang/operations"),
        (Role.HANDLER, "lighting-company"),
        (Role.HANDLER, "district"),
        (Role.STEWARD, "operations-centre"),
    ]:
        Membership.objects.filter(user=supervisor.user).update(role=role, unit=unit)
        user = supervisor.user.__class__.objects.get(pk=supervisor.user.pk)
        got = set(callers.called(index, user, Incident.objects.all()))
        assert got == {
            case
            for case in (reload(lamp_case), reload(desk_case), reload(tip))
            if policy.can(user, policy.Action.UNMASK, case)
        }, (role, unit)
