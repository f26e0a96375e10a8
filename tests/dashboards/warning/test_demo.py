"""The demo's warning page is not empty: a burst, a theme and a repeat, found by the sweeps themselves."""

import pytest

from config.simulation import expecting, governing, warning
from dashboards.models import Project, RepeatRuleRevision, Warning
from incidents.models import Report
from incidents.repeats import find_repeats
from tests.cast import Person
from tests.dashboards.warning.test_themes import LOOK, usual


@pytest.mark.django_db
def test_the_demo_has_one_of_each_and_tells_them_once(supervisor: Person) -> None:
    usual()
    for _twice in range(2):
        warning.tell(at=LOOK)
    assert Report.objects.filter(external_id__startswith="demo-warning-").count() == 29
    while find_repeats(now=LOOK):
        pass
    warning.look(at=LOOK)
    found = list(Warning.objects.values_list("kind", "category_code", "street_code"))
    warning.look(at=LOOK, fresh=True)
    assert sorted(Warning.objects.values_list("kind", "category_code", "street_code")) == sorted(found)
    assert ("burst", "0501", "440307014000") in found
    assert ("repeat", "0203", "440307012000") in found
    assert any("无人配送车" in term for term in Warning.objects.get(kind="theme").terms)
    # Somebody did something about them, once; the burst waits for whoever signs in.
    for _twice in range(2):
        governing.act_on_warnings(at=LOOK)
    assert Warning.objects.get(category_code="0501", kind="burst").status == "open"
    assert Project.objects.get().items.count() == 3
    assert Warning.objects.filter(kind="theme", status="claimed", useful=True).count() == 1
    assert Warning.objects.filter(useful=False).count() <= 1
    for _twice in range(2):
        expecting.change_rules(at=LOOK)
    assert RepeatRuleRevision.objects.count() == 2
