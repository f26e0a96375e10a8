"""书记在线: the letters before a secretary, and one with its reply to be prepared and signed."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.roles import Action
from config import clock
from incidents import actions, policy, queries
from incidents.cases import TEXT_MAX
from incidents.errors import ActionRefused, InvalidInput
from incidents.instructing import reach
from incidents.models import Incident, SecretaryLetter
from incidents.pages.access import person, staff
from incidents.pages.forms import text_area
from incidents.pages.refusals import refused
from incidents.pages.wording import title_of
from incidents.secretary import letters

PAGE = 30
WAITING, ANSWERED = "waiting", "answered"


class ReplyForm(forms.Form):
    """The secretary's answer, as the reporter will read it."""

    text = forms.CharField(
        label=gettext_lazy("Reply"),
        max_length=TEXT_MAX,
        widget=text_area(8),
        help_text=gettext_lazy("The reporter reads this word for word, with the secretary's name below it."),
    )
    seen_draft = forms.IntegerField(required=False, widget=forms.HiddenInput)


@require_GET
@staff(*letters.ROLES)
def inbox(request: HttpRequest) -> HttpResponse:
    """The letters to the offices that this person stands for, what is due first."""
    return _shown(request)


@require_GET
@staff(*letters.ROLES)
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """One letter, how far its case is, and its reply."""
    return _shown(request, _letter_or_404(request, pk))


@require_POST
@staff(*letters.ROLES)
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep a draft (`do=draft`), or sign."""
    found, user, at = _letter_or_404(request, pk), person(request), clock.now()
    form = ReplyForm(request.POST)
    status = 400
    incident = letters.cases_of([found])[found.report_id]
    signs = request.POST.get("do") == "sign"
    if form.is_valid():
        told: dict[str, Any] = {
            "number": incident.number,
            "report": found.report_id,
            "text": form.cleaned_data["text"],
            "at": at,
        }
        try:
            letters.refuse_if_signed(incident, found.report_id, user)
            if signs:
                actor = policy.acting_as(user, Action.SIGN_REPLY, incident)
                actions.sign_reply(**told, actor=actor)
            else:
                actor = policy.acting_as(user, Action.DRAFT_REPLY, incident)
                actions.draft_reply(**told, seen_draft=form.cleaned_data["seen_draft"] or 0, actor=actor)
        except (InvalidInput, ActionRefused) as error:
            status = refused(form, error)
        else:
            messages.success(request, _("Signed and sent.") if signs else _("Draft kept."))
            return HttpResponseRedirect(f"{reverse('letter', args=[pk])}?done=reply")
    return _shown(request, _letter_or_404(request, pk), form, status=status)


def _letter_or_404(request: HttpRequest, pk: int) -> SecretaryLetter:
    found = (
        SecretaryLetter.objects.filter(letters.visible(person(request)), pk=min(pk, 2**63 - 1))
        .select_related(
            "report__text", "report__contact", "office", "draft", "drafted_by", "reply", "signed_by"
        )
        .first()
    )
    if found is None:
        raise Http404
    return found


def _shown(
    request: HttpRequest,
    one: SecretaryLetter | None = None,
    form: ReplyForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    user, at = person(request), clock.now()
    tab = request.GET.get("tab", "")
    if tab not in (WAITING, ANSWERED):
        tab = ANSWERED if one is not None and one.signed_at else WAITING
    seen = SecretaryLetter.objects.filter(letters.visible(user))
    rows, after = _page(seen, tab, request.GET.get("after", ""))
    cases = letters.cases_of([*rows, *([one] if one else [])])
    context = {
        "at": at,
        "tab": tab,
        "waiting": queries.bounded_count(seen.filter(signed_at__isnull=True)),
        "count_max": queries.COUNT_MAX,
        "rows": [_row(row, cases[row.report_id]) for row in rows],
        "first_url": _url(tab) if request.GET.get("after") else "",
        "next_url": _url(tab, after=after) if after else "",
        "answered_url": _url(ANSWERED),
        "done": request.GET.get("done", ""),
        **(_opened(user, one, cases[one.report_id], form) if one else {}),
    }
    return render(request, "incidents/letters.html", context, status=status)


def _row(row: SecretaryLetter, case: Incident) -> dict[str, Any]:
    return {"letter": row, "case": case, "title": title_of(row.report.text.body, 40)}


def _opened(user: User, one: SecretaryLetter, case: Incident, form: ReplyForm | None) -> dict[str, Any]:
    """The letter that is open, with what came of its case and what this person may write."""
    # Another letter on the same case may be theirs to answer, and this one not.
    is_open = one.signed_at is None
    signs = is_open and one.office_id in letters.signs_for(user)
    drafts = is_open and one.office_id in reach.offices(user)
    signs = signs and policy.can(user, Action.SIGN_REPLY, case)
    drafts = drafts and policy.can(user, Action.DRAFT_REPLY, case)
    place = queries.places_of([case])
    contact = one.report.contact
    said = case.assignments.filter(role="lead", resolution__isnull=False).select_related("resolution", "unit")
    if form is None:
        form = ReplyForm(
            initial={"text": one.draft.body if one.draft else "", "seen_draft": one.draft_id or 0}
        )
    form.fields["text"].widget.attrs["data-draft"] = f"letter-{one.pk}"
    return {
        "one": one,
        "case": case,
        "title": title_of(one.report.text.body, 40),
        "place": place.full(case),
        # who wrote a tip-off is not said, not even in part
        "from_name": contact.masked_name if contact and not policy.protects_reporter(case) else "",
        "is_protected": policy.protects_reporter(case),
        "case_is_seen": policy.can_see(user, case),
        "said_by_unit": said.order_by("-pk").first(),
        "may_sign": signs,
        "may_draft": drafts,
        "form": form,
    }


def _url(tab: str, **more: str) -> str:
    return f"{reverse('letters')}?{urlencode({'tab': tab, **more})}"


def _page(seen: QuerySet[SecretaryLetter], tab: str, after: str) -> tuple[list[SecretaryLetter], str]:
    """One page after the cursor, and the next one: what is due first, or what was signed last."""
    column, sign = ("signed_at", "-") if tab == ANSWERED else ("due_at", "")
    found = seen.filter(signed_at__isnull=tab != ANSWERED).select_related("report__text", "office")
    cursor = _cursor(after)
    if cursor is not None:
        at, pk = cursor
        way = "lt" if sign else "gt"
        same = found.filter(**{column: at, f"pk__{way}": pk})
        found = found.filter(**{f"{column}__{way}": at}) | same
    rows = list(found.order_by(f"{sign}{column}", f"{sign}pk")[: PAGE + 1])
    if len(rows) <= PAGE:
        return rows, ""
    last = rows[PAGE - 1]
    return rows[:PAGE], f"{getattr(last, column).timestamp():.6f}_{last.pk}"


def _cursor(text: str) -> tuple[datetime, int] | None:
    at, line, pk = text[:60].rpartition("_")
    if not line or not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    try:
        return datetime.fromtimestamp(float(at), tz=UTC), int(pk)
    except (ValueError, OverflowError, OSError):
        return None
