"""What the page of a simulated year shows: sentences by rules, bars as shares of a width, tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from dashboards.simulated.words import (
    ASSUMED,
    DONE,
    FITTED,
    GROUPS,
    MEASURED,
    NAMES,
    PARTS,
    SMALL,
    TAG_STATES,
    TAGS,
    Input,
)

WAYS: Final = ("hand", "platform")
DIGITS: Final = 2
# Beside the published figure by no more than this much of it, a simulated one is called the same.
_CLOSE = 0.10


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the comparison; widths and places in percent of the chart."""

    name: str
    value: float
    width: float
    is_published: bool
    way: str
    low: float | None = None
    high: float | None = None
    low_at: float = 0.0
    reach: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """A part of a duration in both ways."""

    name: str
    hand: float
    platform: float
    hand_width: float
    platform_width: float

    @property
    def change(self) -> float:
        return self.platform - self.hand


def mean(told: Mapping[str, Any], what: str, way: str) -> float:
    """The mean of all runs."""
    return float(told["figures"][what][way]["mean"])


def title(told: Mapping[str, Any]) -> str:
    """The finding, in figures that the runs gave."""
    numbers = {f"{what}_{way}": _number(mean(told, what, way)) for what in PARTS for way in WAYS}
    return (
        _(
            "The same reports, the same hands: dispatch goes from %(dispatch_hand)s to "
            "%(dispatch_platform)s hours, handling from %(handling_hand)s to %(handling_platform)s days"
        )
        % numbers
    )


def verdicts(told: Mapping[str, Any]) -> list[str]:
    """How the simulated change compares with the published one, for each duration."""
    return [_verdict(told, what) for what in PARTS]


def _verdict(told: Mapping[str, Any], what: str) -> str:
    before, after = told["published"][what]
    simulated = 1 - mean(told, what, "platform") / mean(told, what, "hand")
    numbers = {"simulated": f"{simulated:.0%}", "published": f"{1 - after / before:.0%}"}
    gap = mean(told, what, "platform") / after - 1
    if what == "dispatch":
        if gap < -_CLOSE:
            return (
                _("Dispatch: %(simulated)s less, published %(published)s. Quicker than what was published.")
                % numbers
            )
        if gap > _CLOSE:
            return (
                _("Dispatch: %(simulated)s less, published %(published)s. Slower than what was published.")
                % numbers
            )
        return _("Dispatch: %(simulated)s less, published %(published)s. About the same.") % numbers
    if gap < -_CLOSE:
        return (
            _("Handling: %(simulated)s less, published %(published)s. Quicker than what was published.")
            % numbers
        )
    if gap > _CLOSE:
        return (
            _("Handling: %(simulated)s less, published %(published)s. Slower than what was published.")
            % numbers
        )
    return _("Handling: %(simulated)s less, published %(published)s. About the same.") % numbers


def comparison(told: Mapping[str, Any], what: str) -> list[Bar]:
    """Published and simulated, before and after, on one scale from zero."""
    figures, (before, after) = told["figures"][what], told["published"][what]
    ends = [figures[way]["high"] or figures[way]["mean"] for way in WAYS]
    whole = max(before, after, *ends) * 1.02
    rows = []
    for way, published, names in (
        ("hand", before, (_("Published, before"), _("Simulated, the old way"))),
        ("platform", after, (_("Published, after"), _("Simulated, this platform"))),
    ):
        one = figures[way]
        rows.append(Bar(names[0], published, 100 * published / whole, True, way))
        low, high = one["low"], one["high"]
        has_interval = low is not None and high is not None
        low = max(0.0, low) if has_interval else None
        rows.append(
            Bar(
                names[1],
                one["mean"],
                100 * one["mean"] / whole,
                False,
                way,
                low,
                high if has_interval else None,
                100 * low / whole if low is not None else 0.0,
                100 * (high - low) / whole if low is not None else 0.0,
            )
        )
    return rows


def parts(told: Mapping[str, Any], what: str) -> list[Row]:
    """What the time goes into; each column adds up to its mean."""
    means = {
        way: {
            part: _mean_of([run[way][what]["parts"].get(part, 0.0) for run in told["runs"]])
            for part in PARTS[what]
        }
        for way in WAYS
    }
    whole = max(max(found.values()) for found in means.values()) or 1.0
    return [
        Row(
            str(name),
            means["hand"][part],
            means["platform"][part],
            100 * means["hand"][part] / whole,
            100 * means["platform"][part] / whole,
        )
        for part, name in PARTS[what].items()
    ]


