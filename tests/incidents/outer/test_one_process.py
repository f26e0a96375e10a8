"""What the core believes of what comes from outside, and what is shown there afterwards: both zones in one
process, so that days can pass between what is said and what is fetched."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import override_settings
from django.utils import timezone

from incidents import actions
from incidents.actor import SYSTEM
from incidents.errors import ActionRefused
from incidents.intake import Reporter
from incidents.models import Incident, Report
from incidents.models.incident import Status
from incidents.models.outer import OuterArrival, OuterItem, OuterLink, OuterPage, OuterPushed
from incidents.outer import answers, exchange, keys, pages, publishing, reaching, taking, wire, zone
from incidents.privacy import ageing, subject
from incidents.public.answering import ADDED_MOST
from incidents.public.facts import Answer, Complaint, Phase
from tests.cast import LAMP_CATEGORY, LAMP_POINT, LAMP_TEXT, TUESDAY, file_report, reload

pytestmark = pytest.mark.django_db
PRIVATE, PUBLIC = keys.new_pair()
CLOSED = TUESDAY + timedelta(hours=3)
WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)
PHONE = "13812342207"


@pytest.fixture(autouse=True)
def both_zones() -> Iterator[None]:
    with override_settings(OUTER_SECRET="s" * 40, OUTER_SEAL_KEY=PUBLIC, OUTER_OPEN_KEYS=[PRIVATE]):
        OuterLink.objects.create(pk=1, published_at=timezone.now())
        yield


def exchanged(*, at: datetime, times: int = 2) -> int:
    """So many exchanges; the second acknowledges what the first fetched, and brings its pages."""
    taken = 0
    for _time in range(times):
        body = reaching.message(publishing.made(None, at=at), at=at)
        said = exchange.answered(body, keys.signature(keys.CORE_SAYS, body), now=at, is_live=False)
        taken += reaching.accept(answers.opened(body, *said), at=at)
    return taken


def complaint(**told: Any) -> Complaint:
    lon, lat = LAMP_POINT
    return Complaint(**{"form": uuid4().hex, "text": LAMP_TEXT, "lon": lon, "lat": lat, **told})


def seal(said: dict[str, Any], *, filed_at: datetime) -> UUID:
    """What whoever has the outer zone puts among what waits there."""
    item = uuid4()
    body = keys.seal(wire.written(said), about=zone.about(item, filed_at))
    OuterItem.objects.create(item=item, filed_at=filed_at, body=body, photos=[])
    return item


def code_of(case: Incident) -> str:
    return case.links.get().report.tracking_code


def notes(code: str, *, at: datetime) -> list[str]:
    return [step.note for step in pages.tracked(code, at=at).steps]


@pytest.fixture
def closed_case(resolved_case: Incident) -> Incident:
    """Its page is outside."""
    actions.verify(number=resolved_case.number, fixed=True, actor=SYSTEM, at=CLOSED)
    publishing.want([resolved_case.links.get().report_id], at=CLOSED)
    exchanged(at=CLOSED)
    return reload(resolved_case)


# --- when it was said -----------------------------------------------------------------------------


def test_an_objection_in_time_is_in_time_however_late_the_core_comes(closed_case: Incident) -> None:
    zone.answer(code_of(closed_case), kind=Answer.OBJECT, text="晚上还是不亮", at=CLOSED + WEEK - HOUR)
    exchanged(at=CLOSED + WEEK + 20 * HOUR)
    assert reload(closed_case).status == Status.HANDLING
    assert OuterArrival.objects.get(kind="object").problem == ""


def test_an_objection_too_late_is_refused_outside(closed_case: Incident) -> None:
    with pytest.raises(ActionRefused):
        zone.answer(code_of(closed_case), kind=Answer.OBJECT, text="晚了", at=CLOSED + WEEK + HOUR)


def test_an_objection_that_was_dated_back_outside_is_too_late(closed_case: Incident) -> None:
    exchanged(at=CLOSED + WEEK + HOUR)  # nothing waited there then
    said = {"code": code_of(closed_case), "answer": "object", "rating": {}, "text": "x", "photos": []}
    seal({"kind": "object", **said}, filed_at=CLOSED + HOUR)
    exchanged(at=CLOSED + WEEK + 2 * HOUR)
    assert OuterArrival.objects.get(kind="object").problem == "too_late"
    assert reload(closed_case).status == Status.CLOSED


def test_a_report_counts_from_when_it_was_filed_while_the_core_was_away() -> None:
    exchanged(at=TUESDAY)
    zone.submit(complaint(), at=TUESDAY + HOUR)
    exchanged(at=TUESDAY + timedelta(days=3))
    assert Report.objects.get().received_at == TUESDAY + HOUR


def test_a_report_that_was_not_there_before_is_not_of_before() -> None:
    """Its limits would be over at once, and counted against units."""
    exchanged(at=TUESDAY)
    seal(
        {"kind": "complaint", "complaint": complaint(tracking_code="ABCDE-FGHJK")},
        filed_at=TUESDAY - timedelta(days=30),
    )
    exchanged(at=TUESDAY + HOUR)
    assert Report.objects.get().received_at == TUESDAY - taking.ON_ITS_WAY
    assert OuterArrival.objects.get().filed_at == TUESDAY - timedelta(days=30)


def test_what_was_left_there_for_the_next_time_keeps_its_time() -> None:
    for number in range(reaching.ITEMS + 1):
        zone.submit(complaint(text=f"{LAMP_TEXT}{number}"), at=TUESDAY + number * HOUR)
    exchanged(at=TUESDAY + timedelta(days=2), times=1)
    exchanged(at=TUESDAY + timedelta(days=3))
    last = Report.objects.order_by("received_at").last()
    assert last is not None
    assert last.received_at == TUESDAY + reaching.ITEMS * HOUR


# --- what is believed -----------------------------------------------------------------------------


def test_whoever_has_the_outer_zone_files_no_more_than_a_form_does(hotline: Any) -> None:
    client, _token = hotline
    other = file_report(text="别的事：路面有个坑", category=None)
    forged = complaint(
        tracking_code="ABCDE-FGHJK",
        client=client.pk,
        joins=other.number,
        category="0101",
        attributes={"severity": "high"},
        digest="1",
        place_type="school",
        occurred_at=TUESDAY - timedelta(days=9),
    )
    seal({"kind": "complaint", "complaint": forged}, filed_at=TUESDAY)
    exchanged(at=TUESDAY + HOUR)
    report = Report.objects.get(tracking_code="ABCDE-FGHJK")
    assert report.source == "resident_form"
    assert report.attributes == {}
    assert (report.content_hash, report.occurred_at) != ("1", TUESDAY - timedelta(days=9))
    assert report.links.get().incident.pk != other.pk
    assert report.links.get().incident.category_id == LAMP_CATEGORY
    assert reload(other).report_count == 1


def test_no_report_is_swallowed_by_the_form_that_another_says_it_was() -> None:
    zone.submit(complaint(), at=TUESDAY)
    exchanged(at=TUESDAY)
    other = Report.objects.get().external_id
    forged = complaint(text="路面有个坑", tracking_code="ABCDE-FGHJK", earlier=other)
    seal({"kind": "complaint", "complaint": forged}, filed_at=TUESDAY)
    exchanged(at=TUESDAY + timedelta(minutes=1))
    assert Report.objects.filter(tracking_code="ABCDE-FGHJK").exists()


@pytest.mark.parametrize("kind", ["prove", "stop_all_texts", "leave", "anything"])
def test_what_a_ticket_opens_is_not_said_from_outside(kind: str) -> None:
    case = file_report()
    said = {"code": code_of(case), "answer": kind, "rating": {}, "text": "1", "photos": []}
    seal({"kind": kind[:16], **said}, filed_at=TUESDAY)
    exchanged(at=TUESDAY + HOUR)
    assert OuterArrival.objects.get().problem == taking.TAMPERED


def test_one_malformed_row_of_an_answer_ends_no_round() -> None:
    zone.submit(complaint(), at=TUESDAY)
    body = reaching.message(publishing.made(None, at=TUESDAY), at=TUESDAY)
    said, _mark = exchange.answered(body, keys.signature(keys.CORE_SAYS, body), now=TUESDAY, is_live=False)
    told = wire.plain(said)
    good = told["items"][0]
    undated = {"item": uuid4().hex, "filed_at": "yesterday", "body": "", "photos": {}}
    naive = {"item": uuid4().hex, "filed_at": "2026-07-07T02:00:00", "body": "%", "photos": []}
    told["items"] = [None, {}, {"item": 5}, undated, naive, {**good, "item": "x"}, good]
    body_said = wire.written(told)
    answer = answers.opened(body, body_said, keys.signature(keys.OUTER_SAYS, body_said))
    reaching.accept(answer, at=TUESDAY + HOUR)
    assert Report.objects.count() == 1
    assert OuterArrival.objects.filter(problem=taking.TAMPERED).count() == 2


@pytest.mark.parametrize("broken", [{"now": "soon"}, {"waiting": "x"}, {"items": 5}, {"kept": [1]}])
def test_an_answer_that_is_none_is_a_zone_that_was_not_reached(broken: dict[str, Any]) -> None:
    body = reaching.message(publishing.made(None, at=TUESDAY), at=TUESDAY)
    said, _mark = exchange.answered(body, keys.signature(keys.CORE_SAYS, body), now=TUESDAY, is_live=False)
    changed = wire.written({**wire.plain(said), **broken})
    with pytest.raises(reaching.Unreached):
        answers.opened(body, changed, keys.signature(keys.OUTER_SAYS, changed))


def test_nothing_is_acknowledged_that_was_not_told() -> None:
    OuterArrival.objects.create(item=uuid4(), filed_at=TUESDAY, taken_at=TUESDAY)
    later = OuterArrival(item=uuid4(), filed_at=TUESDAY, taken_at=TUESDAY)
    body = reaching.message(publishing.made(None, at=TUESDAY), at=TUESDAY)
    later.save()
    said, _mark = exchange.answered(body, keys.signature(keys.CORE_SAYS, body), now=TUESDAY, is_live=False)
    told = wire.plain(said)
    told["dropped"].append(later.pk.hex)
    changed = wire.written(told)
    reaching.accept(answers.opened(body, changed, keys.signature(keys.OUTER_SAYS, changed)), at=TUESDAY)
    assert list(OuterArrival.objects.filter(is_told=False)) == [later]


# --- what is shown afterwards ---------------------------------------------------------------------


def test_what_was_refused_is_off_the_page_with_the_next_push(closed_case: Incident) -> None:
    case = file_report(text="南联社区植物园路的井盖不见了", category="0201")
    code = code_of(case)
    publishing.want([case.links.get().report_id], at=TUESDAY)
    exchanged(at=TUESDAY)
    for number in range(ADDED_MOST + 1):
        zone.answer(code, kind=Answer.ADD, text=f"补充{number}", at=TUESDAY + HOUR)
        assert f"补充{number}" in notes(code, at=TUESDAY + HOUR)
        exchanged(at=TUESDAY + HOUR)
    assert OuterArrival.objects.get(problem="too_many").kept == b""
    told = notes(code, at=TUESDAY + HOUR)
    assert "补充0" in told
    assert f"补充{ADDED_MOST}" not in told


def test_a_form_sent_again_after_it_was_fetched_leaves_the_page_as_it_is() -> None:
    told = complaint()
    code = zone.submit(told, at=TUESDAY)["tracking_code"]
    exchanged(at=TUESDAY + HOUR)
    before = pages.tracked(code, at=TUESDAY + HOUR)
    assert before.phase != Phase.RECEIVED
    again = zone.submit(replace(told, text="改过的话"), at=TUESDAY + HOUR)
    assert (again["tracking_code"], again["created"]) == (code, False)
    assert not OuterItem.objects.exists()
    assert pages.tracked(code, at=TUESDAY + HOUR) == before


def test_an_item_that_comes_again_after_it_was_acknowledged_is_acknowledged_again() -> None:
    """As of an outer zone that was put back from a copy."""
    code = zone.submit(complaint(), at=TUESDAY)["tracking_code"]
    row = OuterItem.objects.values().get()
    exchanged(at=TUESDAY + HOUR)
    shown = OuterPage.objects.get().body
    OuterPage.objects.update(body=b"of before", digest="")
    OuterItem.objects.create(**row)
    exchanged(at=TUESDAY + HOUR)
    assert not OuterItem.objects.exists()
    assert Report.objects.count() == 1
    assert OuterPage.objects.get().body != b"of before"
    assert len(OuterPage.objects.get().body) == len(shown)
    assert pages.tracked(code, at=TUESDAY + HOUR).phase != Phase.RECEIVED


def test_the_page_of_a_case_that_goes_on_is_brought_again_before_it_expires(
    closed_case: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lie there of cases that are over."""
    monkeypatch.setattr(publishing, "_RENEWED", 1)
    case = file_report(text="南联社区植物园路的井盖不见了", category="0201", at=CLOSED)
    publishing.want([case.links.get().report_id], at=CLOSED)
    exchanged(at=CLOSED)
    OuterPushed.objects.filter(report__links__incident=closed_case).update(expires_at=CLOSED)
    later = CLOSED + timedelta(days=60)
    publishing.renew(at=later)
    assert list(OuterPushed.objects.filter(wanted_at=later).values_list("report", flat=True)) == [
        case.links.get().report_id
    ]


