"""街区理事会: meetings, a form for one with its issues, and where each issue stands; to read and to print."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.masking import starred
from accounts.models import User
from accounts.viewer import viewer_of
from config import clock
from grids.models import Area
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import CouncilIssue, CouncilMeeting, Text
from incidents.models.incident import OPEN_STATUSES
from incidents.pages.access import READING_ROLES, person, staff
from incidents.pages.forms import text_area
from incidents.pages.submissions import key_of, once
from incidents.pages.when import InstantField
from incidents.pages.wording import title_of
from incidents.sources import council_life, councils

ROWS = 20
# Empty lines that the form offers; without a script more come with the next form.
LINES = 5


class MeetingForm(forms.Form):
    """Where, when, how many came, and what else was agreed; the issues are lines of their own."""

    area = forms.ChoiceField(
        label=gettext_lazy("Block or community"), widget=forms.Select(attrs={"class": "form-select"})
    )
    held_at = InstantField(
        label=gettext_lazy("Held at"),
        help_text=gettext_lazy(
            "When it began, not later than now. One to come is planned on its council's page."
        ),
    )
    attendance = forms.IntegerField(
        label=gettext_lazy("People present"),
        min_value=1,
        max_value=councils.ATTENDANCE_MOST,
        widget=forms.NumberInput(attrs={"class": "form-control", "inputmode": "numeric"}),
    )
    present = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Of the council's members, who came"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    agenda = forms.CharField(
        label=gettext_lazy("Agenda"), max_length=2_000, required=False, widget=text_area(3)
    )
    minutes = forms.CharField(
        label=gettext_lazy("What else was agreed"), max_length=2_000, required=False, widget=text_area(3)
    )

    def __init__(
        self, *args: Any, areas: list[tuple[str, str]], members: list[tuple[int, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["area"]
        field.choices = areas
        # To the end of the day: the form may be opened before the meeting begins. The rest is the server's.
        today = timezone.localtime(clock.now())
        self.fields["held_at"].widget.attrs["max"] = f"{today:%Y-%m-%d}T23:59"
        field = self.fields["present"]
        field.choices = members


@require_GET
@staff(*councils.KEEPERS)
def listed(request: HttpRequest) -> HttpResponse:
    """The meetings that this person may read, newest first, with how far their issues are."""
    page = Paginator(councils.meetings_of(person(request)), ROWS).get_page(request.GET.get("page"))
    names = Area.objects.names(meeting.area_code for meeting in page.object_list)
    rows = []
    for meeting in page.object_list:
        lines = _lines(meeting)
        open_ones = sum(1 for line in lines if line["is_open"])
        rows.append(
            {
                "meeting": meeting,
                "area": names.get(meeting.area_code, meeting.area_code),
                "issues": len(lines),
                "open": open_ones,
                "done": len(lines) - open_ones,
            }
        )
    context = {
        "page": page,
        "rows": rows,
        "figures": council_life.figures(person(request)),
        "streets": council_life.by_street(person(request)),
    }
    return render(request, "incidents/councils.html", context)


@require_GET
@staff(*councils.KEEPERS)
def meeting(request: HttpRequest, pk: int) -> HttpResponse:
    """One meeting: each issue with what became of it. The same page is made for the printer."""
    found = councils.meetings_of(person(request)).filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404
    last = council_life.before(found)
    # Of an old meeting, what was open until the next one stands as open.
    following = council_life.after(found) if last is not None else None
    until = following.held_at if following is not None else None
    carried = council_life.carried(found, last)
    done = council_life.done_in([*found.issues.all(), *carried])
    lines = _lines(found, done)
    context = {
        "meeting": found,
        "agenda": _starred(found.agenda),
        "minutes": _starred(found.minutes),
        "area": Area.objects.names([found.area_code]).get(found.area_code, found.area_code),
        "lines": lines,
        "open": sum(1 for line in lines if line["is_open"]),
        "carried": [line_of(issue, until=until, done=done) for issue in carried],
        "before": last,
        "present": list(found.present.all()),
        "reads_cases": bool(viewer_of(request.user).roles.intersection(READING_ROLES)),
    }
    return render(request, "incidents/council.html", context)


@once
@require_http_methods(["GET", "POST"])
@staff(*councils.KEEPERS)
def new(request: HttpRequest) -> HttpResponse:
    """The form of a meeting, and writing it down."""
    user, at = person(request), clock.now()
    areas = [(area.code, area.name) for area in councils.areas_of(user).order_by("code")]
    planned = _planned(request)
    if planned is not None and request.method == "GET" and not planned.is_planned:
        messages.info(request, _written(planned))
        return HttpResponseRedirect(reverse("council", args=[planned.pk]))
    # The members of the council that was opened: of another's that is chosen instead, nobody is ticked.
    area = planned.area_code if planned else request.GET.get("area", request.POST.get("council", ""))[:15]
    is_own = any(code == area for code, _name in areas)
    members = [(one.pk, one.name) for one in council_life.members_of(area)] if is_own else []
    if request.method == "GET":
        known: dict[str, Any] = {"area": area}
        if planned is not None:
            known["held_at"] = planned.held_at
            known["agenda"] = planned.agenda.body if planned.agenda else ""
        form = MeetingForm(areas=areas, members=members, initial=known)
        return _form(request, form, [], planned=planned, council=area)
    form = MeetingForm(request.POST, areas=areas, members=members)
    issues = _issues(request)
    resumes = _number(request.POST.get("resumes", ""))
    if not form.is_valid():
        return _form(request, form, issues, status=400, planned=planned, council=area, resumes=resumes)
    told = councils.Meeting(
        key=str(key_of(request) or uuid4()),
        issues=issues,
        # As it came: what has been written down meanwhile is no new meeting.
        planned=_number(request.POST.get("planned", "")),
        resumes=resumes,
        **form.cleaned_data,
    )
    status = 400
    try:
        kept = councils.hold(told, user=user, at=at)
    except InvalidInput as error:
        field, _dot, row = error.field.partition(".")
        if field == "issues" and row.isdigit():
            message = _("Issue %(number)d: %(what)s") % {"number": int(row) + 1, "what": error}
            form.add_error(None, message)
            begun = councils.begun(told.key, user=user)
            resumes = begun.pk if begun is not None else resumes
        else:
            form.add_error(error.field if error.field in form.fields else None, str(error))
    except ActionRefused as error:
        form.add_error(None, str(error))
        status = 409
    else:
        _say(request, len(issues))
        return HttpResponseRedirect(reverse("council", args=[kept.pk]))
    existing = _planned(request) or _same(told, user) if status == 409 else None
    return _form(
        request,
        form,
        issues,
        status=status,
        planned=planned,
        council=area,
        resumes=resumes,
        existing=existing,
        may_go_on=existing is not None and existing.attendance > 0 and existing.entered_by_id == user.pk,
    )


def _say(request: HttpRequest, count: int) -> None:
    if not count:
        messages.success(request, _("The meeting is written down."))
        return
    said = ngettext("%(count)d issue is on its way.", "%(count)d issues are on their way.", count)
    messages.success(request, said % {"count": count})


@require_POST
@staff(*councils.KEEPERS)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """A planned meeting did not take place."""
    if pk >= 2**63 or not councils.meetings_of(person(request)).filter(pk=pk).exists():
        raise Http404
    try:
        council_life.cancel(meeting=pk, user=person(request), at=clock.now())
    except ActionRefused as error:
        messages.warning(request, str(error))
    return HttpResponseRedirect(reverse("council", args=[pk]))


def _written(planned: CouncilMeeting) -> str:
    if planned.cancelled_at is not None:
        return _("This meeting did not take place.")
    return _("This meeting has been written down already.")


def _same(told: councils.Meeting, user: User) -> CouncilMeeting | None:
    """The meeting that has been written down of this council at this time, where the person may read it."""
    found = councils.same_moment(told)
    return councils.meetings_of(user).filter(pk=found.pk).first() if found is not None else None


def _number(told: str) -> int | None:
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else None


def _planned(request: HttpRequest) -> CouncilMeeting | None:
    """The meeting that was planned, as it stands now, where one was named."""
    told = _number(request.GET.get("planned", "") or request.POST.get("planned", ""))
    return councils.meetings_of(person(request)).filter(pk=told).first() if told is not None else None


def _form(
    request: HttpRequest,
    form: MeetingForm,
    issues: list[councils.Issue],
    *,
    status: int = 200,
    planned: CouncilMeeting | None = None,
    council: str = "",
    resumes: int | None = None,
    existing: CouncilMeeting | None = None,
    may_go_on: bool = False,
) -> HttpResponse:
    blank = max(LINES - len(issues), 2 if issues else LINES)
    room = councils.ISSUES_MOST - len(issues)
    begun = _begun(request, existing.pk if may_go_on and existing is not None else resumes)
    filed = councils.filed_of(begun) if begun is not None else Counter()
    lines = []
    for issue in issues:
        said = issue.text, issue.address
        # Filed is filed: other words would be another issue, and a second report.
        lines.append({"issue": issue, "is_filed": filed[said] > 0})
        filed[said] -= 1
    empty = {"issue": councils.Issue(""), "is_filed": False}
    lines += [empty] * min(blank, max(room, 0))
    context = {
        "may_go_on": may_go_on,
        "form": form,
        "lines": lines,
        "planned": planned,
        "council": council,
        "resumes": resumes,
        "existing": existing,
    }
    return render(request, "incidents/council_new.html", context, status=status)


def _begun(request: HttpRequest, pk: int | None) -> CouncilMeeting | None:
    """The meeting of the person's own that the form goes on with."""
    if pk is None:
        return None
    return councils.meetings_of(person(request)).filter(pk=pk, entered_by=person(request)).first()


