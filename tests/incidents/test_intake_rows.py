"""The statement that writes a batch: it says what the models say, column for column."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models
from hypothesis import given
from hypothesis import strategies as st

from incidents import actions
from incidents.intake import Receipt, Reporter, receive, rows, writing
from incidents.models import (
    Incident,
    IncidentReport,
    OutboxMessage,
    Outcome,
    PendingStage,
    Report,
    Text,
    TimelineEntry,
    Timer,
)
from incidents.models.incident import ResolutionOutcome
from incidents.models.making import made
from tests.cast import NOWHERE, TUESDAY, Person, draft
from tests.drawing import examples

WRITTEN = rows.WRITTEN


def values(row: models.Model) -> dict[str, Any]:
    """A row column by column; times of the machine's clock and the random code left out."""
    apart = {"recorded_at", "tracking_code"}
    return {
        field.attname: bytes(value) if isinstance(value, memoryview) else value
        for field in row._meta.concrete_fields
        if field.attname not in apart
        for value in [getattr(row, field.attname)]
    }


@pytest.mark.parametrize("model", WRITTEN)
def test_a_row_made_quickly_is_the_models_own(model: type[models.Model]) -> None:
    assert values(made(model)) == values(model())


def test_a_misspelt_column_is_an_error() -> None:
    with pytest.raises(TypeError, match="bodie"):
        made(Text, bodie="路灯坏了")


def test_what_a_relation_names_is_reached_from_the_row() -> None:
    incident = made(Incident, id=7, urgency="urgent")
    timer = made(Timer, incident=incident)
    assert (timer.incident_id, timer.incident.urgency) == (7, "urgent")


@pytest.mark.django_db
def test_a_receipt_holds_the_rows_as_they_were_written() -> None:
    told = receive(
        [
            draft(
                reporter=Reporter("王小明", "13812342207"), attributes={"线索": ["a", 1, None, {"b": 2.5}]}
            ),
            draft(place=NOWHERE, text="有人被困电梯,快来人"),
            draft(),
        ],
        at=TUESDAY,
    )
    for receipt in told:
        assert isinstance(receipt, Receipt)
        for row in (receipt.report, receipt.incident, receipt.decision):
            assert row is not None
            assert values(row) == values(type(row).objects.get(pk=row.pk))


def rows_of(incident: Incident) -> Iterator[models.Model]:
    """Every row of a case in the tables that intake writes."""
    for link in incident.links.all():
        yield from (link.report.text, link.report, link)
        if link.report.contact:
            yield link.report.contact
    yield incident
    for model in WRITTEN:
        if model not in (IncidentReport, Incident) and hasattr(model, "incident_id"):
            yield from model._default_manager.filter(incident_id=incident.pk)


@pytest.mark.django_db
def test_a_case_that_went_far_is_written_again_without_a_change(handler: Person, lamp_case: Incident) -> None:
    """With the columns that only later actions fill: none of them is lost by the statement."""
    actions.accept(number=lamp_case.number, actor=handler.actor, at=TUESDAY)
    actions.resolve(
        number=lamp_case.number,
        outcome=ResolutionOutcome.SOLVED,
        text="已更换灯泡",
        attested=True,
        actor=handler.actor,
        at=TUESDAY,
    )
    before = list(rows_of(Incident.objects.get(pk=lamp_case.pk)))
    assert {type(row) for row in before} >= {Text, Report, Incident, Timer, TimelineEntry}
    moved = {(type(row), row.pk): row.pk + 1_000_000 for row in before}
    told = []
    for row in before:
        for field in row._meta.concrete_fields:
            if field.primary_key or field.remote_field:
                target = field.remote_field.model if field.remote_field else type(row)
                value = moved.get((target, getattr(row, field.attname)))
            else:
                value = None
            if field.name == "incident_id":  # a stage knows its case by number alone
                value = moved[Incident, row.incident_id]  # type: ignore[attr-defined]
            if value is not None:
                setattr(row, field.attname, value)
        for name in ("external_id", "key", "tracking_code"):
            if hasattr(row, name):
                setattr(row, name, f"再{getattr(row, name)[1:]}")
        told.append(values(row))
    number = lamp_case.number
    rows.write(before, at=TUESDAY, base=0)
    for row, said in zip(before, told, strict=True):
        fresh = type(row)._default_manager.filter(pk=row.pk).first()
        if fresh is None:  # nothing points at it, so the database chose its id
            fresh = type(row)._default_manager.order_by("pk").filter(pk__gt=0).last()
            assert fresh is not None
        kept = values(fresh)
        if type(row) not in rows.DRAWN:
            del kept["id"], said["id"]
            found = [values(one) for one in type(row)._default_manager.all()]
            assert said in [{name: one[name] for name in said} for one in found]
            continue
        if isinstance(row, Incident):
            assert kept.pop("number") == row.number != number
            del said["number"]
        assert kept == said


