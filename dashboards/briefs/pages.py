"""简报: the archive, one brief as a sheet, writing in it, and its files."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import person, staff
from accounts.viewer import viewer_of
from config import clock
from dashboards.briefs import acting, figuring, keeping, measuring, paper, reach, shown, wording, workbook
from dashboards.briefs.forms import RevisionForm, WordsForm, offers_of, range_of_days
from dashboards.briefs.subjects import Subject, board_of
from dashboards.indicators import BY_CODE, SMALL
from dashboards.models import Brief, BriefAbout, BriefEdition, BriefKind, BriefSubscription
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.pages.refusals import refused

PER_PAGE: Final = 30
Status = Brief.Status


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address of the archive asks for; what is not understood is told."""

    kind: str
    about: str
    code: str
    status: str
    first: date | None
    last: date | None
    strange: tuple[str, ...]

    @classmethod
    def of(cls, request: HttpRequest, codes: set[str]) -> "Filters":
        strange: list[str] = []

        def one(name: str, allowed: Any) -> str:
            given = request.GET.get(name, "")
            if given and given not in allowed:
                strange.append(_("“{text}” was not understood and is left out.").format(text=given[:40]))
                return ""
            return given

        first, last, wrong = range_of_days(request.GET.get("from", ""), request.GET.get("to", ""))
        return cls(
            one("kind", BriefKind.values),
            one("about", BriefAbout.values),
            one("code", codes),
            one("status", Status.values),
            first,
            last,
            (*strange, *wrong),
        )

    def narrow(self, rows: QuerySet[Brief]) -> QuerySet[Brief]:
        """The rows under these filters."""
        for name in ("kind", "about", "code", "status"):
            if value := getattr(self, name):
                rows = rows.filter(**{name: value})
        if self.first:
            rows = rows.filter(last__gte=self.first)
        if self.last:
            rows = rows.filter(first__lte=self.last)
        return rows

    @property
    def is_any(self) -> bool:
        return bool(self.kind or self.about or self.code or self.status or self.first or self.last)


def _seen(request: HttpRequest) -> QuerySet[Brief]:
    return Brief.objects.filter(reach.visible(person(request)))