# --- what must not be kept ------------------------------------------------------------------------


@pytest.fixture
def aside(settings: Any) -> OuterArrival:
    """A resident's words that no rule lets in, with their number."""
    said = complaint(tracking_code="ABCDE-FGHJK", text="", phone=PHONE, name="王小明", address="3栋1204房")
    seal({"kind": "complaint", "complaint": said}, filed_at=TUESDAY)
    exchanged(at=TUESDAY + HOUR)
    arrival = OuterArrival.objects.get()
    assert (arrival.problem, bool(arrival.kept)) == ("required", True)
    return arrival


def test_the_page_of_what_was_set_aside_does_not_wait_to_be_fetched(aside: OuterArrival) -> None:
    told = pages.tracked("ABCDE-FGHJK", at=TUESDAY + HOUR)
    assert told.phase == Phase.DECLINED
    assert "12345" in told.answer
    assert "3栋1204房" in told.address
    assert (told.may_add, told.may_withdraw) == (False, False)
    # Nor does a look at what everybody may see take it away.
    publishing.look_at_the_public(at=TUESDAY + 2 * HOUR)
    exchanged(at=TUESDAY + 2 * HOUR)
    assert pages.tracked("ABCDE-FGHJK", at=TUESDAY + 2 * HOUR) == told


