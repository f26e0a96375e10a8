"""退件分析: which items lose their cases, where those end up, and the change that this speaks for."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import person, staff
from accounts.models import User
from config import clock
from dashboards import learning, proposing
from dashboards import learning_shown as shown
from dashboards.claims import MOST, MOVES
from dashboards.learning import Study
from dashboards.learning_form import DraftForm
from dashboards.scope import LEARNING_ROLES
from dispatch import editing
from dispatch.errors import BadItem, ListRefused
from dispatch.item_rules import values_of
from dispatch.models import ItemChange, ResponsibilityItem, ResponsibilityList
from dispatch.stewards import is_steward, may_edit
from incidents import policy
from incidents.models import Incident

PER_PAGE = 25
CASES_PER_PAGE = 50
ORDERS = ("share", "moved", "inside", "refused")


@require_safe
@staff(*LEARNING_ROLES)
def ranking(request: HttpRequest) -> HttpResponse:
    """Items by how surely they lose their cases."""
    opened = shown.Opened(request)
    by = request.GET.get("by", "share")
    by = by if by in ORDERS else ORDERS[0]
    ranked = learning.ranking(opened.question, opened.now.units, by=by)
    page = Paginator(ranked, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **shown.filters_of(opened),
        "page": page,
        "rows": [shown.row_of(opened, row) for row in page.object_list],
        "moved": sum(row.tally.moved for row in ranked),
        "least": learning.LEAST_MOVED,
        "orders": [(name, opened.url("learning", by=name if name != ORDERS[0] else None)) for name in ORDERS],
        "by": by,
    }
    return render(request, "dashboards/learning.html", context)


@require_safe
@staff(*LEARNING_ROLES)
def item(request: HttpRequest, code: str) -> HttpResponse:
    """What became of one item's cases, and what this speaks for."""
    opened = shown.Opened(request)
    found, study = opened.item(code), learning.study(code, opened.question, opened.now.units)
    if found is None and not study.claims:
        raise Http404
    others = _others(opened, study)
    proposal = proposing.proposal_of(study, found, others) if found else None
    context = {
        **shown.filters_of(opened),
        "code": code,
        "item": found,
        "matter": found.matter_zh if found else "",
        "lead": opened.explain.unit(found.lead_unit) if found else "",
        "study": study,
        "counts": [
            shown.count_of(opened, code, study, what) for what in ("decided", "automatic", "moved", *MOVES)
        ],
        "apart": [
            shown.count_of(opened, code, study, what)
            for what in ("refused", "disputed", "inside", "reread", "unsure", "open", "nobody")
        ],
        "places": shown.places_of(opened, code, study, found.lead_unit if found else ""),
        "inside": [
            {"name": opened.explain.unit(place.pattern), "place": place, "words": shown.words(place.share)}
            for place in study.inside
        ],
        "conditions": [shown.condition_of(opened, code, study, one) for one in study.conditions],
        "versions": [(version, share, shown.words(share)) for version, share in study.versions],
        "share_words": shown.words(study.share),
        "leading_name": opened.explain.unit(study.leading.pattern) if study.leading else "",
        "proposal": proposal,
        "proposal_words": shown.said(opened, proposal) if proposal else "",
        "least": learning.LEAST_MOVED,
        "is_cut": len(study.claims) >= MOST,
        "may_draft": found is not None and _may_draft(person(request), found),
        "draft_links": [
            (kind, opened.url("learning-draft", code, kind=kind))
            for kind in (proposing.LEAD, proposing.SPLIT)
        ],
        "draft_url": opened.url("learning-draft", code, kind=proposal.kind) if proposal else "",
        "drafted": list(_drafted(code)),
        "ranking_url": opened.url("learning"),
    }
    return render(request, "dashboards/learning_item.html", context)


