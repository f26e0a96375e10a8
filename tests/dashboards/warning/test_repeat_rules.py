"""How often is too often: changed by the district's supervisors with a reason, used by the next look."""

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboards.models import RepeatRule, RepeatRuleRevision, Warning
from dashboards.warning import repeat_rules
from dashboards.warning.repeats import sweep
from incidents.errors import ActionRefused, InvalidInput
from tests.cast import Person
from tests.dashboards.conftest import sign_in
from tests.dashboards.facts import BUJI, BUJI_COMMUNITY, PINGHU
from tests.dashboards.warning.reported import LAMPS, NOW
from tests.dashboards.warning.test_repeats import rules, say

__all__ = ["rules"]  # the rules that stand before each test
pytestmark = pytest.mark.django_db
WHY = "同一处三次就该有人去看"


def change(who: Person, **told: object) -> RepeatRule:
    given = {"by": "place", "matter": "", "days": 30, "at_least": 3, "is_active": True, "words": WHY, **told}
    return repeat_rules.set_rule(actor=who.actor, at=NOW, **given)  # type: ignore[arg-type]


def test_the_next_look_goes_by_what_was_changed_and_what_stands_keeps_what_it_was_found_by(
    supervisor: Person,
) -> None:
    say(3)
    assert sweep(at=NOW) == 0
    change(supervisor, at_least=3)
    assert sweep(at=NOW) == 1
    change(supervisor, at_least=8)
    sweep(at=NOW)
    assert Warning.objects.get().evidence["threshold"] == 3
    told = RepeatRuleRevision.objects.order_by("pk").values_list("before__at_least", "at_least")
    assert list(told) == [(4, 3), (3, 8)]
    assert RepeatRuleRevision.objects.latest("pk").words.body == WHY


def test_a_rule_for_a_matter_goes_before_the_rule_for_all_and_may_be_put_out_of_use(
    supervisor: Person,
) -> None:
    say(3)
    change(supervisor, matter=LAMPS, at_least=2)
    assert RepeatRuleRevision.objects.get().before == {}
    change(supervisor, matter=LAMPS, at_least=2, is_active=False)
    assert sweep(at=NOW) == 0
    change(supervisor, matter="02", at_least=3)
    assert sweep(at=NOW) == 1


def test_bounds_reasons_and_who_may(
    supervisor: Person, street_supervisor: Person, leader: Person, dispatcher: Person
) -> None:
    for wrong in ({"days": 0}, {"days": 31}, {"at_least": 1}, {"at_least": 51}, {"matter": "9999"},
                  {"by": "phase of the moon"}, {"words": ""}, {"words": "嗯"}):  # fmt: skip
        with pytest.raises(InvalidInput):
            change(supervisor, **wrong)
    for nobody in (street_supervisor, leader, dispatcher):
        with pytest.raises(ActionRefused) as refused:
            change(nobody)
        assert refused.value.code == "not_allowed"
    change(supervisor)
    for code, told in (("unchanged", {}), ("stale", {"at_least": 6, "seen": 0})):
        with pytest.raises(ActionRefused) as refused:
            change(supervisor, **told)
        assert refused.value.code == code
    assert RepeatRule.objects.get(by="place").at_least == 3
    for spoil in (
        lambda: RepeatRuleRevision.objects.update(at_least=9),
        RepeatRuleRevision.objects.all().delete,
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            spoil()


def test_a_streets_rule_is_stricter_and_finds_more_in_that_street_alone(street_supervisor: Person) -> None:
    say(3)
    say(3, spot=(114.2, 22.6), community=BUJI_COMMUNITY)
    assert sweep(at=NOW) == 0
    change(street_supervisor, street=PINGHU, at_least=3)
    assert sweep(at=NOW) == 1
    found = Warning.objects.get()
    assert found.street_code == PINGHU
    assert (found.evidence["threshold"], found.evidence["street"]) == (3, PINGHU)


def test_a_streets_rule_never_hides_what_the_districts_finds(
    supervisor: Person, street_supervisor: Person
) -> None:
    change(street_supervisor, street=PINGHU, at_least=3)
    change(supervisor, at_least=2)  # the district's has become the stricter one
    say(2)
    assert sweep(at=NOW) == 1
    assert "street" not in Warning.objects.get().evidence


def test_a_streets_rule_for_all_matters_holds_beside_the_districts_for_one(
    supervisor: Person, street_supervisor: Person
) -> None:
    change(supervisor, matter=LAMPS, at_least=8)
    change(street_supervisor, street=PINGHU, at_least=3)
    say(3)
    assert sweep(at=NOW) == 1


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"at_least": 5}, "at_least"),  # the district's is four in thirty days
        ({"at_least": 3, "days": 29}, "days"),
        ({"at_least": 4}, "at_least"),  # says the same
    ],
)
def test_a_streets_rule_that_is_not_stricter_is_refused(
    street_supervisor: Person, told: dict[str, int], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        change(street_supervisor, street=PINGHU, **told)
    assert (refused.value.field, refused.value.code) == (field, "not_stricter")
    assert not RepeatRule.objects.exclude(street_code="").exists()


def test_whose_street_it_is(supervisor: Person, street_supervisor: Person, leader: Person) -> None:
    for nobody, street in ((street_supervisor, BUJI), (street_supervisor, ""), (leader, PINGHU)):
        with pytest.raises(ActionRefused) as refused:
            change(nobody, street=street)
        assert refused.value.code == "not_allowed"
    with pytest.raises(InvalidInput) as unknown:
        change(supervisor, street="440307999000")
    assert unknown.value.field == "street"
    change(supervisor, street=BUJI)
    change(street_supervisor, street=PINGHU)
    # Out of use it need not be stricter than anything.
    change(street_supervisor, street=PINGHU, is_active=False)
    assert {one.street_code for one in RepeatRuleRevision.objects.all()} == {BUJI, PINGHU}


def test_a_streets_rules_on_pages_and_by_rest(
    client: Client, supervisor: Person, street_supervisor: Person
) -> None:
    with time_machine.travel(NOW, tick=False):
        browser = sign_in(client, street_supervisor)
        page = browser.get("/warnings/rules/new/").content.decode()
        assert f'value="{PINGHU}"' in page
        assert f'value="{BUJI}"' not in page
        made = {"by": "place", "street": PINGHU, "matter": "all", "days": 30, "words": WHY, "seen": 0}
        answer = browser.post("/warnings/rules/new/", {**made, "at_least": 9})
        assert answer.status_code == 400
        assert "30 天内 4 件" in answer.content.decode()
        assert browser.post("/warnings/rules/new/", {**made, "at_least": 3}).status_code == 302
        assert browser.post("/warnings/rules/new/", {**made, "at_least": 2}).status_code == 400  # has one
        assert (
            browser.post("/warnings/rules/new/", {**made, "street": BUJI, "at_least": 3}).status_code == 403
        )
        url = f"/warnings/rules/place/all/{PINGHU}/"
        assert '<form class="card' in browser.get(url).content.decode()
        assert browser.get(f"/warnings/rules/place/all/{BUJI}/").status_code == 404
        said = {"at_least": 2, "days": 30, "is_active": "on", "words": WHY, "seen": 1}
        assert browser.post(url, said).status_code == 302
        assert browser.post(url, said).status_code == 409
        rest = "/api/v1/warnings/rules/"
        told = {"by": "place", "matter": "02", "street": PINGHU, "days": 30, "at_least": 3, "words": WHY}
        rows = browser.post(rest, told, "application/json").json()["results"]
        assert ("02", PINGHU, 3, 1) in [
            (row["matter"], row["street"], row["at_least"], row["revisions"]) for row in rows
        ]
        assert browser.post(rest, {**told, "street": BUJI}, "application/json").status_code == 403
        assert browser.post(rest, {**told, "street": ""}, "application/json").status_code == 403
        refused = browser.post(rest, {**told, "at_least": 9}, "application/json")
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "at_least")
        assert browser.get(f"{rest}history/").json()["results"][0]["street"] == PINGHU