def test_erasing_takes_away_the_page_of_what_was_set_aside(aside: OuterArrival) -> None:
    subject.erase(PHONE, done_by="o", reason="r", at=TUESDAY + 2 * HOUR)
    exchanged(at=TUESDAY + 2 * HOUR)
    assert not OuterPage.objects.filter(key__startswith=keys.OF_REPORT).exists()
    assert not OuterPushed.objects.filter(key__startswith=keys.OF_REPORT).exists()


@pytest.mark.parametrize("is_fetched", [True, False])
def test_what_is_taken_in_at_last_has_its_own_page(is_fetched: bool, settings: Any) -> None:
    settings.REPORT_TEXT_MAX, most = 3, settings.REPORT_TEXT_MAX
    said = complaint(tracking_code="ABCDE-FGHJK")
    seal({"kind": "complaint", "complaint": said}, filed_at=TUESDAY)
    exchanged(at=TUESDAY + HOUR, times=2 if is_fetched else 1)
    assert OuterPage.objects.filter(key__startswith=keys.OF_REPORT).count() == is_fetched
    settings.REPORT_TEXT_MAX = most
    assert taking.again(at=TUESDAY + 2 * HOUR) == 1
    publishing.look_for_changes(at=TUESDAY + 2 * HOUR)
    exchanged(at=TUESDAY + 2 * HOUR)
    assert pages.tracked("ABCDE-FGHJK", at=TUESDAY + 2 * HOUR).phase != Phase.DECLINED
    assert OuterPushed.objects.get(key__startswith=keys.OF_REPORT).report is not None


