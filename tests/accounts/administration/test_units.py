"""The tree of units: added, named, moved; closed ones take nothing, and their successor goes on for them."""

from collections import Counter

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.models import AuditEvent, Membership, OrgUnit
from accounts.roles import Role
from accounts.units import keeping
from dispatch.units import UnitDirectory
from tests.cast import LAMP_UNIT, Person, person

NEW = {
    "code": "heritage-office",
    "name_zh": "文物办",
    "name_en": "Heritage office",
    "kind": "district_department",
    "area_code": "440307000000",
    "parent": "district",
}


@pytest.fixture
def office(admin: Person) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(admin.user)
    return client


def seen(office: Client, code: str) -> dict[str, str]:
    form = office.get(reverse("unit", args=[code])).context["form"]
    return {name: str(value or "") for name, value in form.initial.items()}


def close(office: Client, code: str, to: str = "") -> object:
    page = reverse("unit-close", args=[code])
    stamp = office.get(page).context["form"].initial["seen"]
    return office.post(page, {"successor": to, "reason": "merged by order 7", "seen": stamp})


def test_a_unit_is_added_once(office: Client) -> None:
    assert office.post(reverse("unit-new"), NEW).status_code == 302
    unit = OrgUnit.objects.get(pk="heritage-office")
    assert unit.path == "district>heritage-office"
    again = office.post(reverse("unit-new"), NEW)
    assert again.status_code == 400
    assert again.context["form"].errors["code"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "Heritage"),
        ("code", "a/b/c"),
        ("parent", ""),
        ("parent", "nowhere"),
        ("area_code", "44"),
        ("area_code", "440307999999"),  # nobody's
        ("kind", "x"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(office: Client, field: str, value: str) -> None:
    answer = office.post(reverse("unit-new"), {**NEW, field: value})
    assert answer.status_code == 400
    assert answer.context["form"].errors[field]


def test_moved_it_takes_along_what_stands_below_it(office: Client) -> None:
    office.post(reverse("unit-new"), NEW)
    office.post(reverse("unit-new"), {**NEW, "code": "digs", "parent": "heritage-office"})
    told = {**seen(office, "heritage-office"), "parent": "government-services", "name_zh": "文物局"}
    assert office.post(reverse("unit", args=["heritage-office"]), told).status_code == 302
    assert OrgUnit.objects.get(pk="digs").path == "district>government-services>heritage-office>digs"
    assert UnitDirectory.read().names["heritage-office"][0] == "文物局"
    below_itself = {**seen(office, "heritage-office"), "parent": "digs"}
    assert office.post(reverse("unit", args=["heritage-office"]), below_itself).status_code == 400


def test_who_changed_it_meanwhile_is_not_overwritten(office: Client) -> None:
    told = {**seen(office, LAMP_UNIT), "name_en": "Lamps"}
    OrgUnit.objects.filter(pk=LAMP_UNIT).update(name_zh="照明")
    answer = office.post(reverse("unit", args=[LAMP_UNIT]), told)
    assert answer.status_code == 400
    assert "meanwhile" in answer.content.decode()


def test_a_closed_unit_is_nobodys_choice_and_its_successor_stands_for_it(
    office: Client, handler: Person
) -> None:
    office.post(reverse("unit-new"), NEW)
    assert close(office, LAMP_UNIT, "heritage-office").status_code == 302  # type: ignore[attr-defined]
    units = UnitDirectory.read()
    assert LAMP_UNIT not in units.codes
    assert units.resolve(LAMP_UNIT) == "heritage-office"
    assert units.resolve("@owner", owner=LAMP_UNIT) == "heritage-office"
    # Whose roles were there see nothing from the next page on.
    theirs = Client()
    theirs.force_login(handler.user)
    assert theirs.get(reverse("inbox")).status_code == 403
    line = AuditEvent.objects.filter(about_kind="unit", about=LAMP_UNIT).latest("pk")
    assert line.details["reason"] == "merged by order 7"
    assert line.details["after"]["successor_id"] == "heritage-office"
    # And on over a second closing.
    close(office, "heritage-office", "government-services")
    assert UnitDirectory.read().resolve(LAMP_UNIT) == "government-services"
    assert close_again(office) == 302


def close_again(office: Client) -> int:
    told = {"successor": "", "reason": "twice", "seen": "x"}
    return office.post(reverse("unit-close", args=[LAMP_UNIT]), told).status_code


def test_a_station_that_is_merged_leaves_its_community_to_the_other(office: Client) -> None:
    first, second = OrgUnit.objects.filter(kind=OrgUnit.Kind.COMMUNITY_STATION).order_by("code")[:2]
    close(office, first.pk, second.pk)
    assert UnitDirectory.read().resolve("@community", community=first.area_code) == second.pk
    office.post(reverse("unit-open", args=[first.pk]), {"reason": "a mistake"})
    assert UnitDirectory.read().resolve("@community", community=first.area_code) == first.pk


@pytest.mark.parametrize("code", ["district", "operations-centre", "buji", "government-services"])
def test_what_everything_stands_on_is_not_closed(office: Client, code: str) -> None:
    """The root, the desk, an office with teams below it, and where the only administrator is."""
    answer = close(office, code, LAMP_UNIT)
    assert answer.status_code == 400  # type: ignore[attr-defined]
    assert OrgUnit.objects.get(pk=code).is_open


@pytest.mark.django_db
def test_of_much_that_stands_in_the_way_it_says_how_much_more() -> None:
    parents = OrgUnit.objects.open().exclude(parent=None).values_list("parent", flat=True)
    kept = {"district", "operations-centre"}
    ours = {code: count for code, count in Counter(parents).items() if count > 5 and code not in kept}
    code, count = next(iter(ours.items()))
    with translation.override("en"):
        why = keeping.why_not_closed(OrgUnit.objects.get(pk=code))
    assert why.endswith(f" and {count - 5} more.")


def test_only_who_keeps_the_installation(admin: Person) -> None:
    other = person("other", Role.SECURITY, "government-services")
    client = Client()
    client.force_login(other.user)
    assert client.get(reverse("units")).status_code == 403
    with pytest.raises(keeping.NotAllowed):
        keeping.reopen(code=LAMP_UNIT, reason="", actor=other.user)


def test_the_tree_is_searched(office: Client) -> None:
    rows = office.get(reverse("units"), {"q": LAMP_UNIT}).context["rows"]
    assert [row["unit"].pk for row in rows] == [LAMP_UNIT]
    assert "No unit is like this" in office.get(reverse("units"), {"q": "zzz"}).content.decode()
    for odd in ({"q": "\x00"}, {"state": "?"}):
        assert office.get(reverse("units"), odd).status_code == 200
    assert office.get("/installation/units/of/no%00where/").status_code == 404
    assert office.get("/installation/units/of/nowhere/close/").status_code == 404


@pytest.mark.parametrize(
    ("code", "field", "value"),
    [
        ("district", "kind", "district_department"),
        ("operations-centre", "kind", "enterprise"),
        ("operations-centre", "parent", "water-affairs"),
        ("operations-centre", "area_code", "440307003000"),
        (LAMP_UNIT, "kind", "district"),
    ],
)
def test_nobody_reaches_further_by_what_is_said_of_a_unit(
    office: Client, code: str, field: str, value: str
) -> None:
    before = OrgUnit.objects.filter(pk=code).values().get()
    answer = office.post(reverse("unit", args=[code]), {**seen(office, code), field: value})
    assert answer.status_code == 400
    assert answer.context["form"].errors[field]
    assert OrgUnit.objects.filter(pk=code).values().get() == before
    # Its name is anybody's to mend.
    named = {**seen(office, code), "name_en": "Another name"}
    assert office.post(reverse("unit", args=[code]), named).status_code == 302


def test_the_unit_of_the_last_who_audits_is_not_closed(office: Client) -> None:
    auditor = person("auditor", Role.AUDITOR, "water-affairs")
    answer = close(office, "water-affairs", "district")
    assert answer.status_code == 400  # type: ignore[attr-defined]
    Membership.objects.create(user=auditor.user, unit_id="bus-group", role=Role.AUDITOR)
    assert close(office, "water-affairs", "district").status_code == 302  # type: ignore[attr-defined]
