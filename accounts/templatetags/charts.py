"""A chart in a page: its JSON for frontend/board.js, and the same numbers as a table for everybody."""

import math
from typing import Any

from django import template

register = template.Library()


@register.inclusion_tag("includes/chart_card.html")
def chart_card(
    chart: dict[str, Any],
    name: str,
    title: str = "",
    note: str = "",
    width: str = "span-6",
    css: str = "",
    csv: str = "",
) -> dict[str, Any]:
    """A chart and the same numbers as a table. `chart` is the JSON that frontend/board.js documents; `csv` is
    where the server writes the same as a file, for those without scripts too."""
    return {
        "chart": chart,
        "name": name,
        "title": title,
        "note": note,
        "width": width,
        "css": css,
        "csv": csv,
        "table": table_of(chart),
    }


def table_of(chart: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a chart as rows: its corner, heads and rows of a head, a link and cells."""
    links = chart.get("links") or [""] * len(chart["x"])
    if chart["kind"] == "range":
        rows = []
        for index, label in enumerate(chart["x"]):
            low, middle, high = chart["series"][0]["data"][index] or (None, chart["middles"][index], None)
            cells = [_cell(middle, chart), _cell(low, chart), _cell(high, chart)]
            rows.append(
                {"head": label, "link": links[index], "cells": [*cells, f"{chart['bases'][index]:,}"]}
            )
        heads = [chart["series"][0]["name"], chart["lowName"], chart["highName"], chart["baseName"]]
        return {"corner": chart.get("xName", ""), "heads": heads, "rows": rows}
    if chart["kind"] == "heat":
        values = {(x, y): value for x, y, value in chart["series"][0]["data"]}
        rows = [
            {
                "head": label,
                "link": "",
                "cells": [_cell(values.get((x, y)), chart) for x in range(len(chart["x"]))],
            }
            for y, label in enumerate(chart["y"])
        ]
        return {"corner": chart.get("yName", ""), "heads": chart["x"], "rows": rows}
    rows = [
        {
            "head": label,
            "link": links[index],
            "cells": [_cell(series["data"][index], chart) for series in chart["series"]],
        }
        for index, label in enumerate(chart["x"])
    ]
    return {
        "corner": chart.get("xName", ""),
        "heads": [series["name"] for series in chart["series"]],
        "rows": rows,
    }


def _cell(value: float | None, chart: dict[str, Any]) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "—"
    return f"{value:,.{chart.get('digits', 0)}f}"
