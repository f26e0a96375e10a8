"""批示: the ledger of instructions, a new one, and one with its reports."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from config import clock
from incidents import instructing, policy, queries
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.instructing import reach, reading
from incidents.models import Incident, Instruction
from incidents.pages.access import person, staff
from incidents.pages.instruction_forms import InstructionForm, JudgeForm, ReportForm, WithdrawForm
from incidents.pages.refusals import refused
from incidents.pages.wording import described, title_of

PAGE = 30
CASES_SHOWN = 50


@require_GET
@staff(*reach.ROLES)
def instructions(request: HttpRequest) -> HttpResponse:
    """The instructions that this person gives or owes a report on; what is due first stands first."""
    user, at = person(request), clock.now()
    tabs = _tabs(user, at)
    wanted = request.GET.get("tab", "")
    if wanted not in {tab["name"] for tab in tabs}:
        wanted = next((tab["name"] for tab in tabs if tab["count"]), tabs[0]["name"])
    found = reading.by_due(reading.selected(user, wanted, at))
    rows, after = _page(found, wanted, request.GET.get("after", ""))
    for tab in tabs:
        tab["active"] = tab["name"] == wanted
    context = {
        "at": at,
        "tabs": tabs,
        "wanted": wanted,
        "rows": [_row(row, at) for row in rows],
        "may_give": bool(reach.offices(user)),
        "count_max": queries.COUNT_MAX,
        "first_url": _url(wanted) if request.GET.get("after") else "",
        "next_url": _url(wanted, after=after) if after else "",
    }
    return render(request, "incidents/instructions.html", context)


@require_http_methods(["GET", "POST"])
@staff(*reach.GIVING)
def new(request: HttpRequest) -> HttpResponse:
    """Write an instruction down; `?case=` names the cases that it is about."""
    user, at = person(request), clock.now()
    if not reach.offices(user):
        raise PermissionDenied
    if request.method == "GET":
        about = " ".join(request.GET.getlist("case")[:CASES_SHOWN])
        return _new(request, InstructionForm(initial={"case": about}, user=user, at=at))
    form = InstructionForm(request.POST, user=user, at=at)
    if not form.is_valid():
        return _new(request, form, status=400)
    told = form.cleaned_data
    grant = reach.offices(user)[told["office"]]
    try:
        given = instructing.give(
            office=told["office"],
            words=told["words"],
            units=told["units"],
            due_at=told["due_at"],
            given_by=told.get("given_by"),
            cases_about=told["case"],
            actor=Actor.person(user, grant.unit.code),
            at=at,
        )
    except InvalidInput as error:
        field = {"cases": "case"}.get(error.field, error.field)
        form.add_error(field if field in form.fields else None, str(error))
        return _new(request, form, status=400)
    except ActionRefused as error:
        form.add_error("case" if error.code == "not_found" else None, str(error))
        return _new(request, form, status=403 if error.code == "not_allowed" else 400)
    messages.success(request, _("Instruction %(number)s given.") % {"number": given.number})
    return HttpResponseRedirect(f"{reverse('instruction', args=[given.number])}?done=given")


@require_GET
@staff(*reach.ROLES)
def instruction(request: HttpRequest, number: str) -> HttpResponse:
    """One instruction: the words, the cases, and what each unit has reported."""
    return _shown(request, _given_or_404(request, number))


@require_POST
@staff(*reach.ROLES)
def report(request: HttpRequest, number: str) -> HttpResponse:
    """A unit reports."""
    given, user, at = _given_or_404(request, number), person(request), clock.now()
    unit = request.POST.get("unit", "")
    form = ReportForm(request.POST)

    def act(told: dict[str, Any]) -> str:
        part = given.parts.select_related("unit").filter(unit=unit).first()
        if part is None:
            raise InvalidInput("unit", "unknown", _("The instruction is not addressed to this unit."))
        part.instruction = given
        grant = reach.reporting_grant(user, part)
        actor = Actor.person(user, grant.unit.code if grant else unit)
        instructing.report(number=number, unit=unit, text=told["text"], actor=actor, at=at)
        return _("Reported.")

    return _do(request, given, form, f"report-{unit}", act)


@require_POST
@staff(*reach.GIVING)
def judge(request: HttpRequest, number: str) -> HttpResponse:
    """The office accepts a report, or sends it back."""
    given, user, at = _given_or_404(request, number), person(request), clock.now()
    _only_for_office(user, given)
    unit = request.POST.get("unit", "")
    form = JudgeForm(request.POST, at=at)

    def act(told: dict[str, Any]) -> str:
        instructing.judge(
            number=number,
            unit=unit,
            accepted=told["accepted"],
            remark=told["remark"],
            due_at=told["due_at"],
            actor=_for_office(user, given),
            at=at,
        )
        return _("Report accepted.") if told["accepted"] else _("Report sent back.")

    return _do(request, given, form, f"judge-{unit}", act)


@require_POST
@staff(*reach.GIVING)
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """The office takes the instruction back."""
    given, user, at = _given_or_404(request, number), person(request), clock.now()
    _only_for_office(user, given)
    form = WithdrawForm(request.POST)

    def act(told: dict[str, Any]) -> str:
        instructing.withdraw(number=number, reason=told["reason"], actor=_for_office(user, given), at=at)
        return _("Instruction withdrawn.")

    return _do(request, given, form, "withdraw", act)


def _only_for_office(user: User, given: Instruction) -> None:
    """Before anything is said about what somebody typed."""
    if reach.judging_grant(user, given) is None:
        raise PermissionDenied


def _for_office(user: User, given: Instruction) -> Actor:
    grant = reach.judging_grant(user, given)
    if grant is None:
        raise ActionRefused("not_allowed", _("Only the office that gave it answers the reports."))
    return Actor.person(user, grant.unit.code)


def _do(
    request: HttpRequest,
    given: Instruction,
    form: Form,
    where: str,
    act: Callable[[dict[str, Any]], str],
) -> HttpResponse:
    """Act and go back with a message; what is refused is said beside the form, with what was typed."""
    status = 400
    if form.is_valid():
        try:
            said = act(form.cleaned_data)
        except (InvalidInput, ActionRefused) as error:
            status = refused(form, error)
        else:
            messages.success(request, said)
            return HttpResponseRedirect(f"{reverse('instruction', args=[given.number])}?done={where}")
    return _shown(request, _given_or_404(request, given.number), {where: form}, status=status)


def _given_or_404(request: HttpRequest, number: str) -> Instruction:
    found = (
        Instruction.objects.filter(reach.visible(person(request)), number=number)
        .select_related("office", "given_by", "recorded_by", "words", "reason")
        .first()
    )
    if found is None:
        raise Http404
    return found


def _new(request: HttpRequest, form: InstructionForm, *, status: int = 200) -> HttpResponse:
    numbers = (form["case"].value() or "").replace(",", " ").replace("，", " ").split()[:CASES_SHOWN]
    seen = Incident.objects.filter(policy.visible(request.user), number__in=numbers)
    context = {"form": form, "cases": _cases(seen, clock.now()), "back_url": reverse("instructions")}
    return render(request, "incidents/instruction_new.html", context, status=status)


def _shown(
    request: HttpRequest, given: Instruction, forms: dict[str, Form] | None = None, *, status: int = 200
) -> HttpResponse:
    user, at = person(request), clock.now()
    typed = forms or {}
    parts: list[dict[str, Any]] = [
        {
            "row": part,
            "report_form": typed.get(f"report-{part.part.unit_id}")
            or ReportForm(auto_id=f"report-{index}-%s"),
            "judge_form": typed.get(f"judge-{part.part.unit_id}")
            or JudgeForm(at=at, auto_id=f"judge-{index}-%s"),
        }
        for index, part in enumerate(reading.parts_of(given, user, at=at))
    ]
    seen = given.cases.filter(policy.visible(user))
    context = {
        "at": at,
        "given": given,
        "parts": parts,
        "cases": _cases(seen, at),
        "may_withdraw": given.ended_at is None and reach.judging_grant(user, given) is not None,
        "withdraw_form": typed.get("withdraw") or WithdrawForm(),
        "done": request.GET.get("done", ""),
        "accepted": sum(part["row"].part.state == "accepted" for part in parts),
    }
    return render(request, "incidents/instruction.html", context, status=status)


def _cases(found: QuerySet[Incident], at: datetime) -> list[dict[str, Any]]:
    rows = list(found.for_list().order_by("pk")[:CASES_SHOWN])  # type: ignore[attr-defined]
    place = queries.places_of(rows)
    return [described(row, at, place=place.short(row)) for row in rows]


def _row(given: Instruction, at: datetime) -> dict[str, Any]:
    parts = list(given.parts.all())
    return {
        "given": given,
        "title": title_of(given.words.body, 48),
        "parts": [
            {
                "part": part,
                "colour": reading.colour(part, is_overdue=part.state == "waiting" and part.due_at < at),
            }
            for part in parts
        ],
    }


def _tabs(user: User, at: datetime) -> list[dict[str, Any]]:
    """What this person can look at, with a bounded count each."""
    labels = {
        reading.REPORT: _("To report on"),
        reading.ANSWER: _("Reported, to answer"),
        reading.OVERDUE: _("Overdue"),
        reading.OPEN: pgettext("instruction", "Open"),
        reading.ENDED: _("Ended"),
    }
    gives = bool(reach.offices(user))
    owes = reach.parts_to_report(user) is not None
    shown = [
        name
        for name in reading.SELECTIONS
        if (name != reading.ANSWER or gives) and (name != reading.REPORT or owes)
    ]
    return [
        {
            "name": name,
            "label": labels[name],
            # how many are over is of no use to anybody, and the most of all
            "count": queries.bounded_count(reading.selected(user, name, at)) if name != reading.ENDED else 0,
            "state": "overdue" if name == reading.OVERDUE else "",
            "url": _url(name),
        }
        for name in shown
    ]


def _url(tab: str, **more: str) -> str:
    return f"{reverse('instructions')}?{urlencode({'tab': tab, **more})}"


def _page(found: QuerySet[Any], tab: str, after: str) -> tuple[list[Any], str]:
    """One page after the cursor, and the next cursor; by due time, those that ended newest first."""
    if tab == reading.ENDED:
        if after.isascii() and after.isdigit() and len(after) < 19:
            found = found.filter(pk__lt=int(after))
        rows = list(found.order_by("-pk")[: PAGE + 1])
        return rows[:PAGE], str(rows[PAGE - 1].pk) if len(rows) > PAGE else ""
    cursor = _cursor(after)
    if cursor is not None:
        due_at, pk = cursor
        if due_at is None:
            found = found.filter(next_due_at__isnull=True, pk__gt=pk)
        else:
            found = found.filter(
                Q(next_due_at__gt=due_at) | Q(next_due_at=due_at, pk__gt=pk) | Q(next_due_at__isnull=True)
            )
    rows = list(found.order_by(F("next_due_at").asc(nulls_last=True), "pk")[: PAGE + 1])
    if len(rows) <= PAGE:
        return rows, ""
    last = rows[PAGE - 1]
    due = f"{last.next_due_at.timestamp():.6f}" if last.next_due_at else ""
    return rows[:PAGE], f"{due}_{last.pk}"


def _cursor(text: str) -> tuple[datetime | None, int] | None:
    due_at, line, pk = text[:60].rpartition("_")
    if not line or not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    try:
        return datetime.fromtimestamp(float(due_at), tz=UTC) if due_at else None, int(pk)
    except (ValueError, OverflowError, OSError):
        return None