def following(incident: Incident) -> list[tuple[str, dict[str, Any]]]:
    """The rows that follow from a case, in their order, with its ids told by what they are of."""
    links, sent = incident.links.all(), incident.assignments.all()
    names = {("case", incident.pk)}
    names |= {("report", link.report_id) for link in links}
    names |= {("decision", decision.pk) for decision in incident.decisions.all()}
    names |= {("sending", one.pk) for one in sent} | {("clock", clock.pk) for clock in incident.timers.all()}
    by_id = {str(pk): name for name, pk in names}
    assert len(by_id) == len(names), "two tables at one number: the ids cannot be told apart"

    def told(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: told(one) for key, one in value.items()}
        if isinstance(value, str) and ":" in value:
            return ":".join(by_id.get(part, part) for part in value.split(":"))
        return by_id.get(str(value), value) if type(value) is int else value

    return [
        (type(row).__name__, {name: told(value) for name, value in values(row).items() if name != "id"})
        for model in (IncidentReport, TimelineEntry, OutboxMessage, Outcome, PendingStage)
        for row in model._default_manager.filter(incident_id=incident.pk).order_by("pk")
    ]


@pytest.mark.django_db
def test_what_follows_from_a_plain_case_is_what_would_be_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database makes the same rows of a case, in the same order, as the code that others go by."""
    # So that an id tells its table; no larger, as who looks through all ids from the first does so in steps.
    with connection.cursor() as cursor:
        for place, table in enumerate(("incident", "report", "decisionrecord", "assignment", "timer"), 1):
            cursor.execute(f"SELECT setval('incidents_{table}_id_seq', %s)", [place * 100_000])
    drafts = [
        draft(joins=""),
        draft(joins="", occurred_at=TUESDAY - timedelta(hours=3), reporter=Reporter("王小明", "13812342207")),
        draft(joins="", place=NOWHERE, text="那个东西坏了"),
        draft(joins="", text="有人被困电梯,快来人"),
    ]
    found = []
    for is_plain in (True, False):
        if not is_plain:
            monkeypatch.setattr(writing, "_is_plain", lambda item, at: False)
        again = [replace(one, external_id=f"{at}-{is_plain}") for at, one in enumerate(drafts)]
        for receipt in receive(again, at=TUESDAY):
            assert isinstance(receipt, Receipt)
            found.append((receipt.incident.status, following(receipt.incident)))
    plain, laid_out = found[: len(drafts)], found[len(drafts) :]
    assert {status for status, _rows in plain} == {"triage", "dispatched"}
    assert plain == laid_out


texts = st.text(max_size=40)


@given(texts, st.floats(allow_nan=False, allow_infinity=False), st.booleans())
@examples(60)
@pytest.mark.django_db
def test_the_digest_of_a_report_stays_what_it_was(text: str, lon: float, given: bool) -> None:
    """Reports of before are recognised when they are sent again: the digest may never change."""
    import hashlib
    from dataclasses import asdict

    import orjson

    from grids.locate import Place

    one = draft(text=text or "x", place=Place(lon=lon, lat=1.5, cell="c"), category="0204" if given else None)
    content = asdict(one)
    content.pop("received_at")
    content.pop("digest")  # of doors that reckon their own
    content.pop("filed_at")  # of what came by the outer zone
    content.pop("tracking_code")
    content["reporter"].pop("email")  # asked for later: it counts where it was told
    content["place"] = {"lon": lon, "lat": 1.5, "area": "c"}
    try:
        told = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    except TypeError:  # half of a character: the parser lets none through
        return
    assert one.content_hash() == told