@require_safe
@staff(*LEARNING_ROLES)
def cases(request: HttpRequest, code: str) -> HttpResponse:
    """The cases behind one of the item's numbers, as far as this person may open them."""
    opened = shown.Opened(request)
    what, dest, has = (request.GET.get(name, "") for name in ("what", "dest", "has"))
    if what not in learning.WHATS:
        raise Http404
    study = learning.study(code, opened.question, opened.now.units)
    claims = {claim.incident: claim for claim in shown.narrowed(study.claims, opened, what, dest, has)}
    rows = Incident.objects.filter(policy.visible(request.user), pk__in=list(claims)).order_by(
        "-received_at", "-pk"
    )
    page = Paginator(rows.select_related("text"), CASES_PER_PAGE).get_page(request.GET.get("page"))
    found = opened.item(code)
    context = {
        "code": code,
        "matter": found.matter_zh if found else "",
        "title": shown.WHAT_NAMES[what],
        "dest": opened.explain.unit(dest) if dest else "",
        "has": shown.value_of(opened, *has.partition(":")[::2]) if has else "",
        "page": page,
        "rows": list(shown.listed(opened, page.object_list, claims)),
        "hidden": len(claims) - page.paginator.count,
        "period": opened.asked.period.name,
        "item_url": opened.url("learning-item", code),
        "ranking_url": opened.url("learning"),
    }
    return render(request, "dashboards/learning_cases.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*LEARNING_ROLES)
def draft(request: HttpRequest, code: str) -> HttpResponse:
    """The proposed change in a form; sent, it goes into the draft of suggestions and decides nothing."""
    opened = shown.Opened(request)
    found = opened.item(code)
    kind = request.GET.get("kind", proposing.LEAD)
    if found is None or kind not in proposing.KINDS:
        raise Http404
    study = learning.study(code, opened.question, opened.now.units)
    proposal = proposing.proposal_of(study, found, _others(opened, study))
    other = proposal.other if proposal and kind == proposing.WORD else None
    if kind == proposing.WORD and other is None:
        raise Http404
    target = other or found
    user = person(request)
    if not _may_draft(user, target):
        raise PermissionDenied
    proposed = proposing.changed_values(kind, found, study.leading, proposing.telling(study), other)
    why = proposing.why_of(study, opened.explain.unit(study.leading.pattern) if study.leading else "", code)
    form = DraftForm(
        request.POST or None,
        kind=kind,
        now=opened.now,
        first_units=(*(place.pattern for place in study.places), found.lead_unit),
        initial={**proposed, "why": why[: editing.WHY_MOST]},
    )
    if request.method == "POST" and form.is_valid():
        change = _suggest(form, kind, target, proposed, opened, code, user)
        if change is not None:
            told = {"code": change.item_code, "version": change.list.version}
            messages.success(request, _("%(code)s is in draft %(version)d: nothing has changed yet.") % told)
            return redirect(opened.url("learning-item", code))
    fields = [shown.field_of(opened, form, name, target) for name in form.fields]
    context = {
        "code": code,
        "item": found,
        "target": target,
        "kind": kind,
        "form": form,
        "fields": fields,
        "spare": [field for field in fields if field["is_spare"]],
        "study": study,
        "share_words": shown.words(study.share),
        "place_words": shown.place_words(opened, study),
        "item_url": opened.url("learning-item", code),
        "ranking_url": opened.url("learning"),
    }
    return render(request, "dashboards/learning_draft.html", context, status=422 if form.errors else 200)


def _suggest(
    form: DraftForm,
    kind: str,
    target: ResponsibilityItem,
    proposed: dict[str, Any],
    opened: shown.Opened,
    code: str,
    user: User,
) -> ItemChange | None:
    """Put it into the draft of suggestions; None, with the reason on the form, where that is refused."""
    given = {name: value for name, value in form.cleaned_data.items() if name != "why"}
    before = values_of(target)
    is_new = kind == proposing.SPLIT
    values = {**proposed, **given} if is_new else proposing.differences(before, {**before, **given})
    try:
        return editing.suggest(
            item_code=None if is_new else target.code,
            values=values,
            why=form.cleaned_data["why"],
            reference=_reference(code),
            by=user,
            at=clock.now(),
        )
    except BadItem as error:
        form.take(list(error.problems))
    except ListRefused as error:
        form.add_error(None, str(error))
    return None


def _may_draft(user: User, item: ResponsibilityItem) -> bool:
    return is_steward(user) and may_edit(user, item.lead_unit)


def _reference(code: str) -> str:
    """What a suggestion goes back to: the page of the item that lost the cases."""
    return reverse("learning-item", args=[code])


def _drafted(code: str) -> Iterator[dict[str, Any]]:
    """What is suggested about this item, and waits for the stewards."""
    changes = ItemChange.objects.filter(
        reference=_reference(code),
        list__state__in=[ResponsibilityList.State.DRAFT, ResponsibilityList.State.PROPOSED],
    ).select_related("list", "by")
    for change in changes[:5]:
        yield {
            "change": change,
            "url": reverse("list-item", args=[change.list.version, change.item_code]),
        }


def _others(opened: shown.Opened, study: Study) -> dict[str, ResponsibilityItem]:
    codes = set(study.leading.items) if study.leading else set()
    rows = ResponsibilityItem.objects.filter(list_id=opened.now.list_id, code__in=codes)
    return {row.code: row for row in rows}
