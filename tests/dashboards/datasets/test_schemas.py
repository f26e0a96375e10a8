"""A published field keeps its name and its type: whoever reads a data set by program is never surprised."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from dashboards.datasets import catalogue, published
from dashboards.datasets.catalogue import ALL, EVENTS
from dashboards.datasets.definition import DataSet, Field
from dashboards.datasets.fields import figure

TODAY = date(2026, 7, 7)


def test_what_was_published_stands() -> None:
    assert published.broken(ALL, published.read()) == []


def with_fields(*fields: Field, **changes: object) -> tuple[DataSet, ...]:
    """The catalogue with other fields of the events."""
    changed = replace(EVENTS, fields=fields, **changes)  # type: ignore[arg-type]
    return tuple(changed if one is EVENTS else one for one in ALL)


first, *others = EVENTS.fields


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ((replace(first, name="case"), *others), "events v1: event is called case, or stands elsewhere"),
        ((*others, first), "events v1: event is called received_on, or stands elsewhere"),
        ((first, *others[:-1]), "events v1: counted_on is gone"),
        (
            (*EVENTS.fields[:-1], replace(EVENTS.fields[-1], kind="integer")),
            "events v1: counted_on was date, and is integer",
        ),
        (
            (*EVENTS.fields[:3], replace(EVENTS.fields[3], codes="nature"), *EVENTS.fields[4:]),
            "events v1: source was text source, and is text nature",
        ),
    ],
)
def test_a_field_that_changes_needs_a_new_version(fields: tuple[Field, ...], problem: str) -> None:
    assert problem in published.broken(with_fields(*fields), published.read())


def test_a_new_field_comes_at_the_end_and_is_written_down() -> None:
    """Readers by name and readers by position both go on; but nobody forgets to publish it."""
    more = with_fields(*EVENTS.fields, figure("weather", "integer", "°C"))
    assert [one.partition(": ")[0] for one in published.broken(more, published.read())] == [
        "events v1 has fields that were not published"
    ]


def test_a_new_version_is_served_beside_the_old_one_until_its_day() -> None:
    newer = replace(EVENTS, version=2, fields=(*others, first))
    promised = {**published.read(), "events": {"1": published.shape(EVENTS), "2": published.shape(newer)}}
    # Without a day on which the old one ends nobody knows how long they have.
    assert published.broken((*ALL, newer), promised) == [
        "events v1 has a successor, and no day on which it ends"
    ]
    ending = replace(EVENTS, sunset=TODAY + timedelta(days=1))
    both = (*(one for one in ALL if one is not EVENTS), ending, newer)
    assert published.broken(both, promised) == []
    assert [one.version for one in catalogue.served(TODAY, both)["events"]] == [2, 1]
    assert [one.version for one in catalogue.served(TODAY + timedelta(days=1), both)["events"]] == [2]


def test_words_leave_as_codes_keys_or_official_names_alone() -> None:
    with pytest.raises(ValueError, match="words leave as codes"):
        Field("remark", "text", "What was remarked")
    of_people = [(one.code, field.name) for one in ALL for field in one.fields if field.rule == "official"]
    # Names of registers that stewards keep with four eyes; a new one is thought about here.
    assert {name for _code, name in of_people} == {
        "name_zh",
        "name_en",
        "domain_zh",
        "domain_en",
        "matter_zh",
    }
    assert {code for code, _name in of_people} == {"categories", "areas", "units", "responsibility-items"}
