"""质检: the week's samples of operators' decisions, their judging, and what came of it by operator."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import OrgUnit
from config import clock
from dispatch.models import ResponsibilityItem
from dispatch.wording import limit_words
from incidents.actor import Actor
from incidents.centre import centres
from incidents.centre import quality as sampling
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import QualitySample
from incidents.pages.access import person, staff
from incidents.pages.centre import Opened, frame, opened
from incidents.pages.centre_forms import NOT_APPLICABLE, ScoreForm
from incidents.pages.wording import title_of

# The results are of so many weeks up to the one shown: five samples alone say little.
RESULT_WEEKS = 8
WEEK = timedelta(days=7)


@require_GET
@staff()
def quality(request: HttpRequest, code: str) -> HttpResponse:
    """One week's samples and the results of the last eight; operators see their own only."""
    seen, at = opened(request, code, "centre-quality"), clock.now()
    newest = sampling.last_week(at)
    week = _week(request.GET.get("week", ""), newest)
    samples = _seen_samples(request, seen, since=week, until=week)
    rows = list(
        samples.select_related("operator", "scored_by", "incident__text", "note").order_by(
            "operator__username", "position"
        )
    )
    units = OrgUnit.objects.in_bulk([row.sent_to for row in rows if row.sent_to])
    whole = _seen_samples(request, seen, since=week - (RESULT_WEEKS - 1) * WEEK, until=week)
    base = reverse("centre-quality", args=[code])
    user = person(request)
    context: dict[str, Any] = {
        **frame(seen, "centre-quality"),
        "week": week,
        "week_end": week + timedelta(days=6),
        "earlier": f"{base}?week={week - WEEK}",
        "later": f"{base}?week={week + WEEK}" if week < newest else "",
        "is_newest": week == newest,
        "rows": [_shown(row, units, seen, user.pk) for row in rows],
        "waiting": sum(row.scored_at is None for row in rows),
        "results": sampling.results(whole),
        "result_weeks": RESULT_WEEKS,
        "leads": centres.leads(seen.viewer, seen.centre),
        "may_draw": seen.supervises and not rows,
        "size": sampling.SIZE,
        "days_back": sampling.LONGEST_ON_DESK.days,
    }
    return render(request, "incidents/centre/quality.html", context)


@require_POST
@staff()
def draw(request: HttpRequest, code: str) -> HttpResponse:
    """Draw last week's samples now, where the nightly draw has not come to it."""
    seen, at = opened(request, code, "centre-quality"), clock.now()
    if not seen.supervises:
        raise PermissionDenied
    drawn = sampling.draw(week=sampling.last_week(at), at=at)
    if drawn:
        said = ngettext("%(count)d decision drawn.", "%(count)d decisions drawn.", drawn)
        messages.success(request, said % {"count": drawn})
    else:
        messages.warning(request, _("Nothing to draw: nobody decided at a desk last week, or it is drawn."))
    return HttpResponseRedirect(reverse("centre-quality", args=[code]))


@require_http_methods(["GET", "HEAD", "POST"])
@staff()
def sample(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One decision beside its case, and the judgement on it."""
    seen, at = opened(request, code, "centre-quality"), clock.now()
    user = person(request)
    found = (
        QualitySample.objects.filter(pk=pk, unit=seen.centre.unit)
        .select_related("operator", "scored_by", "words", "note", "incident__text", "incident__category")
        .first()
    )
    if found is None or not (found.operator_id == user.pk or centres.leads(seen.viewer, seen.centre)):
        raise Http404
    may_score = seen.supervises and found.operator_id != user.pk and found.scored_by_id in (None, user.pk)
    if request.method == "POST" and not may_score:
        raise PermissionDenied
    form = ScoreForm(
        request.POST if request.method == "POST" else None, sample=found, initial=_initial(found)
    )
    if request.method == "POST" and form.is_valid():
        try:
            sampling.score(
                sample=pk,
                note=form.cleaned_data["note"],
                actor=Actor.person(user, seen.centre.unit.code),
                at=at,
                **form.marks(),
            )
        except InvalidInput as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        except ActionRefused as refused:
            form.add_error(None, str(refused))
        else:
            return HttpResponseRedirect(_next(seen, found, user.pk, code, request))
    items = ResponsibilityItem.objects.filter(code=found.item_code).order_by("-pk")
    item = items.first() if found.item_code else None
    context: dict[str, Any] = {
        **frame(seen, "centre-quality"),
        "sample": found,
        "case": found.incident,
        "unit": OrgUnit.objects.filter(code=found.sent_to).first() if found.sent_to else None,
        "item": item,
        "limit_words": limit_words(item.handle_limit) if item else "",
        "form": form,
        "may_score": may_score,
        "is_own": found.operator_id == user.pk,
        "marks": _marks(found),
        "back_url": f"{reverse('centre-quality', args=[code])}?week={found.week}",
        "draft_done": request.GET.get("done", "")[:40],
    }
    return render(request, "incidents/centre/sample.html", context, status=400 if form.errors else 200)


def _next(seen: Opened, found: QualitySample, user_id: int, code: str, request: HttpRequest) -> str:
    """The next sample of the week that this person may judge; after the last one, the list."""
    following = (
        QualitySample.objects.filter(unit=seen.centre.unit, week=found.week, scored_at__isnull=True)
        .exclude(operator=user_id)
        .order_by("operator__username", "position")
        .first()
    )
    if following is None:
        messages.success(request, _("Every sample of this week that you may judge is judged."))
        return f"{reverse('centre-quality', args=[code])}?week={found.week}"
    messages.success(request, _("Judged. Here is the next one."))
    return f"{reverse('centre-quality-sample', args=[code, following.pk])}?done=quality-{found.pk}"


def _week(text: str, newest: date) -> date:
    try:
        given = date.fromisoformat(text)
    except ValueError:
        return newest
    if not date(2000, 1, 1) <= given <= newest:
        return newest
    return given - timedelta(days=given.weekday())


def _seen_samples(request: HttpRequest, seen: Opened, *, since: date, until: date) -> QuerySet[QualitySample]:
    samples = sampling.samples_of([seen.centre.unit.code], since=since, until=until)
    return samples if centres.leads(seen.viewer, seen.centre) else samples.filter(operator=person(request))


def _shown(row: QualitySample, units: dict[str, OrgUnit], seen: Opened, user_id: int) -> dict[str, Any]:
    return {
        "sample": row,
        "title": title_of(row.incident.text.body),
        "unit": units.get(row.sent_to),
        "marks": _marks(row),
        "may_score": seen.supervises and row.operator_id != user_id and row.scored_at is None,
        "is_own": row.operator_id == user_id,
    }


def _marks(row: QualitySample) -> list[dict[str, Any]]:
    labels = {"right_unit": _("Unit"), "right_words": pgettext("quality", "Words"), "right_limit": _("Limit")}
    return [{"label": labels[name], "mark": getattr(row, name)} for name in sampling.asked_of(row)]


def _initial(found: QualitySample) -> dict[str, str]:
    words = {True: "yes", False: "no", None: NOT_APPLICABLE if found.scored_at else ""}
    marks = {name: words[getattr(found, name)] for name in sampling.asked_of(found)}
    return {**marks, "note": found.note.body if found.note else ""}