def test_a_report_keeps_its_page_when_somebody_seals_another_with_its_code() -> None:
    report = file_report().links.get().report
    publishing.want([report.pk], at=TUESDAY)
    exchanged(at=TUESDAY)
    before = pages.tracked(report.tracking_code, at=TUESDAY)
    forged = complaint(tracking_code=report.tracking_code, text="")
    seal({"kind": "complaint", "complaint": forged}, filed_at=TUESDAY)
    exchanged(at=TUESDAY + HOUR)
    assert OuterArrival.objects.get().problem == "required"
    assert pages.tracked(report.tracking_code, at=TUESDAY + HOUR) == before


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "x" * 100, "code": "ABCDE-FGHJK", "answer": "add"},
        {"kind": "add", "code": "\x00", "answer": "add", "rating": {}, "text": "x", "photos": []},
        {"kind": "complaint", "complaint": complaint(tracking_code="\x00")},
        {"kind": "complaint", "complaint": complaint(tracking_code="ABCDE-FGHJK", form="\x00")},
    ],
)
def test_what_no_column_takes_ends_no_round(said: dict[str, Any]) -> None:
    seal(said, filed_at=TUESDAY)
    zone.submit(complaint(), at=TUESDAY)
    exchanged(at=TUESDAY + HOUR)
    assert Report.objects.count() == 1
    assert OuterArrival.objects.exclude(kept=b"").count() == 1