def parts_title(told: Mapping[str, Any]) -> str:
    """Where most of the change comes from, in both durations."""
    most = {what: min(parts(told, what), key=lambda row: row.change) for what in PARTS}
    return _(
        "Most is saved in “%(dispatch)s” (%(hours)s hours) when dispatching, in “%(handling)s” "
        "(%(days)s days) when handling"
    ) % {
        "dispatch": most["dispatch"].name,
        "hours": _number(abs(most["dispatch"].change)),
        "handling": most["handling"].name,
        "days": _number(abs(most["handling"].change)),
    }


def within(told: Mapping[str, Any], what: str) -> dict[str, Any]:
    """How many took no longer than so long, for frontend/board.js."""
    grid = [most for most, _share in told["runs"][0]["hand"][what]["within"]]
    unit = _("h") if what == "dispatch" else _("d")

    def line(way: str) -> list[float]:
        runs = [[share for _most, share in run[way][what]["within"]] for run in told["runs"]]
        return [round(100 * _mean_of(list(at)), 1) for at in zip(*runs, strict=True)]

    return {
        "kind": "line",
        "x": [f"{most:g} {unit}" for most in grid],
        "xName": _("No longer than"),
        "unit": "%",
        "digits": 1,
        "min": 0,
        "max": 100,
        "series": [
            {"name": _("The old way"), "data": line("hand"), "tone": "closed"},
            {"name": _("This platform"), "data": line("platform"), "tone": "primary"},
        ],
    }


def within_title(told: Mapping[str, Any], what: str, most: float) -> str:
    """The shares at one point of the curve, in words."""
    shares = {
        way: f"{_mean_of([dict(map(tuple, run[way][what]['within']))[most] for run in told['runs']]):.0%}"
        for way in WAYS
    }
    if what == "dispatch":
        return _("Sent within two hours: %(hand)s the old way, %(platform)s on this platform") % shares
    return _("Handled within a week: %(hand)s the old way, %(platform)s on this platform") % shares


def others(told: Mapping[str, Any]) -> list[dict[str, str]]:
    """Medians, ninetieths and shares beside the means."""

    def both(read: Any, show: Any) -> dict[str, str]:
        return {way: show(_mean_of([read(run[way]) for run in told["runs"]])) for way in WAYS}

    rows: list[tuple[str, Any, Any]] = [
        (_("Dispatch, median (hours)"), lambda run: run["dispatch"]["median"], _number),
        (_("Dispatch, nine in ten (hours)"), lambda run: run["dispatch"]["p90"], _number),
        (_("Handling, median (days)"), lambda run: run["handling"]["median"], _number),
        (_("Handling, nine in ten (days)"), lambda run: run["handling"]["p90"], _number),
        (_("Sent to the right unit at once"), lambda run: run["first_right"], _percent),
        (_("Units that a case is sent to (mean)"), lambda run: run["sendings"], _number),
        (_("Handled within the list's limit"), lambda run: run["within_limit"], _percent),
        (_("Time of the hands in use"), lambda run: run["busy"], _percent),
        (_("Cases, of all reports in the year"), lambda run: run["cases"], lambda value: f"{value:,.0f}"),
        (
            _("Not done when the run ended"),
            lambda run: run["cases"] - run["handled"],
            lambda value: f"{value:,.1f}",
        ),
    ]
    return [{"name": name} | both(read, show) for name, read, show in rows]


