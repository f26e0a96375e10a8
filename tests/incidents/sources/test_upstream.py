"""What came from above is closed only once it was accepted there."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import ApiClient
from accounts.roles import Action
from grids.locate import locate
from incidents import actions, policy
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.intake import Receipt, UpdateDraft, apply_update, receive
from incidents.models import Incident, Outcome, Report, Timer, UpstreamRequest, UpstreamReview
from tests.cast import LAMP_POINT, TUESDAY, Person, draft, file_report, reload

DAY = timedelta(days=1)


@pytest.fixture
def city(db: None) -> ApiClient:
    """The city's hotline, which wants to accept what is closed."""
    client, _token = ApiClient.objects.issue(name="City 12345", source="hotline")
    client.accepts_closing = True
    client.save()
    return client


def file_order(city: ApiClient, external_id: str = "W-1", **given: Any) -> Incident:
    (receipt,) = receive([draft(external_id=external_id, **given)], at=TUESDAY, client=city)
    assert isinstance(receipt, Receipt)
    return receipt.incident


@pytest.fixture
def order(city: ApiClient) -> Incident:
    return file_order(city)


def says(
    case: Incident, kind: str, external_id: str = "N-1", *, at=TUESDAY + DAY, **given: object
) -> Incident:
    """The source's word about the first report of a case."""
    report = Report.objects.filter(links__incident=case).order_by("pk").first()
    assert report is not None
    apply_update(report=report, draft=UpdateDraft(external_id, kind, **given), actor=_client(report), at=at)
    return reload(case)


def _client(report: Report) -> Actor:
    return Actor(client=report.client)


def finish(case: Incident, handler: Person, supervisor: Person, *, at: datetime = TUESDAY) -> Incident:
    """The unit resolves it, and the centre ends the check."""
    case = reload(case)
    if case.status == "dispatched":
        actions.accept(number=case.number, actor=handler.actor, at=at)
    actions.resolve(
        number=case.number, outcome="solved", text="灯已修好", attested=True, actor=handler.actor, at=at
    )
    actions.close(number=case.number, reason="照片清楚", actor=supervisor.actor, at=at)
    return reload(case)


def counted(kind: str) -> int:
    return sum(Outcome.objects.filter(kind=kind).values_list("sign", flat=True))


def test_a_result_waits_for_its_source_and_is_not_closed(
    order: Incident, handler: Person, supervisor: Person
) -> None:
    case = finish(order, handler, supervisor)
    assert (case.status, case.closed_at, case.upstream_since) == ("resolved", None, TUESDAY)
    assert (case.clock_kind, counted("closed")) == (Timer.Kind.UPSTREAM, 0)
    assert case.due_at > TUESDAY + DAY
    with pytest.raises(ActionRefused) as refused:
        actions.close(number=case.number, reason="不等了", actor=supervisor.actor, at=TUESDAY)
    assert refused.value.code == "upstream_decides"
    can = {action for action in Action if policy.can(supervisor.user, action, case)}
    assert Action.ANSWER_UPSTREAM in can
    assert not can & {Action.CLOSE, Action.ASK_UPSTREAM}


def test_accepted_it_is_closed(order: Incident, handler: Person, supervisor: Person) -> None:
    finish(order, handler, supervisor)
    case = says(order, "accept")
    assert (case.status, case.closed_at, case.upstream_since) == ("closed", TUESDAY + DAY, None)
    assert counted("closed") == 1
    assert not case.timers.filter(kind=Timer.Kind.UPSTREAM, stopped_at=None).exists()


def test_sent_back_it_is_rework_of_the_same_unit_and_goes_up_again(
    order: Incident, handler: Person, supervisor: Person
) -> None:
    before = finish(order, handler, supervisor)
    case = says(order, "send_back", text="市民来电称仍不亮")
    assert (case.status, case.owner_unit_id, case.rework_count) == ("handling", before.owner_unit_id, 1)
    assert (case.upstream_since, counted("handled"), counted("reworked")) == (None, 0, 1)
    assert case.due_at > TUESDAY + DAY
    finish(case, handler, supervisor, at=TUESDAY + DAY)
    assert says(order, "accept", "N-2").status == "closed"
    assert list(UpstreamReview.objects.values_list("answer", flat=True)) == ["sent_back", "accepted"]
    assert (counted("closed"), counted("handled")) == (1, 1)


