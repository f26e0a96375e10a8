"""Why a case went where it went: as it was decided, and as it would be now."""

import pytest
from django.test import Client
from django.urls import reverse

from dispatch.facts import DISPATCHED
from incidents import actions
from incidents.models import Incident
from tests.browsers import As
from tests.cast import LAMP_UNIT, TUESDAY, Person
from tests.dispatch.versions import adopted


def why(client: Client, case: Incident) -> object:
    return client.get(reverse("case-why", args=[case.number]))


def test_then_and_now_agree_while_the_list_stands(browse: As, operator: Person, lamp_case: Incident) -> None:
    page = why(browse(operator), lamp_case)
    assert page.status_code == 200
    assert page.context["same_list"]
    assert page.context["differs"] == set()
    assert page.context["then"]["decision"].is_dispatched
    assert page.context["then"]["categories"][0].near[0].item == lamp_case.item_code


def test_a_new_list_stands_beside_what_was_decided(
    browse: As,
    operator: Person,
    lamp_case: Incident,
    steward: Person,
    chief_steward: Person,
) -> None:
    adopted(steward, chief_steward, lead_unit="water-group")
    page = why(browse(operator), lamp_case)
    assert not page.context["same_list"]
    assert "unit" in page.context["differs"]
    then, now = page.context["then"]["decision"], page.context["now"]["decision"]
    assert then.version + 1 == now.version
    record = lamp_case.decisions.get()
    assert (record.unit_code, record.outcome) == (LAMP_UNIT, DISPATCHED)


def test_the_handler_of_the_case_sees_it_and_another_does_not(
    browse: As, handler: Person, other_handler: Person, lamp_case: Incident
) -> None:
    assert why(browse(handler), lamp_case).status_code == 200
    assert why(browse(other_handler), lamp_case).status_code == 404


def test_says_who_decided_otherwise(browse: As, dispatcher: Person, desk_case: Incident) -> None:
    actions.dispatch(
        number=desk_case.number, item_code="0204-001", unit_code=LAMP_UNIT, actor=dispatcher.actor, at=TUESDAY
    )
    page = why(browse(dispatcher), desk_case)
    (one,) = page.context["by_people"]
    assert one["record"].made_by == dispatcher.user
    assert str(dispatcher.user) in page.content.decode()


def test_the_case_and_the_desk_link_to_it(
    browse: As, operator: Person, lamp_case: Incident, desk_case: Incident
) -> None:
    client = browse(operator)
    assert (
        reverse("case-why", args=[lamp_case.number])
        in client.get(reverse("case", args=[lamp_case.number])).content.decode()
    )
    assert (
        reverse("case-why", args=[desk_case.number])
        in client.get(reverse("desk-case", args=[desk_case.number])).content.decode()
    )


@pytest.mark.usefixtures("handler")
def test_a_text_that_was_erased_leaves_the_reasons(browse: As, operator: Person, lamp_case: Incident) -> None:
    report = lamp_case.decisions.get().report
    type(lamp_case.text).objects.filter(pk__in=[lamp_case.text_id, report.text_id]).update(body="")
    page = why(browse(operator), lamp_case)
    assert page.status_code == 200
    assert page.context["now"]["decision"].item == page.context["then"]["decision"].item