@require_safe
@staff(*reach.READERS)
def briefs(request: HttpRequest) -> HttpResponse:
    """The archive: what this person may read, the newest first."""
    user, seen = person(request), _seen(request)
    whom = _whom(seen)
    filters = Filters.of(request, {code for _about, code, _name in whom})
    rows = filters.narrow(seen).annotate(revisions=Max("editions__number"))
    page = Paginator(rows.order_by("-first", "kind", "about", "code", "-pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page,
        "rows": [
            {
                "brief": brief,
                "name": wording.name_of(brief),
                "period": wording.period(brief.kind, brief.first, brief.last),
                "goes_out": brief.status == Status.DRAFT and brief.issue_at > clock.now(),
            }
            for brief in page.object_list
        ],
        "filters": filters,
        "kinds": BriefKind.choices,
        "abouts": BriefAbout.choices if len({about for about, _code, _name in whom}) > 1 else [],
        "whom": [(code, name) for _about, code, name in whom if code] if len(whom) > 1 else [],
        "states": Status.choices if viewer_of(user).with_roles(*reach.WRITERS) else [],
        "subscriptions": _subscriptions(request),
        "small": SMALL,
        "user_has_mail": bool(user.email),
    }
    return render(request, "dashboards/briefs.html", context)


def _whom(seen: QuerySet[Brief]) -> list[tuple[str, str, str]]:
    """Whom the briefs that somebody may read are about, as the newest of each calls them."""
    rows = (
        seen.order_by("about", "code", "-first", "-pk")
        .distinct("about", "code")
        .values_list("about", "code", "name_zh", "name_en")
    )
    order = {BriefAbout.DISTRICT: 0, BriefAbout.STREET: 1, BriefAbout.UNIT: 2}
    chinese = wording.is_chinese()
    found = [(about, code, zh if chinese else en) for about, code, zh, en in rows]
    return sorted(found, key=lambda row: (order[BriefAbout(row[0])], row[1]))


def _subscriptions(request: HttpRequest) -> list[dict[str, Any]]:
    """What somebody asked for themselves, or asked to be spared."""
    rows = list(BriefSubscription.objects.filter(user=person(request)).order_by("kind", "about", "code"))
    if not rows:
        return []
    names = {(about, code): name for about, code, name in _whom(_seen(request))}
    return [
        {"row": row, "name": names[row.about, row.code]} for row in rows if (row.about, row.code) in names
    ]


# --- one brief ------------------------------------------------------------------------------------


def _brief_or_404(request: HttpRequest, pk: int) -> Brief:
    found = _seen(request).filter(pk=min(pk, 2**63 - 1)).first()
    if found is None:
        raise Http404
    return found


def _edition(request: HttpRequest, brief: Brief, editions: list[BriefEdition]) -> BriefEdition | None:
    """The edition asked for, or the last; None for a draft."""
    asked = request.GET.get("edition", "")
    if not asked:
        return editions[-1] if editions else None
    found = next((one for one in editions if str(one.number) == asked), None)
    if found is None:
        raise Http404
    return found


@require_safe
@staff(*reach.READERS)
def brief(request: HttpRequest, pk: int) -> HttpResponse:
    """One brief as it was issued; of a draft what would be issued now."""
    held = _brief_or_404(request, pk)
    user, at = person(request), clock.now()
    grant = reach.writing_grant(user, held)
    editions = list(held.editions.select_related("by", "by_unit", "note").order_by("number"))
    edition = _edition(request, held, editions)
    shows_next = request.GET.get("next") == "1" and grant is not None and edition is not None
    is_as_issued = edition is not None and not shows_next
    sheet = shown.of_edition(held, edition) if edition and is_as_issued else shown.of_draft(held, at=at)
    last = editions[-1] if editions else None
    context = {
        "brief": held,
        "sheet": sheet,
        "name": wording.name_of(held),
        "edition": edition if is_as_issued else None,
        "editions": _history(editions),
        "is_latest": edition is None or edition is last,
        "may_write": grant is not None,
        "shows_next": shows_next,
        "has_words": held.version > (1 if last else 0),
        "comes": reach.comes_to(user, held),
        "board_url": Subject.of(held).board_url(keeping.span_of(held)),
        "neighbours": _neighbours(request, held),
        "revision": RevisionForm(initial={"seen": held.version}),
        "files": "" if edition is None else f"?edition={edition.number}",
        "width": shown.drawing.WIDTH,
        "height": shown.drawing.HEIGHT,
    }
    return render(request, "dashboards/brief.html", context)


def _history(editions: list[BriefEdition]) -> list[dict[str, Any]]:
    """Every edition, the newest first, with which of the six changed against the one before."""
    rows = [
        {
            "edition": edition,
            "note": wording.said(edition.note),
            "changed": _changed(editions[number - 1], edition) if number else [],
        }
        for number, edition in enumerate(editions)
    ]
    return rows[::-1]


def _changed(old: BriefEdition, new: BriefEdition) -> list[dict[str, Any]]:
    before = {one["code"]: one["value"] for one in old.figures["indicators"]}
    now = {one["code"]: one["value"] for one in new.figures["indicators"]}
    return [
        {
            "name": BY_CODE[code].name,
            "before": wording.number(code, before[code]),
            "now": wording.number(code, now[code]),
        }
        for code in figuring.six(new.brief.about)
        if before.get(code) != now.get(code)
    ]


def _neighbours(request: HttpRequest, held: Brief) -> dict[str, Brief | None]:
    like = _seen(request).filter(kind=held.kind, about=held.about, code=held.code)
    return {
        "before": like.filter(first__lt=held.first).order_by("-first").first(),
        "after": like.filter(first__gt=held.first).order_by("first").first(),
    }


def _writer(request: HttpRequest, held: Brief) -> Actor:
    user = person(request)
    grant = reach.writing_grant(user, held)
    if grant is None:
        raise PermissionDenied
    return Actor.person(user, grant.unit.code)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*reach.WRITERS)
