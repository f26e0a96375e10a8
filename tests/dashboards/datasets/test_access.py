"""Who may have a data set: by rule, or because they asked and its owner said yes, until it ends."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from accounts.models import ApiClient, Membership, Scope, User
from accounts.roles import Role
from dashboards.datasets import acting, reach
from dashboards.datasets.catalogue import CATEGORIES, EVENTS, MONTHLY, SCORES, WARNINGS
from dashboards.datasets.definition import DataSet
from dashboards.models import DataEvent, DataRequest
from incidents import notices
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import OutboxMessage
from incidents.telling import Telling
from tests.cast import Person, person
from tests.dashboards.conftest import sign_in
from tests.dashboards.datasets.built import build
from tests.dashboards.datasets.conftest import NOON

pytestmark = pytest.mark.django_db
PURPOSE = "比较两条街道的路灯维修时长，用于六月专题分析。"


def ground(person: Person, dataset: DataSet, after: timedelta = timedelta()) -> str:
    return reach.look_up(User.objects.get(pk=person.user.pk), dataset, at=NOON + after).ground


def ask(who: Person, **told: Any) -> DataRequest:
    given = {"dataset": "events", "purpose": PURPOSE, "days": 30, **told}
    return acting.ask(actor=who.actor, at=NOON, **given)


def refused(call: Callable[..., Any], **told: Any) -> str:
    with pytest.raises((ActionRefused, InvalidInput)) as error:
        call(**told)
    code: str = error.value.code
    return code


@pytest.mark.usefixtures("admin")
def test_the_rule_of_each_data_set(
    handler: Person, leader: Person, supervisor: Person, operator: Person, street_supervisor: Person
) -> None:
    who = (handler, leader, supervisor, operator, street_supervisor)
    told = {
        dataset.code: [ground(one, dataset) for one in who]
        for dataset in (EVENTS, MONTHLY, WARNINGS, SCORES, CATEGORIES)
    }
    assert told == {
        # on request; whoever owns it has it
        "events": ["", "", "owner", "", ""],
        # by role, held for the whole district
        "indicators-monthly": ["", "role", "owner", "role", ""],
        # by unit: the centre
        "warnings": ["", "", "owner", "unit", ""],
        "scores": ["open", "open", "owner", "open", "open"],
        "categories": ["open"] * 5,
    }


def test_asked_for_granted_and_over(handler: Person, supervisor: Person) -> None:
    request = ask(handler)
    assert ask(handler) == request  # two clicks are one request
    told = OutboxMessage.objects.get(kind="data.asked")
    assert told.receiver == f"user:{supervisor.user.pk}"
    assert ground(handler, EVENTS) == ""
    done = acting.grant(request=request.pk, days=20, actor=supervisor.actor, at=NOON)
    assert done.until == NOON + timedelta(days=20)
    assert ground(handler, EVENTS) == "grant"
    assert ground(handler, EVENTS, timedelta(days=19, hours=23)) == "grant"
    assert ground(handler, EVENTS, timedelta(days=20)) == ""
    assert [one.kind for one in DataEvent.objects.all()] == ["asked", "granted"]
    for message in OutboxMessage.objects.filter(kind__startswith="data."):
        said = Telling(kind=message.kind, number="1", data=message.data, at=NOON, urgency="routine")
        assert str(EVENTS.name) in notices.for_staff(said)


def test_a_grant_is_withdrawn_or_lost_with_the_unit(handler: Person, supervisor: Person) -> None:
    request = ask(handler)
    acting.grant(request=request.pk, days=30, actor=supervisor.actor, at=NOON)
    held = Membership.objects.get(user=handler.user)
    held.unit_id = "water-group"
    held.save()
    assert ground(handler, EVENTS) == ""
    held.unit_id = handler.unit
    held.save()
    assert ground(handler, EVENTS) == "grant"
    assert (
        refused(acting.withdraw, request=request.pk, words="", actor=supervisor.actor, at=NOON) == "required"
    )
    acting.withdraw(request=request.pk, words="专题已结束", actor=supervisor.actor, at=NOON)
    assert ground(handler, EVENTS) == ""
    # Asking again is a new request, with its own trail.
    assert ask(handler) != request


def test_what_is_not_allowed_is_refused(
    handler: Person, other_handler: Person, supervisor: Person, dispatcher: Person, admin: Person
) -> None:
    request = ask(handler)
    told = {"request": request.pk, "at": NOON}
    assert (
        refused(acting.grant, days=31, actor=supervisor.actor, **told) == "range"
    )  # more than was asked for
    assert refused(acting.grant, days=5, actor=dispatcher.actor, **told) == "not_allowed"
    assert refused(acting.refuse, words="不需要", actor=handler.actor, **told) == "not_allowed"
    assert refused(acting.cancel, actor=other_handler.actor, **told) == "not_allowed"
    assert refused(acting.refuse, words="不", actor=supervisor.actor, **told) == "too_short"
    acting.refuse(words="用途不明确，请写明分析对象", actor=supervisor.actor, **told)
    assert refused(acting.grant, days=5, actor=supervisor.actor, **told) == "wrong_state"  # the slower of two
    assert refused(acting.withdraw, words="撤回授权", actor=supervisor.actor, **told) == "wrong_state"
    assert refused(acting.cancel, actor=handler.actor, **told) == "wrong_state"
    assert refused(ask, who=handler, purpose="看看") == "too_short"
    assert refused(ask, who=handler, days=0) == "range"
    assert refused(ask, who=handler, days=366) == "range"
    assert refused(ask, who=handler, dataset="everything") == "not_found"
    assert refused(ask, who=handler, dataset="categories") == "has_it"
    assert refused(ask, who=supervisor) == "has_it"
    assert (
        refused(acting.ask, dataset="events", purpose=PURPOSE, days=3, actor=SYSTEM, at=NOON) == "not_allowed"
    )


def test_nobody_decides_their_own_request(supervisor: Person) -> None:
    """An owner needs none for themselves; for a system they ask, and another owner answers."""
    client, _token = ApiClient.objects.issue(name="平台", source="hotline", scopes=[Scope.DATA])
    request = ask(supervisor, client=client.pk)
    told = {"request": request.pk, "days": 5, "at": NOON}
    assert refused(acting.grant, actor=supervisor.actor, **told) == "own_request"
    second = person("second", Role.SUPERVISOR, "operations-centre")
    assert acting.grant(actor=second.actor, **told).state == "granted"


def test_an_owner_changes_who_may_have_it(handler: Person, supervisor: Person, leader: Person) -> None:
    told = {"dataset": "events", "actor": supervisor.actor, "at": NOON, "words": "试点两个月"}
    assert refused(acting.change_rule, mode="open", **{**told, "actor": leader.actor}) == "not_allowed"
    assert refused(acting.change_rule, mode="roles", **told) == "required"
    assert refused(acting.change_rule, mode="units", units=["nowhere"], **told) == "required"
    acting.change_rule(mode="units", units=["lighting-company"], **told)
    assert (ground(handler, EVENTS), ground(leader, EVENTS)) == ("unit", "")
    acting.change_rule(mode="roles", roles=[Role.LEADER], **told)
    assert (ground(handler, EVENTS), ground(leader, EVENTS)) == ("", "role")
    acting.change_rule(mode="roles", roles=[Role.LEADER], **told)  # nothing new
    trail = DataEvent.objects.filter(kind="rule")
    assert [one.data["before"] for one in trail] == ["request", "units"]


def test_the_trail_is_kept_by_the_database(handler: Person) -> None:
    ask(handler)
    for change in (lambda rows: rows.update(kind="granted"), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(DataEvent.objects.all())


# --- by the API ------------------------------------------------------------------------------------


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_needs_the_scope_and_what_is_not_open_a_grant(
    client: Client, handler: Person, supervisor: Person, hotline: tuple[ApiClient, str]
) -> None:
    build(EVENTS, CATEGORIES, at=NOON)
    system, token = ApiClient.objects.issue(name="大数据平台", source="hotline", scopes=[Scope.DATA])
    rows = "/api/v1/datasets/{}/rows/".format
    # A source's token files and follows reports, as before.
    assert client.get(rows("categories"), headers=bearer(hotline[1])).status_code == 403
    assert client.get(rows("categories"), headers=bearer(token)).status_code == 200
    assert client.get(rows("events"), headers=bearer(token)).status_code == 403
    assert client.get(rows("events")).status_code == 401
    request = ask(handler, client=system.pk)
    acting.grant(request=request.pk, days=5, actor=supervisor.actor, at=NOON)
    assert client.get(rows("events"), headers=bearer(token)).status_code == 200
    # The grant is the system's, not the person's who asked; and it goes with them.
    assert ground(handler, EVENTS) == ""
    Membership.objects.filter(user=handler.user).delete()
    assert client.get(rows("events"), headers=bearer(token)).status_code == 403
    # People decide, tokens do not.
    assert (
        client.post(f"/api/v1/datasets/requests/{request.pk}/withdraw/", headers=bearer(token)).status_code
        == 403
    )


def test_asking_and_deciding_by_the_api(client: Client, handler: Person, supervisor: Person) -> None:
    def post(who: Person, path: str, **body: Any) -> Any:
        sign_in(client, who)
        return client.post(f"/api/v1/datasets/{path}", body, content_type="application/json")

    made = post(handler, "events/requests/", purpose=PURPOSE, days=30)
    assert made.status_code == 201
    pk = made.json()["id"]
    assert post(handler, f"requests/{pk}/grant/", days=3).status_code == 403
    assert post(handler, "events/requests/", purpose=PURPOSE, days=30, system="no such").status_code == 400
    assert post(supervisor, f"requests/{pk}/grant/", days=3).json()["state"] == "granted"
    assert post(supervisor, f"requests/{pk}/grant/", days=3).status_code == 409
    assert post(supervisor, f"requests/{pk}/withdraw/", words="专题已结束").json()["state"] == "withdrawn"
    sign_in(client, supervisor)
    assert [one["purpose"] for one in client.get("/api/v1/datasets/requests/").json()["results"]] == [PURPOSE]
    stranger = person("stranger", Role.HANDLER, "police")
    assert post(stranger, f"requests/{pk}/cancel/").status_code == 404
    assert post(handler, "nothing/requests/", purpose=PURPOSE, days=30).status_code == 404