def test_who_asks_for_a_copy_gets_what_was_set_aside(aside: OuterArrival) -> None:
    body, _request = subject.copy(PHONE, done_by="o", reason="r", at=TUESDAY + 2 * HOUR)
    assert "3栋1204房".encode() in unzipped(body)
    body, _request = subject.copy("13900000000", done_by="o", reason="r", at=TUESDAY + 2 * HOUR)
    assert "3栋1204房".encode() not in unzipped(body)


def unzipped(body: bytes) -> bytes:
    import io
    import zipfile

    return zipfile.ZipFile(io.BytesIO(body)).read("data.json")


def test_who_asks_to_be_forgotten_is_taken_out_of_what_was_set_aside(aside: OuterArrival) -> None:
    subject.erase("13900000000", done_by="o", reason="r", at=TUESDAY + 2 * HOUR)
    assert OuterArrival.objects.get().kept
    gone, _open, _request = subject.erase(PHONE, done_by="o", reason="r", at=TUESDAY + 2 * HOUR)
    assert gone.reports == 1
    assert OuterArrival.objects.get().kept == b""


def test_what_was_set_aside_is_not_kept_for_good(aside: OuterArrival) -> None:
    ageing.forget_the_rest(at=TUESDAY + timedelta(days=80))
    assert OuterArrival.objects.get().kept
    ageing.forget_the_rest(at=TUESDAY + timedelta(days=92))
    assert OuterArrival.objects.get().kept == b""


def test_erasing_reaches_the_page_outside_of_a_case_that_is_over_for_long() -> None:
    said = "路灯坏了，我住翠园小区3栋1204房"
    case = file_report(text=said, reporter=Reporter(name="王小明", phone=PHONE))
    report = case.links.get().report
    Incident.objects.filter(pk=case.pk).update(
        status="closed", outcome="solved", closed_at=CLOSED, resolved_at=CLOSED, due_at=None, clock_kind=""
    )
    later = CLOSED + timedelta(days=100)
    publishing.want([report.pk], at=later)
    exchanged(at=later)
    assert pages.tracked(report.tracking_code, at=later).words == said
    subject.erase(PHONE, done_by="o", reason="r", at=later + HOUR)
    exchanged(at=later + HOUR)
    assert "1204" not in str(pages.tracked(report.tracking_code, at=later + HOUR))


def test_a_page_that_nobody_may_follow_any_more_is_taken_away() -> None:
    case = file_report(reporter=Reporter(name="王小明", phone=PHONE))
    report = case.links.get().report
    publishing.want([report.pk], at=TUESDAY)
    exchanged(at=TUESDAY)
    assert OuterPage.objects.count() == 1
    case.links.update(unlinked_at=TUESDAY + HOUR)
    subject.erase(PHONE, done_by="o", reason="r", at=TUESDAY + HOUR)
    exchanged(at=TUESDAY + HOUR)
    assert not OuterPage.objects.exists()