def assumptions(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every number that was put in, with where it comes from, and what the product did by itself."""
    found: list[dict[str, Any]] = []
    for code, group, inputs in GROUPS:
        rows = [_input(told, name, known) for name, known in inputs.items() if name in told["assumptions"]]
        if rows:
            found.append({"name": group, "rows": rows, "is_small": code == SMALL})
    done = [
        {
            "name": known.name,
            "value": _done(told, code, known),
            "unit": "",
            "why": known.why,
            "tag": TAGS[MEASURED],
            "state": TAG_STATES[MEASURED],
        }
        for code, known in DONE.items()
        if all(code in run["platform"]["measured"] for run in told["runs"])  # earlier runs told less
    ]
    found.append({"name": _("What the product did by itself"), "rows": done, "is_small": False})
    return sorted(found, key=lambda group: bool(group["is_small"]))


def _done(told: Mapping[str, Any], code: str, known: Input) -> str:
    found = _mean_of([run["platform"]["measured"][code] for run in told["runs"]])
    # Of a few, the mean of the runs is no whole number, and rounding would call some none.
    return _value(found if known.is_share else round(found, 1), known)


def _input(told: Mapping[str, Any], code: str, known: Input) -> dict[str, Any]:
    tag = FITTED if code in told["fitted"] else ASSUMED
    return {
        "name": known.name,
        "value": _value(told["assumptions"][code], known),
        "unit": known.unit,
        "why": known.why,
        "tag": TAGS[tag],
        "state": TAG_STATES[tag],
    }


def sensitivity(told: Mapping[str, Any], what: str) -> dict[str, Any] | None:
    """What the platform's figure becomes with one assumption changed, the strongest first."""
    varied = told["sensitivity"]
    if not varied:
        return None
    base = float(varied["base"][what]["platform"]["mean"])
    rows = [
        {
            "name": NAMES[row["name"]].name,
            "ends": [
                {
                    "value": _value(row[end]["value"], NAMES[row["name"]]),
                    "change": float(row[end][what]["platform"]["mean"]) - base,
                }
                for end in ("low", "high")
            ],
        }
        for row in varied["rows"]
        if row["name"] in NAMES
    ]
    widest = max((abs(end["change"]) for row in rows for end in row["ends"]), default=0.0) or 1.0
    for row in rows:
        for end in row["ends"]:
            end["width"] = 100 * abs(end["change"]) / widest
        row["swing"] = max(abs(end["change"]) for end in row["ends"])
    rows.sort(key=lambda row: -row["swing"])
    return {"base": base, "rows": rows, "scale": varied["scale"], "seeds": varied["seeds"]}


def sensitivity_title(told: Mapping[str, Any]) -> str:
    """Which assumption the handling time stands or falls with."""
    found = sensitivity(told, "handling")
    assert found is not None
    first = found["rows"][0]
    return _("“%(name)s” matters most: up to %(days)s days of handling") % {
        "name": first["name"],
        "days": _number(first["swing"]),
    }


def scales(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The same weeks at two scales, where they were run."""
    other = told["other"]
    if not other:
        return []
    beside = [(told["scale"]["one_in"], other["beside"]), (other["scale"]["one_in"], other["figures"])]
    return [
        {"one_in": one_in, "cells": [_with_interval(figures[what][way]) for what in PARTS for way in WAYS]}
        for one_in, figures in beside
    ]


def table(told: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Every figure as rows of a spreadsheet: of each seed and way, then what was put in."""
    yield ["seed", "one_in", "way", "figure", "value"]
    for run in told["runs"]:
        for way in WAYS:
            for name, value in _flat(run[way]):
                yield [run["seed"], run["one_in"], way, name, value]
    for name, value in sorted(told["assumptions"].items()):
        yield ["", "", "", f"assumption.{name}", value]
    for what, (before, after) in told["published"].items():
        yield ["", "", "before", f"published.{what}", before]
        yield ["", "", "after", f"published.{what}", after]


def _flat(found: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif name == "within":
            yield from ((f"{before}within.{most:g}", share) for most, share in value)
        else:
            yield f"{before}{name}", value


def _with_interval(one: Mapping[str, Any]) -> str:
    if one["low"] is None:
        return _number(one["mean"])
    return _("%(mean)s (%(low)s–%(high)s)") % {
        name: _number(max(0.0, one[name])) for name in ("mean", "low", "high")
    }


def _value(value: float, known: Input) -> str:
    if known.is_share:
        return f"{100 * value:.1f}".removesuffix(".0") + " %"
    return f"{value:,.2f}".rstrip("0").rstrip(".") if value != round(value) else f"{value:,.0f}"


def _number(value: float) -> str:
    # Rounded as the tables beside it are: number_format alone cuts.
    return str(number_format(f"{value:.{DIGITS}f}", decimal_pos=DIGITS, force_grouping=True))


def _percent(value: float) -> str:
    return f"{value:.0%}"


def _mean_of(values: Sequence[float]) -> float:
    return sum(values) / len(values)
