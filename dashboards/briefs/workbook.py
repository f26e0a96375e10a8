"""A brief as an Excel workbook: numbers as numbers, and charts that Excel draws of its own cells.

Every word goes in as text, whatever it begins with: no cell of ours is a formula.
"""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from xlsxwriter.worksheet import Worksheet

from dashboards.briefs import drawing, wording
from dashboards.briefs.shown import Sheet
from dashboards.indicators import ALL, BY_CODE, UNIT_WORDS
from dashboards.models import Brief

_FONT: Final = "Microsoft YaHei"
_BLUE, _GREY, _RED = "#1A55BE", "#7A8794", "#B3261E"
_FORMATS: Final = {"hours": "0.00", "days": "0.00", "share": "0.0%", "cases": "#,##0", "points": "0.0"}
# A cell holds no more; a sheet's name no more either.
_CELL_MOST: Final = 32_000


def build(brief: Brief, sheet: Sheet, *, at: datetime) -> bytes:
    """The workbook's bytes."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "nan_inf_to_errors": False,
        },
    )
    book.set_properties(
        {
            "title": sheet.title,
            "subject": sheet.period,
            "author": sheet.office,
            "created": timezone.localtime(at).replace(tzinfo=None),
        }
    )
    _Book(book, brief, sheet).write()
    book.close()
    return file.getvalue()


class _Book:
    """The workbook being written."""

    def __init__(self, book: xlsxwriter.Workbook, brief: Brief, sheet: Sheet) -> None:
        self.book, self.brief, self.sheet = book, brief, sheet
        self.figures, self.names = sheet.figures, sheet.names
        font = {"font_name": _FONT, "font_size": 10, "valign": "vcenter"}
        add = book.add_format
        self.plain = add(font)
        self.wrapped = add({**font, "text_wrap": True, "valign": "top"})
        self.title = add({**font, "font_size": 16, "bold": True})
        self.finding = add({**font, "font_size": 12, "bold": True, "text_wrap": True, "valign": "top"})
        self.muted = add({**font, "font_color": "#566579"})
        self.head = add({**font, "bold": True, "bottom": 1, "text_wrap": True, "bg_color": "#EEF2F6"})
        self.head_right = add(
            {**font, "bold": True, "bottom": 1, "text_wrap": True, "bg_color": "#EEF2F6", "align": "right"}
        )
        self.day = add({**font, "num_format": "yyyy-mm-dd", "align": "left"})
        self.numbers = {unit: add({**font, "num_format": code}) for unit, code in _FORMATS.items()}

    def write(self) -> None:
        self._summary()
        self._indicators()
        self._line()
        self._places()
        self._ranking(_("By matter"), self.figures["matters"], self.sheet.figures_title("matters"))
        if self.figures["units"]:
            self._ranking(_("By unit"), self.figures["units"], self.sheet.figures_title("units"))
        self._days()
        self._definitions()

    # --- cells ------------------------------------------------------------------------------------

    def _add(self, name: str, title: str, widths: Sequence[float], *, wide: bool = True) -> Worksheet:
        """A sheet with its heading; its table begins in row 4 (counted from 0: 3)."""
        page = self.book.add_worksheet(name[:31])
        page.hide_gridlines(2)
        page.set_paper(9)
        if wide:
            page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_footer(f"&L{self._safe(self.sheet.title)} {self._safe(self.sheet.period)}&R&P / &N")
        for column, width in enumerate(widths):
            page.set_column(column, column, width, self.plain)
        page.write_string(0, 0, self._cut(title), self.title)
        page.write_string(
            1, 0, " · ".join([self.sheet.period, self.sheet.serial, self.sheet.dated]), self.muted
        )
        return page

    @staticmethod
    def _safe(words: str) -> str:
        return words.replace("&", "&&")[:80]

    @staticmethod
    def _cut(words: str) -> str:
        return words[:_CELL_MOST]

    def _heads(self, page: Worksheet, row: int, heads: Sequence[str], text: int = 1) -> None:
        for column, head in enumerate(heads):
            page.write_string(row, column, head, self.head if column < text else self.head_right)

    def _number(self, page: Worksheet, row: int, column: int, value: float | None, unit: str) -> None:
        """A number in its own unit, or an empty cell: a dash would make the column text."""
        if value is None:
            page.write_blank(row, column, None, self.plain)
        else:
            page.write_number(row, column, value, self.numbers[unit])

    def _text(self, page: Worksheet, row: int, column: int, words: str, style: Any = None) -> None:
        page.write_string(row, column, self._cut(words), style or self.plain)

    # --- sheets -----------------------------------------------------------------------------------

    def _summary(self) -> None:
        sheet = self.sheet
        page = self._add(_("Brief"), sheet.title, (34, 14, 12, 12, 14, 30), wide=False)
        self._text(page, 2, 0, sheet.edition, self.muted)
        words = sheet.verdict_line
        page.merge_range(3, 0, 3, 5, "", self.finding)
        page.write_string(3, 0, self._cut(words), self.finding)
        page.set_row(3, 48)
        self._heads(
            page,
            5,
            (_("Indicator"), sheet.heads[0], _("Target"), sheet.heads[1], _("A year before"), _("Judgement")),
        )
        by_code = {one["code"]: one for one in self.figures["indicators"]}
        row = 6
        for line in sheet.rows:
            one, unit = by_code[line.code], BY_CODE[line.code].unit
            name = f"{line.name} ({line.unit})" if line.unit else line.name
            self._text(page, row, 0, name)
            for column, field in ((1, "value"), (2, "target"), (3, "before"), (4, "year_before")):
                self._number(page, row, column, one[field], unit)
            self._text(page, row, 5, line.verdict)
            row += 1
        row += 1
        if sheet.problems:
            self._text(page, row, 0, sheet.problems_title, self.head)
            heads = (_("Problem"), _("Measured"), _("Cause"), _("Advice"), _("Unit"), _("By when"))
            self._heads(page, row + 1, heads, text=6)
            row += 2
            for problem in sheet.problems:
                name = " · ".join(part for part in (problem.name, problem.place) if part)
                cells = (
                    name, problem.measured, problem.cause, problem.advice, problem.unit, problem.due
                )  # fmt: skip
                for column, cell in enumerate(cells):
                    self._text(page, row, column, cell, self.wrapped)
                page.set_row(row, 60)
                row += 1
            row += 1
        for title, lines in (
            (
                sheet.followed_title,
                [
                    " · ".join(
                        part for part in (line.mark, line.name, line.stage, line.came, line.words) if part
                    )
                    for line in sheet.followed
                ],
            ),
            (_("What is coming"), [sheet.outlook] if sheet.outlook else []),
            (_("You decide"), [sheet.decision] if sheet.decision else []),
        ):
            if not lines:
                continue
            self._text(page, row, 0, title, self.head)
            for said in lines:
                row += 1
                page.merge_range(row, 0, row, 5, "", self.wrapped)
                page.write_string(row, 0, self._cut(said), self.wrapped)
                page.set_row(row, 32)
            row += 2
        page.merge_range(row, 0, row, 5, "", self.wrapped)
        page.write_string(row, 0, self._cut(sheet.foot), self.wrapped)
        page.set_row(row, 48)
        page.activate()

    def _indicators(self) -> None:
        page = self._add(_("All indicators"), _("All indicators"), (36, 10, 12, 12, 12, 12, 12, 60))
        heads = (
            _("Indicator"), _("Unit of measure"), self.sheet.heads[0], _("Target"), self.sheet.heads[1],
            _("A year before"), _("Cases"), _("Formula"),
        )  # fmt: skip
        self._heads(page, 3, heads, text=2)
        for row, one in enumerate(self.figures["indicators"], start=4):
            indicator = BY_CODE[one["code"]]
            self._text(page, row, 0, str(indicator.name))
            self._text(page, row, 1, str(UNIT_WORDS[indicator.unit]))
            for column, field in ((2, "value"), (3, "target"), (4, "before"), (5, "year_before")):
                self._number(page, row, column, one[field], indicator.unit)
            self._number(page, row, 6, one["base"], "cases")
            self._text(page, row, 7, str(indicator.formula))
        page.freeze_panes(4, 1)

    def _line(self) -> None:
        name = _("Over time")
        page = self._add(name, self.sheet.line_title, (18, 12, 12, 14, 14, 14, 14))
        days, hours = str(UNIT_WORDS["days"]), str(UNIT_WORDS["hours"])
        heads = (
            _("From"), _("To"), _("Handled"), f"{BY_CODE['handle_mean'].name} ({days})",
            f"{BY_CODE['dispatch_mean'].name} ({hours})", f"{BY_CODE['on_time'].name} (%)",
            _with_unit(_("Target"), days),
        )  # fmt: skip
        self._heads(page, 3, heads, text=2)
        target = next(one["target"] for one in self.figures["indicators"] if one["code"] == "handle_mean")
        steps = self.figures["line"]["steps"]
        for row, step in enumerate(steps, start=4):
            for column, field in ((0, "first"), (1, "last")):
                page.write_datetime(row, column, _midnight(step[field]), self.day)
            self._number(page, row, 2, step["handled"], "cases")
            self._number(page, row, 3, step["handle_mean"], "days")
            self._number(page, row, 4, step["dispatch_mean"], "hours")
            self._number(page, row, 5, step["on_time"], "share")
            self._number(page, row, 6, target, "days")
        last = 3 + len(steps)
        chart = self._chart({"type": "line"}, self.sheet.line_title, days)
        chart.add_series(
            {
                "name": [name, 3, 3],
                "categories": [name, 4, 0, last, 0],
                "values": [name, 4, 3, last, 3],
                "line": {"color": _BLUE, "width": 2.25},
                "marker": {"type": "circle", "size": 5, "fill": {"color": _BLUE}, "border": {"color": _BLUE}},
                "data_labels": {"value": True, "num_format": "0.00", "position": "above"},
            }
        )
        if target is not None:
            chart.add_series(
                {
                    "name": [name, 3, 6],
                    "categories": [name, 4, 0, last, 0],
                    "values": [name, 4, 6, last, 6],
                    "line": {"color": _GREY, "width": 1.25, "dash_type": "dash"},
                    "marker": {"type": "none"},
                }
            )
        chart.set_x_axis({"num_format": "yyyy-mm-dd", "text_axis": True, "num_font": {"size": 9}})
        page.insert_chart(last + 2, 0, chart, {"description": self.sheet.line_title, "object_position": 3})

    def _places(self) -> None:
        name = _("By place")
        page = self._add(name, self.sheet.places_title, (26, 12, 12, 12, 12, 12, 12, 12, 14))
        days = str(UNIT_WORDS["days"])
        heads = (
            _("Place"), _("Handled"), _("Fell due"), _("Late"), _with_unit(_("On the same mix"), days),
            f"± 95 % ({days})", _with_unit(_("Mean"), days), _with_unit(_("The whole"), days),
            pgettext("place against the whole", "Verdict"),
        )  # fmt: skip
        self._heads(page, 3, heads)
        drawn = drawing.chosen(self.figures["places"])
        known = {row["code"] for row in drawn}
        rows = [*drawn, *(row for row in self.figures["places"] if row["code"] not in known)]
        for number, row in enumerate(rows, start=4):
            self._text(page, number, 0, self.names.get(row["code"], row["code"]))
            for column, field in ((1, "handled"), (2, "due"), (3, "late")):
                self._number(page, number, column, row[field], "cases")
            middle = row["adjusted"] if row["adjusted"] is not None else row["mean"]
            self._number(page, number, 4, middle, "days")
            self._number(page, number, 5, row["half"], "days")
            self._number(page, number, 6, row["mean"], "days")
            self._number(page, number, 7, self.figures["whole"], "days")
            self._text(page, number, 8, wording.verdict_of(row))
        if not drawn:
            return
        last = 3 + len(drawn)
        chart = self._chart({"type": "bar"}, self.sheet.places_title, days)
        chart.add_series(
            {
                "name": [name, 3, 4],
                "categories": [name, 4, 0, last, 0],
                "values": [name, 4, 4, last, 4],
                "fill": {"color": _BLUE},
                "points": [
                    {"fill": {"color": _RED}} if row["verdict"] == "slower" else None for row in drawn
                ],
                "gap": 60,
                "data_labels": {
                    "value": True,
                    "num_format": "0.00",
                    "position": "inside_base",
                    "font": {"color": "#FFFFFF"},
                },
                "y_error_bars": {
                    "type": "custom",
                    "plus_values": _range(name, 4, 5, last),
                    "minus_values": _range(name, 4, 5, last),
                    "line": {"color": "#1B2430"},
                },
            }
        )
        chart.set_y_axis({"reverse": True, "num_font": {"size": 9}})
        chart.set_legend({"none": True})
        page.insert_chart(
            5 + len(rows), 0, chart, {"description": self.sheet.places_title, "object_position": 3}
        )

    def _ranking(self, name: str, rows: Sequence[Mapping[str, Any]], title: str) -> None:
        page = self._add(name, title, (34, 12, 12, 12, 14, 14, 14, 14))
        days = str(UNIT_WORDS["days"])
        heads = (
            name, _("Handled"), _("Fell due"), _("Late"), _with_unit(_("On time"), "%"),
            _with_unit(_("Mean"), days), _with_unit(_("Median"), days), f"{self.sheet.heads[1]} ({days})",
        )  # fmt: skip
        self._heads(page, 3, heads)
        for number, row in enumerate(rows, start=4):
            self._text(page, number, 0, self.names.get(row["code"], row["code"]))
            for column, field in ((1, "handled"), (2, "due"), (3, "late")):
                self._number(page, number, column, row[field], "cases")
            self._number(page, number, 4, row["on_time"], "share")
            for column, field in ((5, "mean"), (6, "median"), (7, "mean_before")):
                self._number(page, number, column, row[field], "days")
        page.freeze_panes(4, 1)
        if not rows:
            return
        most = max(rows, key=lambda row: (row["late"], row["due"]))
        title = (
            _("Most late: {name}, {late} of {due} that fell due").format(
                name=self.names.get(most["code"], most["code"]), late=most["late"], due=most["due"]
            )
            if most["late"]
            else _("Nothing was late")
        )
        last = 3 + min(len(rows), 12)
        chart = self._chart({"type": "bar", "subtype": "stacked"}, title, str(UNIT_WORDS["cases"]))
        chart.add_series(
            {
                "name": [name, 3, 3],
                "categories": [name, 4, 0, last, 0],
                "values": [name, 4, 3, last, 3],
                "fill": {"color": _RED},
                "gap": 60,
                "data_labels": {"value": True},
            }
        )
        chart.set_y_axis({"reverse": True, "num_font": {"size": 9}})
        page.insert_chart(6 + len(rows), 0, chart, {"description": title, "object_position": 3})

    def _days(self) -> None:
        name, title = _("By day"), self.sheet.figures_title("flow")
        page = self._add(name, title, (14, 12, 12, 12, 12))
        fields = ("received", "dispatched", "handled", "closed")
        heads = (
            _("Day"), pgettext("line of a chart", "Received"), _("Dispatched"), _("Handled"),
            pgettext("line of a chart", "Closed"),
        )  # fmt: skip
        self._heads(page, 3, heads)
        rows = self.figures["days"]
        for number, row in enumerate(rows, start=4):
            page.write_datetime(number, 0, _midnight(row["day"]), self.day)
            for column, field in enumerate(fields, start=1):
                self._number(page, number, column, row[field], "cases")
        last = 3 + len(rows)
        chart = self._chart({"type": "line"}, title, str(UNIT_WORDS["cases"]))
        coming = 2 if self.brief.about == "unit" else 1
        going = 3 if self.brief.about == "unit" else 4
        for column, colour, dash in ((coming, _BLUE, "solid"), (going, _GREY, "dash")):
            chart.add_series(
                {
                    "name": [name, 3, column],
                    "categories": [name, 4, 0, last, 0],
                    "values": [name, 4, column, last, column],
                    "line": {"color": colour, "width": 2, "dash_type": dash},
                }
            )
        chart.set_x_axis({"num_format": "mm-dd", "text_axis": True, "num_font": {"size": 9}})
        page.insert_chart(last + 2, 0, chart, {"description": title, "object_position": 3})

    def _chart(self, options: dict[str, str], title: str, unit: str) -> Any:
        chart: Any = self.book.add_chart(options)
        chart.set_title({"name": title[:200], "name_font": {"size": 12, "bold": True}, "overlay": False})
        axis = {"name": unit, "name_font": {"size": 9, "bold": False}, "min": 0,
                "major_gridlines": {"visible": True, "line": {"color": "#DFE5EC"}}}  # fmt: skip
        if options["type"] == "bar":
            chart.set_x_axis(axis)
        else:
            chart.set_y_axis(axis)
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 760, "height": 380})
        return chart

    def _definitions(self) -> None:
        page = self._add(_("Definitions"), _("Definitions"), (30, 60, 50, 60))
        heads = (_("Indicator"), _("Formula"), _("Source"), _("Caveat"))
        self._heads(page, 3, heads, text=4)
        kept = {one["code"] for one in self.figures["indicators"]}
        for row, indicator in enumerate((one for one in ALL if one.code in kept), start=4):
            for column, words in enumerate(
                (indicator.name, indicator.formula, indicator.source, indicator.caveat)
            ):
                self._text(page, row, column, str(words), self.wrapped)
        page.freeze_panes(4, 1)


def _with_unit(words: str, unit: str) -> str:
    return f"{words} ({unit})"


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time())


def _range(name: str, first: int, column: int, last: int) -> str:
    letter = chr(ord("A") + column)
    quoted = name.replace("'", "''")
    return f"='{quoted}'!${letter}${first + 1}:${letter}${last + 1}"