def write(request: HttpRequest, pk: int) -> HttpResponse:
    """Problems, advice followed up, a decision: what people say in a brief."""
    held = _brief_or_404(request, pk)
    actor, at = _writer(request, held), clock.now()
    entries = keeping.working_copy(held, at=at)
    if held.version and not any(entry.kind == "followed" for entry in entries):
        entries += keeping.owed(held)
    board = board_of(Subject.of(held), keeping.span_of(held), at=at)
    offers = offers_of(measuring.offered(board), entries)
    data = request.POST if request.method == "POST" else None
    form = WordsForm(data, entries=entries, offers=offers, version=held.version)
    status = 200
    if data is not None:
        if form.is_valid():
            try:
                acting.write(brief=held.pk, actor=actor, at=at, **form.said())
            except (ActionRefused, InvalidInput) as error:
                status = refused(form, error)
            else:
                messages.success(request, _("Kept. Nothing has gone out yet."))
                after = "?next=1" if held.status == Status.ISSUED else ""
                return HttpResponseRedirect(reverse("brief", args=[held.pk]) + after)
        else:
            status = 400
    context = {
        "brief": held,
        "name": wording.name_of(held),
        "title": wording.title(wording.name_of(held), held.kind),
        "period": wording.period(held.kind, held.first, held.last),
        "form": form,
        "is_issued": held.status == Status.ISSUED,
    }
    return render(request, "dashboards/brief_write.html", context, status=status)


@require_POST
@staff(*reach.WRITERS)
def issue(request: HttpRequest, pk: int) -> HttpResponse:
    """Freeze it and send it out; a second press finds it done."""
    held = _brief_or_404(request, pk)
    actor = _writer(request, held)
    seen = request.POST.get("seen", "")
    try:
        acting.issue(
            brief=held.pk,
            actor=actor,
            at=clock.now(),
            seen=int(seen) if seen.isascii() and seen.isdigit() else None,
        )
    except ActionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Issued. It is on its way to its readers."))
    return HttpResponseRedirect(reverse("brief", args=[held.pk]))


@require_POST
@staff(*reach.WRITERS)
def revise(request: HttpRequest, pk: int) -> HttpResponse:
    """Issue a correction beside what was issued."""
    held = _brief_or_404(request, pk)
    actor, form = _writer(request, held), RevisionForm(request.POST)
    here = reverse("brief", args=[held.pk])
    if not form.is_valid():
        messages.error(request, _("Say why in a sentence."))
        return HttpResponseRedirect(f"{here}?next=1")
    try:
        made = acting.revise(
            brief=held.pk,
            words=form.cleaned_data["words"],
            seen=form.cleaned_data["seen"],
            actor=actor,
            at=clock.now(),
        )
    except (ActionRefused, InvalidInput) as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(f"{here}?next=1")
    messages.success(request, _("Revision %(number)d is issued.") % {"number": made.number})
    return HttpResponseRedirect(here)


@require_POST
@staff(*reach.READERS)
def subscribe(request: HttpRequest, pk: int) -> HttpResponse:
    """Be sent briefs like this one, or not any more."""
    held = _brief_or_404(request, pk)
    wanted = request.POST.get("wanted") == "1"
    try:
        acting.subscribe(
            kind=held.kind,
            about=held.about,
            code=held.code,
            wanted=wanted,
            actor=Actor(user=person(request)),
            at=clock.now(),
        )
    except ActionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("Briefs like this one are sent to you from now on.")
            if wanted
            else _("Briefs like this one are not sent to you any more."),
        )
    return HttpResponseRedirect(reverse("brief", args=[held.pk]))


# --- files ----------------------------------------------------------------------------------------


@require_safe
@staff(*reach.READERS)
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The brief on one A4 page."""
    held = _brief_or_404(request, pk)
    return file_of(held, _edition(request, held, list(held.editions.order_by("number"))), "pdf")


@require_safe
@staff(*reach.READERS)
def xlsx(request: HttpRequest, pk: int) -> HttpResponse:
    """The brief's numbers with Excel's own charts."""
    held = _brief_or_404(request, pk)
    return file_of(held, _edition(request, held, list(held.editions.order_by("number"))), "xlsx")


TYPES: Final = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def file_of(held: Brief, edition: BriefEdition | None, ending: str) -> HttpResponse:
    """A file of an edition, or of a draft as it is now."""
    at = edition.at if edition else clock.now()
    if ending == "pdf" and edition is not None:
        body = paper.of_edition(edition)
    else:
        sheet = shown.of_edition(held, edition) if edition else shown.of_draft(held, at=at)
        body = paper.draw(sheet, at=at) if ending == "pdf" else workbook.build(held, sheet, at=at)
    response = HttpResponse(body, content_type=TYPES[ending])
    name = paper.file_name(held, edition, ending)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
