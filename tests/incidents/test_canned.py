"""Canned answers: whose they are, who is offered them, and what their blanks become."""

import pytest

from accounts.roles import Role
from incidents import canned
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import CannedAnswer, Incident
from tests.cast import LAMP_UNIT, TUESDAY, Person, person

GIVEN = {"use": "message", "title": "明天到场", "body": "{number}由{unit}办理"}


def keep(who: Person, unit: str, **given: str) -> CannedAnswer:
    return canned.keep(user=who.user, unit=unit, at=TUESDAY, **{**GIVEN, **given})


def offered(who: Person, case: Incident, use: str = "message") -> list[str]:
    return [one["title"] for one in canned.offered(who.user, case)[use]]


def test_a_units_words_are_its_own_peoples(
    handler: Person, other_handler: Person, accepted_case: Incident
) -> None:
    keep(handler, LAMP_UNIT)
    assert offered(handler, accepted_case) == ["明天到场"]
    assert offered(other_handler, accepted_case) == []


def test_the_districts_words_are_everybodys_after_ones_own(
    handler: Person, operator: Person, accepted_case: Incident
) -> None:
    keep(operator, "district", title="已受理")
    keep(handler, LAMP_UNIT)
    assert offered(handler, accepted_case) == ["明天到场", "已受理"]
    assert offered(operator, accepted_case) == ["已受理"]


def test_a_streets_centre_keeps_them_for_its_teams(street_supervisor: Person, lamp_case: Incident) -> None:
    assert list(canned.kept_by(street_supervisor.user)) == ["pinghu"]
    keep(street_supervisor, "pinghu")
    team = person("team", Role.HANDLER, "pinghu/enforcement")
    elsewhere = person("elsewhere", Role.HANDLER, "buji/enforcement")
    assert offered(team, lamp_case) == ["明天到场"]
    assert offered(elsewhere, lamp_case) == []


def test_blanks_are_filled_from_the_case(handler: Person, accepted_case: Incident) -> None:
    keep(handler, LAMP_UNIT, body="{number}由{unit}办理,{place}")
    (one,) = canned.offered(handler.user, accepted_case)["message"]
    assert one["text"] == (
        f"{accepted_case.number}由{accepted_case.owner_unit.name}办理,{accepted_case.address}"
    )


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"body": "找{name}"}, "body", "unknown_blank"),
        ({"body": " "}, "body", "required"),
        ({"title": "长" * 41}, "title", "max_length"),
        ({"use": "poem"}, "use", "unknown"),
    ],
)
def test_what_cannot_be_kept(handler: Person, given: dict[str, str], field: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        keep(handler, LAMP_UNIT, **given)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_a_name_stands_once_until_it_is_taken_out_of_use(handler: Person) -> None:
    first = keep(handler, LAMP_UNIT)
    with pytest.raises(InvalidInput) as refused:
        keep(handler, LAMP_UNIT)
    assert refused.value.code == "taken"
    canned.end(first, user=handler.user, at=TUESDAY)
    assert keep(handler, LAMP_UNIT).pk != first.pk


def test_nobody_keeps_another_units(handler: Person, other_handler: Person) -> None:
    kept = keep(handler, LAMP_UNIT)
    for refused in (
        lambda: keep(other_handler, LAMP_UNIT, title="别的"),
        lambda: canned.keep(user=other_handler.user, answer=kept, unit="water-group", at=TUESDAY, **GIVEN),
        lambda: canned.end(kept, user=other_handler.user, at=TUESDAY),
    ):
        with pytest.raises(ActionRefused) as error:
            refused()
        assert error.value.code == "not_allowed"