def test_what_another_threshold_would_have_found() -> None:
    say(5)
    say(3, spot=(114.13, 22.69))
    found = repeat_rules.would_find("place", "", days=30, thresholds=(2, 3, 4, 5, 6), at=NOW)
    assert found == [(2, 2), (3, 2), (4, 1), (5, 1), (6, 0)]
    assert repeat_rules.would_find("place", "03", days=30, thresholds=(2,), at=NOW) == [(2, 0)]
    assert repeat_rules.would_find("place", LAMPS, days=2, thresholds=(3,), at=NOW) == [(3, 0)]


def test_on_pages(
    client: Client, supervisor: Person, street_supervisor: Person, handler: Person,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    with time_machine.travel(NOW, tick=False):
        url = "/warnings/rules/place/all/"
        browser = sign_in(client, supervisor)
        said = {"at_least": 3, "days": 14, "is_active": "on", "words": WHY, "seen": 0}
        assert browser.post(url, {**said, "words": ""}).status_code == 400
        assert browser.post(url, {**said, "days": 99}).status_code == 400
        assert browser.post(url, said).status_code == 302
        assert browser.post(url, said).status_code == 409  # an old page
        assert WHY in browser.get(url).content.decode()
        made = {
            "by": "place",
            "street": "district",
            "matter": LAMPS,
            "at_least": 2,
            "days": 7,
            "words": WHY,
            "seen": 0,
        }
        assert browser.post("/warnings/rules/new/", made).status_code == 302
        assert browser.post("/warnings/rules/new/", made).status_code == 400
        assert browser.get("/warnings/rules/place/9999/").status_code == 404
        with django_assert_max_num_queries(30) as few:
            assert WHY in browser.get("/warnings/rules/").content.decode()
        for number in range(8):
            change(supervisor, matter=f"{number + 1:02d}")
        with django_assert_max_num_queries(len(few)):
            browser.get("/warnings/rules/")
        # A street's people read them all and change none but its own; a unit's have nothing to do with them.
        browser = sign_in(client, street_supervisor)
        assert '<form class="card' not in browser.get(url).content.decode()
        assert browser.post(url, said).status_code == 403
        assert browser.post("/warnings/rules/new/", made).status_code == 403
        assert sign_in(client, handler).get("/warnings/rules/").status_code == 403


def test_by_rest(client: Client, supervisor: Person, leader: Person, handler: Person) -> None:
    url = "/api/v1/warnings/rules/"
    browser = sign_in(client, supervisor)
    told = {"by": "reporter", "matter": "02", "days": 10, "at_least": 4, "words": WHY}
    rows = browser.post(url, told, "application/json").json()["results"]
    assert ("reporter", "02", 4, 1) in [
        (row["by"], row["matter"], row["at_least"], row["revisions"]) for row in rows
    ]
    assert browser.post(url, {**told, "at_least": 5, "seen": 0}, "application/json").status_code == 409
    assert browser.post(url, {**told, "at_least": 500}, "application/json").status_code == 400
    assert browser.get(f"{url}history/").json()["results"][0]["words"] == WHY
    assert sign_in(client, leader).post(url, told, "application/json").status_code == 403
    assert client.get(url).status_code == 200
    assert sign_in(client, handler).get(url).status_code == 403
