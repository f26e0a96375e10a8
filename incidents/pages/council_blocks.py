"""街区: how a community is cut into blocks. Its cells are ticked on a list below a picture."""

import math
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from config import clock
from grids.models import Area
from incidents import blocks
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import BlockCell
from incidents.pages.access import person, staff
from incidents.pages.submissions import once

# Of the picture, in its own units.
WIDTH = 600


class BlockForm(forms.Form):
    """What the block is called, and which cells it has."""

    name_zh = forms.CharField(
        label=gettext_lazy("Name in Chinese"),
        max_length=40,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    name_en = forms.CharField(
        label=gettext_lazy("Name in English"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Left empty, the Chinese name is written in Latin letters."),
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    cells = forms.MultipleChoiceField(
        label=gettext_lazy("Its grid cells"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose grid cells of one community.")},
    )

    def __init__(self, *args: Any, cells: list[Area], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["cells"]
        field.choices = [(cell.code, f"{cell.code[-3:]} · {cell.name}") for cell in cells]


@dataclass(frozen=True, slots=True)
class Shape:
    """One cell of the picture."""

    number: str
    points: str
    x: int
    y: int
    block: str  # of the block that it lies in, by number; empty where it lies in none


@once
@require_http_methods(["GET", "POST"])
@staff(*blocks.NAMERS)
def cut(request: HttpRequest, code: str) -> HttpResponse:
    """/councils/area/<community>/blocks/: cut a block, or (`block`) change one that is there."""
    community = _community(request, code)
    known = {one.code: one for one in blocks.blocks_in(community.code)}
    told = request.POST.get("block", "") or request.GET.get("block", "")
    block = known.get(told)
    if told and block is None:
        messages.info(request, _("There is no such block."))
        return HttpResponseRedirect(reverse("council-blocks", args=[community.code]))
    cells = list(Area.objects.cells().filter(parent=community).order_by("code"))
    lies_in = _lies_in(cells)
    free = [cell for cell in cells if lies_in.get(cell.code) in (None, told or None)]
    if request.method == "GET":
        initial: dict[str, Any] = {}
        if block is not None:
            own = [cell.code for cell in free if lies_in.get(cell.code) == block.code]
            initial = {"name_zh": block.name_zh, "name_en": block.name_en, "cells": own}
        return _page(request, community, BlockForm(cells=free, initial=initial), cells, lies_in, block)
    form = BlockForm(request.POST, cells=free)
    if form.is_valid():
        made = {**form.cleaned_data, "by": person(request), "at": clock.now()}
        try:
            kept = blocks.change(area_code=block.code, **made) if block is not None else blocks.cut(**made)
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        except ActionRefused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("%(name)s is cut as you ticked it.") % {"name": kept.name})
            return HttpResponseRedirect(reverse("council-blocks", args=[community.code]))
    return _page(request, community, form, cells, lies_in, block, status=400)


@require_POST
@staff(*blocks.NAMERS)
def undo(request: HttpRequest, code: str) -> HttpResponse:
    """Take a block apart."""
    community = _community(request, code)
    told = request.POST.get("block", "")[:15]
    try:
        if not told.startswith(community.code):
            raise InvalidInput("block", "unknown", _("There is no such block."))
        plates = blocks.undo(area_code=told, by=person(request), at=clock.now())
        messages.success(request, _("The block is taken apart: its cells are free."))
        if plates:
            messages.warning(request, _("Its printed code is out of use: take the plate off the wall."))
    except (InvalidInput, ActionRefused) as error:
        messages.warning(request, str(error))
    return HttpResponseRedirect(reverse("council-blocks", args=[community.code]))


def _community(request: HttpRequest, code: str) -> Area:
    found = Area.objects.communities().without_polygons().filter(code=code[:15]).first()
    if found is None or not blocks.may_name(person(request), found.code):
        raise Http404
    return found


def _lies_in(cells: list[Area]) -> dict[str, str]:
    found = BlockCell.objects.filter(cell__in=[cell.code for cell in cells])
    return dict(found.values_list("cell_id", "block_id"))


def _page(
    request: HttpRequest,
    community: Area,
    form: BlockForm,
    cells: list[Area],
    lies_in: dict[str, str],
    block: Area | None,
    *,
    status: int = 200,
) -> HttpResponse:
    shapes, height = _picture(cells, lies_in)
    rows = []
    for one in blocks.blocks_in(community.code):
        own = [cell.code[-3:] for cell in cells if lies_in.get(cell.code) == one.code]
        rows.append({"block": one, "number": one.code[-3:], "cells": own})
    context = {
        "community": community,
        "form": form,
        "chosen": block,
        "rows": rows,
        "shapes": shapes,
        "width": WIDTH,
        "height": height,
        "changes": blocks.changes_in(community.code),
    }
    return render(request, "incidents/council_blocks.html", context, status=status)


def _picture(cells: list[Area], lies_in: dict[str, str]) -> tuple[list[Shape], int]:
    """The cells as polygons of a plane, north above, and how high the picture is."""
    points = [point for cell in cells for point in cell.polygon[0]]
    if not points:
        return [], 1
    west, east = min(lon for lon, _lat in points), max(lon for lon, _lat in points)
    south, north = min(lat for _lon, lat in points), max(lat for _lon, lat in points)
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = WIDTH / max((east - west) * squeeze, 1e-9)

    def on(lon: float, lat: float) -> tuple[int, int]:
        return round((lon - west) * squeeze * scale), round((north - lat) * scale)

    shapes = []
    for cell in cells:
        x, y = on(cell.lon, cell.lat)
        outline = " ".join(f"{px},{py}" for px, py in (on(lon, lat) for lon, lat in cell.polygon[0]))
        shapes.append(Shape(cell.code[-3:], outline, x, y, lies_in.get(cell.code, "")[-3:]))
    return shapes, max(1, round((north - south) * scale))