def test_a_result_is_sent_back_with_a_reason_and_answered_once(
    order: Incident, handler: Person, supervisor: Person
) -> None:
    with pytest.raises(ActionRefused) as refused:
        says(order, "accept")
    assert refused.value.code == "nothing_submitted"
    finish(order, handler, supervisor)
    with pytest.raises(InvalidInput) as missing:
        says(order, "send_back")
    assert (missing.value.field, missing.value.code) == ("text", "required")
    says(order, "accept")
    assert says(order, "accept").status == "closed"  # the same word again


@pytest.mark.parametrize("text", ["市民称仍不亮", ""])
def test_reopening_while_it_has_our_result_is_that_result_sent_back(
    order: Incident, handler: Person, supervisor: Person, operator: Person, text: str
) -> None:
    finish(order, handler, supervisor)
    report = Report.objects.get()
    with pytest.raises(ActionRefused):  # the city's word, and not the desk's
        apply_update(
            report=report, draft=UpdateDraft("N-0", "reopen"), actor=operator.actor, at=TUESDAY + DAY
        )
    case = says(order, "reopen", text=text)
    assert (case.status, case.rework_count, case.upstream_since) == ("handling", 1, None)
    assert UpstreamReview.objects.get().answer == "sent_back"
    assert says(order, "reopen", text=text).rework_count == 1  # the same word again
    with pytest.raises(ActionRefused) as refused:  # it is being done
        says(order, "reopen", "N-2")
    assert refused.value.code == "wrong_state"


def test_what_the_desk_answers_goes_up_too_and_comes_back_to_it(city: ApiClient, dispatcher: Person) -> None:
    case = file_order(city, nature="enquiry", category=None, text="请问居住证怎么办", place_type=None)
    actions.answer(number=case.number, text="带身份证到社区", actor=dispatcher.actor, at=TUESDAY)
    assert (reload(case).status, reload(case).outcome, counted("closed")) == ("resolved", "answered", 0)
    assert says(case, "send_back", text="没有说地址").status == "triage"
    actions.answer(number=case.number, text="带身份证到坪山街道", actor=dispatcher.actor, at=TUESDAY + DAY)
    assert says(case, "accept", "N-2").status == "closed"


def test_nobody_turns_away_what_came_from_above(city: ApiClient, dispatcher: Person) -> None:
    case = file_order(city, nature="enquiry", category=None, text="请问居住证怎么办", place_type=None)
    with pytest.raises(ActionRefused) as refused:
        actions.reject(number=case.number, reason="不归我们管", actor=dispatcher.actor, at=TUESDAY)
    assert refused.value.code == "upstream_decides"


@pytest.mark.parametrize(("agreed", "status"), [(True, "closed"), (False, "dispatched")])
def test_a_case_goes_back_only_if_its_source_agrees(
    order: Incident, dispatcher: Person, agreed: bool, status: str
) -> None:
    actions.ask_upstream(
        number=order.number, kind="return", reason="属高速公路", actor=dispatcher.actor, at=TUESDAY
    )
    assert reload(order).status == "dispatched"
    with pytest.raises(ActionRefused) as twice:
        actions.ask_upstream(
            number=order.number, kind="return", reason="再问", actor=dispatcher.actor, at=TUESDAY
        )
    assert twice.value.code == "already_asked"
    kind = "agree_return" if agreed else "refuse_return"
    case = says(order, kind, text="" if agreed else "属你区", at=TUESDAY)
    assert case.status == status
    assert (case.outcome == "withdrawn") is agreed


def test_more_time_is_the_sources_to_give(order: Incident, dispatcher: Person) -> None:
    says(order, "deadline", due_at=TUESDAY + timedelta(hours=2), at=TUESDAY)
    wanted = TUESDAY + timedelta(days=3)
    actions.ask_upstream(
        number=order.number,
        kind="extension",
        until=wanted,
        reason="等配件",
        actor=dispatcher.actor,
        at=TUESDAY,
    )
    assert Report.objects.get().outside_due_at == TUESDAY + timedelta(hours=2)
    says(order, "agree_extension", "N-2", at=TUESDAY)
    assert Report.objects.get().outside_due_at == wanted
    assert UpstreamRequest.objects.get().answer == "agreed"


def test_an_order_that_was_split_is_accepted_as_a_whole(
    order: Incident, handler: Person, supervisor: Person, dispatcher: Person
) -> None:
    part = actions.split(number=order.number, text="路面还有个坑", actor=dispatcher.actor, at=TUESDAY)
    finish(order, handler, supervisor)
    with pytest.raises(ActionRefused) as refused:
        says(order, "accept")
    assert refused.value.code == "incomplete"
    says(order, "chase", "N-2")
    assert reload(part).chased_count == 1
    actions.dispatch(
        number=part.number, item_code=reload(order).item_code, actor=dispatcher.actor, at=TUESDAY + DAY
    )
    finish(part, handler, supervisor, at=TUESDAY + DAY)
    says(order, "accept", "N-3", at=TUESDAY + 2 * DAY)
    assert [reload(order).status, reload(part).status] == ["closed", "closed"]


