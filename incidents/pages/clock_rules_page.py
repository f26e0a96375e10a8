"""The rules of the clocks, kind by kind and urgency by urgency: to be read, changed and put back."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.roles import Role
from dispatch.vocabulary import Urgency
from incidents import clock_rules
from incidents.clock_rule_changes import restore_rule, save_rule
from incidents.clock_rules import DEFAULTS, Rule
from incidents.models import ClockRule, Timer
from incidents.pages.access import staff
from incidents.pages.clock_forms import DELAYS, RuleForm
from incidents.pages.wording import limit_words


@require_GET
@staff(Role.ADMIN)
def rules(request: HttpRequest) -> HttpResponse:
    """All of them."""
    own = {(row.kind, row.urgency): clock_rules.as_rule(row) for row in ClockRule.objects.all()}
    kinds = [
        {
            "name": Timer.Kind(kind).label,
            "names_limit": clock_rules.names_limit(kind),
            "rows": [_row(kind, urgency, own.get((kind, urgency))) for urgency in Urgency],
        }
        for kind in clock_rules.KINDS
    ]
    return render(request, "incidents/clock_rules.html", {"kinds": kinds, "delays": list(DELAYS.values())})


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def rule(request: HttpRequest, kind: str, urgency: str) -> HttpResponse:
    """Change one, or put the default back."""
    if (kind, urgency) not in DEFAULTS:
        raise Http404
    own = ClockRule.objects.filter(kind=kind, urgency=urgency).first()
    stands = clock_rules.as_rule(own) if own else DEFAULTS[kind, urgency]
    if request.method == "POST" and "restore" in request.POST:
        restore_rule(kind=kind, urgency=urgency)
        messages.success(request, _("The default counts again for clocks that start from now on."))
        return HttpResponseRedirect(reverse("clock-rules"))
    form = RuleForm(request.POST if request.method == "POST" else None, kind=kind, initial=_initial(stands))
    if request.method == "POST" and form.is_valid():
        save_rule(kind=kind, urgency=urgency, **form.cleaned_data)
        messages.success(request, _("Saved, for clocks that start from now on."))
        return HttpResponseRedirect(reverse("clock-rules"))
    context = {
        "form": form,
        "name": Timer.Kind(kind).label,
        "urgency": Urgency(urgency).label,
        "is_own": own is not None,
        "default": _row(kind, urgency, None),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "incidents/clock_rule.html", context, status=status)


def _initial(stands: Rule) -> dict[str, Any]:
    return {
        "limit": stands.limit,
        "warn_at": ", ".join(str(share) for share in stands.warn_at),
        **{name: getattr(stands, name) for name in DELAYS},
    }


def _row(kind: str, urgency: str, own: Rule | None) -> dict[str, Any]:
    stands = own or DEFAULTS[kind, urgency]
    return {
        "url": reverse("clock-rule", args=[kind, urgency]),
        "urgency": Urgency(urgency).label,
        "is_own": own is not None,
        "limit": limit_words(stands.limit) if stands.limit else "",
        "warnings": [f"{share} %" for share in stands.warn_at],
        "delays": [(label, _delay(getattr(stands, name))) for name, label in DELAYS.items()],
    }


def _delay(text: str) -> str:
    """When after the due time; "" is never."""
    if not text:
        return ""
    return _("at once") if text == "0m" else limit_words(text)
