"""Who is behind a receiver: people come and go, and somebody is always there."""

from datetime import timedelta

import pytest

from accounts.models import ApiClient, DutyShift, Membership, OrgUnit
from accounts.roles import Role
from incidents.models import Report, Webhook
from incidents.recipients import resolve
from tests.cast import LAMP_UNIT, TUESDAY, file_report, person
from tests.incidents.test_field import find

pytestmark = pytest.mark.django_db


def names(receiver, at=TUESDAY):
    return {user.username for user in resolve([receiver], at=at)[receiver].users}


def duty(somebody, unit, hours=8):
    return DutyShift.objects.create(
        unit_id=unit, user=somebody.user, starts_at=TUESDAY, ends_at=TUESDAY + timedelta(hours=hours)
    )


def test_a_unit_is_its_handlers(handler, other_handler):
    person("lamp-leader", Role.LEADER, LAMP_UNIT)
    assert names(f"unit:{LAMP_UNIT}") == {"handler"}


def test_an_emergency_calls_who_is_on_duty_and_everybody_reads_it(handler):
    second = person("second", Role.HANDLER, LAMP_UNIT)
    duty(second, LAMP_UNIT)
    unit = f"unit:{LAMP_UNIT}"
    now, later = (resolve([unit], at=at)[unit] for at in (TUESDAY, TUESDAY + timedelta(hours=8)))
    assert {user.username for user in now.users} == {"handler", "second"}
    assert now.on_duty == {second.user.pk}
    assert later.on_duty == frozenset()  # no roster says: everybody is called


def test_the_districts_duty_takes_no_units_work(handler, supervisor):
    duty(supervisor, "operations-centre")
    assert names(f"unit:{LAMP_UNIT}") == {"handler"}


def test_the_triage_desk_is_who_sits_there(operator, dispatcher, supervisor, leader, handler):
    assert names("unit:operations-centre") == {"operator", "dispatcher", "supervisor"}


def test_a_unit_without_handlers_is_the_one_above(db):
    person("office", Role.HANDLER, "pinghu")
    assert names("unit:pinghu/grid-station") == {"office"}


def test_a_check_falls_to_the_streets_patrols_and_the_stations_own_people(db):
    person("office", Role.HANDLER, "pinghu")
    assert names("check:pinghu/grid-station") == {"office"}
    person("keeper", Role.HANDLER, "pinghu/grid-station")
    person("patrol", Role.PATROL, "pinghu/grid-station")
    station = OrgUnit.objects.get(code="pinghu/grid-station")
    community = OrgUnit.objects.filter(
        kind=OrgUnit.Kind.COMMUNITY_STATION, area_code__startswith=station.area_code[:9]
    ).first()
    person("member", Role.PATROL, community.code)
    person("elsewhere", Role.PATROL, "longgang/grid-station")
    assert names("check:pinghu/grid-station") == {"keeper", "patrol", "member"}
    # Where no station checks, it is as for any unit.
    assert names(f"check:{LAMP_UNIT}") == names(f"unit:{LAMP_UNIT}")


def test_the_district_answers_for_no_unit(db):
    person("district-hand", Role.HANDLER, "district")
    assert names("unit:pinghu/grid-station") == set()


def test_who_has_left_is_told_nothing(handler):
    handler.user.is_active = False
    handler.user.save()
    assert names(f"unit:{LAMP_UNIT}") == set()


def test_a_closed_unit_tells_nobody(handler):
    OrgUnit.objects.filter(code=LAMP_UNIT).update(is_open=False)
    assert names(f"unit:{LAMP_UNIT}") == set()


def test_an_administrator_sees_no_case_and_is_told_of_none(db):
    person("keeper", Role.ADMIN, "operations-centre")
    assert names("unit:operations-centre") == set()