def test_two_sources_of_one_case_both_have_to_accept(
    city: ApiClient, order: Incident, handler: Person, supervisor: Person
) -> None:
    assert file_order(city, "W-2") == order  # the same lamp
    finish(order, handler, supervisor)
    assert says(order, "accept").status == "resolved"
    second = Report.objects.get(external_id="W-2")
    apply_update(report=second, draft=UpdateDraft("N-9", "accept"), actor=_client(second), at=TUESDAY + DAY)
    assert reload(order).status == "closed"


def test_a_withdrawal_ends_the_waiting(order: Incident, handler: Person, supervisor: Person) -> None:
    finish(order, handler, supervisor)
    case = says(order, "withdraw")
    assert (case.status, case.outcome) == ("closed", "solved")  # it was done, and stays so


def test_a_case_taken_out_again_leaves_no_result_waiting_for_nobody(
    order: Incident, handler: Person, supervisor: Person, dispatcher: Person
) -> None:
    lon, lat = LAMP_POINT
    other = file_report(
        external_id="R-1", source="city_app", at=TUESDAY, place=locate(lon=lon, lat=lat + 0.0028)
    )
    assert other != order
    actions.merge(number=order.number, into=other.number, actor=dispatcher.actor, at=TUESDAY)
    assert finish(other, handler, supervisor).upstream_since is not None
    actions.unmerge(number=order.number, actor=dispatcher.actor, at=TUESDAY + DAY)
    # What was done for the other one is done; nobody waits for the city's word on it.
    other = reload(other)
    assert (other.status, other.upstream_since, other.due_at) == ("closed", None, None)
    assert not other.timers.filter(kind=Timer.Kind.UPSTREAM, stopped_at=None).exists()
    assert counted("closed") == 1
    # The order is dealt with by itself, and goes up and is accepted as ever.
    actions.dispatch(
        number=order.number,
        item_code=other.item_code,
        actor=dispatcher.actor,
        at=TUESDAY + DAY,
    )
    assert finish(order, handler, supervisor, at=TUESDAY + DAY).upstream_since == TUESDAY + DAY
    assert says(order, "accept", at=TUESDAY + 2 * DAY).status == "closed"


def test_a_case_taken_out_leaves_the_others_before_their_source(
    city: ApiClient, order: Incident, handler: Person, supervisor: Person, dispatcher: Person
) -> None:
    lon, lat = LAMP_POINT
    other = file_order(city, "W-2", place=locate(lon=lon, lat=lat + 0.0028))
    assert other != order
    actions.merge(number=order.number, into=other.number, actor=dispatcher.actor, at=TUESDAY)
    finish(other, handler, supervisor)
    actions.unmerge(number=order.number, actor=dispatcher.actor, at=TUESDAY + DAY)
    assert reload(other).upstream_since == TUESDAY
    open_ones = UpstreamReview.objects.filter(answered_at=None)
    assert [review.report.external_id for review in open_ones] == ["W-2"]


def test_nothing_is_merged_into_what_is_called_done(
    order: Incident, handler: Person, supervisor: Person, dispatcher: Person
) -> None:
    """It would be closed with it, though nobody has been there."""
    lon, lat = LAMP_POINT
    live = file_report(external_id="R-1", source="city_app", place=locate(lon=lon, lat=lat + 0.0028))
    finish(order, handler, supervisor)
    with pytest.raises(ActionRefused) as refused:
        actions.merge(number=live.number, into=order.number, actor=dispatcher.actor, at=TUESDAY)
    assert refused.value.code == "wrong_state"
    assert says(order, "accept").status == "closed"
    assert reload(live).status == "dispatched"


def test_the_centre_may_enter_the_sources_word(order: Incident, handler: Person, supervisor: Person) -> None:
    finish(order, handler, supervisor)
    actions.answer_upstream(number=order.number, accepted=True, actor=supervisor.actor, at=TUESDAY + DAY)
    assert reload(order).status == "closed"


def test_a_source_that_asks_for_nothing_gets_nothing(
    lamp_case: Incident, handler: Person, supervisor: Person
) -> None:
    assert finish(lamp_case, handler, supervisor).status == "closed"
    assert not policy.can(supervisor.user, Action.ASK_UPSTREAM, lamp_case)