def _issues(request: HttpRequest) -> list[councils.Issue]:
    """The lines that say something; a place without a matter is a matter that is missing."""
    texts = request.POST.getlist("issue")[: councils.ISSUES_MOST + 1]
    places = request.POST.getlist("issue_address")
    found = []
    for index, text in enumerate(texts):
        address = places[index][:200] if index < len(places) else ""
        if text.strip() or address.strip():
            found.append(councils.Issue(text.replace("\r\n", "\n").strip(), address.strip()))
    return found


def _starred(text: Text | None) -> str:
    """The words of an agenda or of minutes, with the numbers in them starred."""
    return starred(text.body) if text is not None and text.erased_at is None else ""


def _lines(meeting: CouncilMeeting, done: Mapping[int, str] | None = None) -> list[dict[str, Any]]:
    """Each issue with its case as it stands now."""
    return [line_of(issue, done=done) for issue in meeting.issues.all()]


def line_of(
    issue: CouncilIssue, *, until: datetime | None = None, done: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """One issue with its case as it stands now, or stood at `until` (see councils.meetings_of); `done` has
    the words of what was done (council_life.done_in). Numbers in its words are starred: it is read aloud."""
    links = getattr(issue.report, "live_links", [])
    case = links[0].incident if links else None
    was_open = (
        until is not None and case is not None and case.closed_at is not None and case.closed_at >= until
    )
    words = starred(issue.report.text.body)
    return {
        "issue": issue,
        "title": title_of(words),
        "words": words,
        "case": case,
        "is_open": case is not None and (case.status in OPEN_STATUSES or was_open),
        "was_open": was_open,
        "done": (done or {}).get(case.pk, "") if case is not None and not was_open else "",
    }
