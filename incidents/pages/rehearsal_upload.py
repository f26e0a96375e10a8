"""Rehearsing on a file: what it must look like, and every row that does not, before anything runs."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.access import staff
from accounts.roles import Role
from dispatch.edition import edition
from dispatch.errors import ListRefused
from dispatch.pages.standing import Opened, opened
from incidents import rehearsal, rehearsal_files

PROBLEMS_SHOWN = 100

# What the page says of each column.
COLUMN_NOTES = {
    "text": _("What was said. Required."),
    "category": _("Code or name of a category; left empty, it is read from the text."),
    "source": _("Code or name of a source; left empty, the hotline."),
    "received_at": _("Such as 2026-07-04 09:30, Beijing time; left empty, now."),
    "area": _("Code of a community or a street."),
    "lon": _("Longitude, WGS-84."),
    "lat": _("Latitude, WGS-84."),
    "address": _("Read for names of streets and communities."),
    "place_type": _("Code or name of a kind of place; left empty, it is read from the text."),
    "owner": _("Code or name of the unit that owns the facility, or private, unknown."),
    "settled_unit": _("Code or name of the unit that really settled it: what right and wrong are judged by."),
}


class FileForm(forms.Form):
    """The file, and what is to become of its bad rows."""

    file = forms.FileField(
        label=_("CSV or JSON Lines"),
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.jsonl,.ndjson,.txt"}),
    )
    leave_out = forms.BooleanField(label=_("Leave rows with problems out"), required=False)

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > rehearsal_files.MOST_BYTES:
            most = rehearsal_files.MOST_BYTES // 1024 // 1024
            raise forms.ValidationError(
                _("The file is larger than %(most)d MB.") % {"most": most}, "too_large"
            )
        return file


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.STEWARD)
def upload(request: HttpRequest, version: int) -> HttpResponse:
    """The form; and after a file was sent, its problems, or the rehearsal."""
    one = opened(request, version)
    form = FileForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {
        "one": one,
        "version": one.version,
        "form": form,
        "columns": [(name, rehearsal_files.COLUMNS[name][0], note) for name, note in COLUMN_NOTES.items()],
        "most_rows": rehearsal_files.MOST_ROWS,
    }
    if request.method == "POST" and form.is_valid():
        answer = _take(one, form, context)
        if answer is not None:
            return answer
    status = 400 if request.method == "POST" else 200
    return render(request, "incidents/rehearsal_file.html", context, status=status)


def _take(one: Opened, form: FileForm, context: dict[str, Any]) -> HttpResponse | None:
    """Begin with the good rows; None where the page has to say what is wrong."""
    file = form.cleaned_data["file"]
    rows, problems = rehearsal_files.read(file.read(), file.name or "", now=edition(), at=one.at)
    if problems and not (form.cleaned_data["leave_out"] and rows):
        context |= {
            "problems": problems[:PROBLEMS_SHOWN],
            "problem_count": len(problems),
            "good_count": len(rows),
        }
        return None
    try:
        rehearsal.start_with_file(
            draft=one.version, rows=rows, file_name=file.name or "", by=one.user, at=one.at
        )
    except ListRefused as refused:
        form.add_error(None, str(refused))
        return None
    return HttpResponseRedirect(reverse("rehearsal", args=[one.version.version]))