def test_a_head_is_the_nearest_leader_below_the_district(handler, leader):
    assert names("head:pinghu/grid-station") == set()
    secretary = person("secretary", Role.LEADER, "pinghu")
    assert names("head:pinghu/grid-station") == {"secretary"}
    Membership.objects.create(user=handler.user, unit_id="pinghu/grid-station", role=Role.LEADER)
    assert names("head:pinghu/grid-station") == {"handler"}
    assert names("head:pinghu") == {secretary.user.username}


def test_a_unit_without_a_head_is_not_told_twice(handler):
    assert names(f"unit:{LAMP_UNIT}") == {"handler"}
    assert names(f"head:{LAMP_UNIT}") == set()


def test_a_street_is_its_centre_and_without_one_the_supervisors(supervisor):
    area = OrgUnit.objects.get(code="pinghu/operations").area_code
    assert names(f"street:{area}") == {"supervisor"}
    for role in (Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR):
        person(f"street-{role}", role, "pinghu/operations")
    person("street-leader", Role.LEADER, "pinghu/operations")
    assert names(f"street:{area}") == {"street-operator", "street-dispatcher", "street-supervisor"}
    assert names("street:") == {"supervisor"}  # nobody knows where


def test_supervisors_and_leaders_are_the_districts(supervisor, street_supervisor, leader):
    person("secretary", Role.LEADER, "pinghu")
    assert names("supervisors") == {"supervisor"}
    assert names("leaders") == {"leader"}


def test_one_person_with_two_roles_is_told_once(supervisor):
    Membership.objects.create(user=supervisor.user, unit_id="operations-centre", role=Role.OPERATOR)
    found = resolve(["unit:operations-centre"], at=TUESDAY)["unit:operations-centre"]
    assert [user.username for user in found.users] == ["supervisor"]


def test_a_person_and_a_report_by_id(handler):
    report = file_report().links.get().report
    found = resolve([f"user:{handler.user.pk}", f"report:{report.pk}"], at=TUESDAY)
    assert found[f"user:{handler.user.pk}"].users == (handler.user,)
    assert found[f"report:{report.pk}"].report == report


def test_a_finding_is_also_its_patrols(db):
    patrol = person("patrol", Role.PATROL, "longgang/grid-station")
    report = find(patrol).links.get().report
    receiver = f"report:{report.pk}"
    assert resolve([receiver], at=TUESDAY)[receiver].users == (patrol.user,)
    patrol.user.is_active = False
    patrol.user.save()
    assert resolve([receiver], at=TUESDAY)[receiver].users == ()


def test_webhooks_are_those_of_the_source(hotline):
    client, _token = hotline
    report = file_report().links.get().report

    def hook(name, source, **given):
        return Webhook.objects.create(
            name=name, url="https://example.org/", source=source, created_at=TUESDAY, **given
        )

    ours = hook("ours", "hotline")
    hook("other", "sensor")
    hook("off", "hotline", is_active=False)
    found = resolve([f"report:{report.pk}", f"client:{client.pk}"], at=TUESDAY)
    assert found[f"report:{report.pk}"].webhooks == (ours,)
    assert found[f"client:{client.pk}"].webhooks == (ours,)


@pytest.mark.parametrize("receiver", ["", "everybody", "unti:lighting-company", "user:me"])
def test_a_receiver_that_nobody_knows_is_refused(db, receiver):
    with pytest.raises(ValueError, match=r"nobody is known by|invalid literal"):
        resolve([receiver], at=TUESDAY)


def test_many_receivers_cost_as_many_queries_as_few(handler, django_assert_max_num_queries):
    ApiClient.objects.issue(name="12345", source="hotline")
    units = list(OrgUnit.objects.values_list("code", flat=True))
    for _number in range(3):
        file_report()
    reports = list(Report.objects.values_list("pk", flat=True))
    many = [
        *(f"unit:{code}" for code in units),
        *(f"head:{code}" for code in units),
        *(f"report:{pk}" for pk in reports),
        "supervisors",
        "leaders",
        f"user:{handler.user.pk}",
    ]
    with django_assert_max_num_queries(8):
        assert len(resolve(many, at=TUESDAY)) == len(many)
