"""How often is too often: the rules of repeats, who changed them, what another threshold would find."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import person, staff
from config import clock
from dashboards.models import RepeatRule, RepeatRuleRevision
from dashboards.scope import Names
from dashboards.warning import reach, repeat_rules
from dashboards.warning.forms import ALL, NewRuleForm, RuleForm
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.pages.refusals import refused

PER_PAGE: Final = 20
# Thresholds whose effect is shown beside the rule's own.
_TRIED: Final = (2, 3, 4, 5, 6, 8, 10, 15)


@require_safe
@staff(*reach.READERS)
def rules(request: HttpRequest) -> HttpResponse:
    """All rules, and every change of them."""
    user, names = person(request), Names()
    if not reach.reads(user):
        raise PermissionDenied
    rows = [
        {
            "rule": rule,
            "matter": matter(rule.matter_code, names),
            "street": names.street(rule.street_code) if rule.street_code else "",
            "url": _address(rule.by, rule.matter_code, rule.street_code),
        }
        for rule in RepeatRule.objects.select_related("changed_by").order_by(
            "by", "matter_code", "street_code"
        )
    ]
    history = RepeatRuleRevision.objects.select_related("changed_by", "by_unit", "words").order_by("-pk")
    page = Paginator(history, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": rows,
        "page": page,
        "history": [_told(one, names) for one in page.object_list],
        "may_change": repeat_rules.streets_of(user) != [],
    }
    return render(request, "dashboards/repeat_rules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*reach.READERS)
def rule(request: HttpRequest, by: str, matter_code: str, street_code: str = "") -> HttpResponse:
    """One rule: what it finds, its history, and the form that changes it."""
    user, at, names = person(request), clock.now(), Names()
    if not reach.reads(user):
        raise PermissionDenied
    code = "" if matter_code == ALL else matter_code
    held = RepeatRule.objects.filter(by=by, matter_code=code, street_code=street_code).first()
    if held is None:
        raise Http404
    grant = repeat_rules.keeping_grant(user, street_code)
    initial = {
        "at_least": held.at_least,
        "days": held.days,
        "is_active": held.is_active,
        "seen": repeat_rules.revisions(by, code, street_code),
    }
    form = RuleForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        if grant is None:
            raise PermissionDenied
        actor = Actor.person(user, grant.unit.code)
        status = _tried(request, form, by=by, matter=code, street=street_code, actor=actor, at=at)
        if status == 302:
            return HttpResponseRedirect(_address(by, code, street_code))
    history = RepeatRuleRevision.objects.filter(by=by, matter_code=code, street_code=street_code)
    page = Paginator(
        history.select_related("changed_by", "by_unit", "words").order_by("-pk"), PER_PAGE
    ).get_page(request.GET.get("page"))
    thresholds = sorted({*_TRIED, held.at_least})
    context = {
        "rule": held,
        "matter": matter(code, names),
        "street": names.street(street_code) if street_code else "",
        "above": repeat_rules.districts(by, code) if street_code else None,
        "form": form if grant is not None else None,
        "page": page,
        "history": [_told(one, names) for one in page.object_list],
        "found": repeat_rules.would_find(
            by, code, days=held.days, thresholds=thresholds, at=at, street=street_code
        ),
        "looks_back": repeat_rules.LOOKS_BACK.days,
    }
    return render(request, "dashboards/repeat_rule.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@staff(*reach.ACTORS)
def new(request: HttpRequest) -> HttpResponse:
    """A rule of its own for a domain, a category or a street."""
    user, names = person(request), Names()
    streets = repeat_rules.streets_of(user)
    if streets == []:
        raise PermissionDenied
    initial = {"at_least": 4 if streets else 5, "days": 30, "seen": 0}
    form = NewRuleForm(request.POST or None, names=names, streets=streets, initial=initial)
    status = 200
    if request.method == "POST":
        # Only streets of their own can be chosen; set_rule asks again.
        grant = repeat_rules.keeping_grant(user, request.POST.get("street", ""))
        if grant is None:
            raise PermissionDenied
        actor = Actor.person(user, grant.unit.code)
        status = _tried(request, form, is_active=True, actor=actor, at=clock.now())
        if status == 302:
            told = form.cleaned_data
            return HttpResponseRedirect(_address(told["by"], told["matter"], told["street"]))
    return render(request, "dashboards/repeat_rule_new.html", {"form": form}, status=status)


def _tried(request: HttpRequest, form: RuleForm, *, at: datetime, **more: Any) -> int:
    """302 where it was changed, else the status of the refusal, which the form tells."""
    if not form.is_valid():
        return 400
    call: Callable[..., Any] = repeat_rules.set_rule
    try:
        call(at=at, **form.cleaned_data, **more)
    except (InvalidInput, ActionRefused) as error:
        return refused(form, error)
    messages.success(request, _("Changed. The next look goes by it."))
    return 302


def _address(by: str, matter_code: str, street_code: str) -> str:
    parts = [by, matter_code or ALL, *([street_code] if street_code else [])]
    return reverse("repeat-rule-street" if street_code else "repeat-rule", args=parts)


def matter(code: str, names: Names) -> str:
    """What a rule is for."""
    if not code:
        return pgettext("rule", "All matters")
    return names.category(code) if len(code) == 4 else names.domains.get(code, code)


def _told(one: RepeatRuleRevision, names: Names) -> dict[str, Any]:
    return {
        "revision": one,
        "matter": matter(one.matter_code, names),
        "street": names.street(one.street_code) if one.street_code else "",
        "before": _words(**one.before) if one.before else "",
        "after": _words(one.days, one.at_least, one.is_active),
    }


def _words(days: int, at_least: int, is_active: bool) -> str:
    """What a rule says, in a few words."""
    told = _("from %(count)d cases in %(days)d days") % {"count": at_least, "days": days}
    return told if is_active else _("%(rule)s, out of use") % {"rule": told}
