"""What is left of an emergency that was made safe is a repair: desk, case page and forms say so."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.roles import Role
from incidents import actions
from incidents.actions.handling import closing_condition
from incidents.models import Incident
from incidents.models.incident import Status
from tests.browsers import As
from tests.cast import TUESDAY, Person, person, reload
from tests.incidents.pages.conftest import SetClock
from tests.incidents.test_follow_up import CREW, OPEN_MANHOLE, OWNER, make_safe, manhole

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
OF_DANGER = "临时封盖"  # the item's own closing condition: when the place is safe


@pytest.fixture
def crew(db: None) -> Person:
    return person("crew", Role.HANDLER, CREW)


@pytest.fixture
def repair(dispatcher: Person, crew: Person, now: SetClock) -> Incident:
    """A manhole made safe at eleven; nobody knows whose it is."""
    case = make_safe(manhole(dispatcher, crew, owner=None), crew)
    now.at = TUESDAY + HOUR + timedelta(minutes=5)
    return reload(case)


def test_the_desk_asks_for_the_owner_and_suggests_nobody_of_the_emergency(
    browse: As, operator: Person, repair: Incident
) -> None:
    page = browse(operator).get(reverse("desk-case", args=[repair.number]))
    told = page.context["repair"]
    assert (told.secured.unit_id, told.unit, told.asks_owner) == (CREW, None, True)
    assert (page.context["first_choice"], page.context["chosen"]) == (None, "")
    assert page.context["owner_matters"]
    # Who made it safe can still be chosen, but stands last.
    units = [choice.unit for choice in page.context["choices"]]
    assert CREW in units
    assert CREW not in units[: -units.count(CREW)]
    assert not any(choice.item == OPEN_MANHOLE for choice in page.context["choices"][: -units.count(CREW)])
    html = page.content.decode()
    note = html[html.index("data-made-safe") :]
    assert reverse("desk-correct", args=[repair.number]) in note[: note.index('<p class="words')]
    assert OF_DANGER not in html
    assert str(closing_condition(repair)) in html


def test_the_owner_once_said_is_suggested_and_the_matter_stays_a_repair(
    browse: As, operator: Person, repair: Incident, now: SetClock
) -> None:
    client = browse(operator)
    client.post(
        reverse("desk-correct", args=[repair.number]), {"owner": OWNER, "seen_version": repair.version}
    )
    repair = reload(repair)
    assert (repair.asset_owner, repair.urgency) == (OWNER, "routine")
    page = client.get(reverse("desk-case", args=[repair.number]))
    first = page.context["first_choice"]
    assert (first.unit, page.context["choices"][0]) == (OWNER, first)
    assert page.context["repair"].unit.code == OWNER
    client.post(
        reverse("desk-send", args=[repair.number]), {"choice": first.value, "seen_version": repair.version}
    )
    repair = reload(repair)
    assert (repair.status, repair.owner_unit_id, repair.urgency) == (Status.DISPATCHED, OWNER, "routine")
    lead = repair.assignments.latest("pk")
    assert (lead.handle_limit, lead.unit_id) == ("5wd", OWNER)


def test_the_repairer_reads_what_was_before_and_what_the_repair_must_reach(
    browse: As, dispatcher: Person, crew: Person, now: SetClock
) -> None:
    case = reload(make_safe(manhole(dispatcher, crew), crew))
    repairer = person("repairers", Role.HANDLER, OWNER)
    actions.accept(number=case.number, actor=repairer.actor, at=TUESDAY + 2 * HOUR)
    now.at = TUESDAY + 2 * HOUR
    client = browse(repairer)
    page = client.get(reverse("case", args=[case.number]))
    secured = page.context["secured"]
    assert (secured.unit_id, secured.ended_at) == (CREW, TUESDAY + HOUR)
    html = page.content.decode()
    assert html.index("data-made-safe") < html.index("data-case-clock")
    assert "已围挡,专人看守" in html[: html.index("data-case-clock")]  # what was done there
    form = client.get(reverse("case-act", args=[case.number, "resolve"])).content.decode()
    for shown in (html, form):
        assert str(closing_condition(case)) in shown
        assert OF_DANGER not in shown


def test_before_it_is_safe_and_when_it_is_reopened_the_condition_is_the_emergencys(
    browse: As, dispatcher: Person, crew: Person
) -> None:
    case = manhole(dispatcher, crew)
    assert OF_DANGER in closing_condition(case)
    page = browse(crew).get(reverse("case", args=[case.number]))
    assert page.context["secured"] is None
    case = reload(make_safe(case, crew))
    assert OF_DANGER not in closing_condition(case)
    Incident.objects.filter(pk=case.pk).update(made_safe_at=None)  # as a reopening leaves it
    assert OF_DANGER in closing_condition(reload(case))


def test_a_repair_under_an_item_of_its_own_has_that_items_condition(
    operator: Person, repair: Incident
) -> None:
    actions.dispatch(
        number=repair.number,
        item_code="0201-001",
        unit_code=OWNER,
        actor=operator.actor,
        at=TUESDAY + 2 * HOUR,
    )
    item = reload(repair).assignments.latest("pk").decision.responsibility_list.items.get(code="0201-001")
    assert item.closing_condition_zh
    assert closing_condition(reload(repair)) == item.closing_condition_zh
