"""The administrator's page of messages: what waits, what was given up, and other systems' addresses.

Nothing personal is shown: a dead letter is its kind, its channel and why it failed.
"""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages as flash
from django.db.models import Min, OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.roles import Role
from accounts.viewer import viewer_of
from config import clock
from dispatch.vocabulary import Source
from incidents import queries, webhooks
from incidents.actor import Actor
from incidents.delivery import retry_dead
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import OutboxMessage, Parcel, Webhook
from incidents.pages.access import person, staff

SHOWN = 50
# Put back at once: a page's press is one short statement, however many have died.
RETRIED_AT_ONCE = 1_000


class WebhookForm(forms.ModelForm):
    """Where another system listens, and for what."""

    source = forms.ChoiceField(
        label=gettext_lazy("Source"),
        choices=Source.choices,
        widget=forms.Select(attrs={"class": "form-select"}),
        help_text=gettext_lazy("It hears about reports of this source only."),
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What it hears"),
        choices=list(webhooks.KINDS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nothing ticked: everything."),
    )

    class Meta:
        model = Webhook
        fields = ("name", "url", "source", "kinds")
        labels = {"name": pgettext_lazy("webhook", "Name"), "url": gettext_lazy("Address (URL)")}
        widgets = {
            "name": forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
            "url": forms.URLInput(
                attrs={"class": "form-control", "placeholder": "https://", "inputmode": "url"}
            ),
        }


@require_GET
@staff(Role.ADMIN)
def overview(request: HttpRequest) -> HttpResponse:
    """How the outbox stands, its dead letters newest first, and the webhooks."""
    at = clock.now()
    context = {"at": at, **_standing(at), **_dead(), "hooks": _hooks()}
    return render(request, "incidents/messages.html", context)


@require_POST
@staff(Role.ADMIN)
def retry(request: HttpRequest) -> HttpResponse:
    """Put one dead letter back, or all of them once that is confirmed."""
    is_all = "all" in request.POST
    if is_all and "sure" not in request.POST:
        return render(request, "incidents/messages_confirm.html", _dead())
    if is_all:
        parcels = list(
            Parcel.objects.dead().order_by("-dead_at", "-pk").values_list("pk", flat=True)[:RETRIED_AT_ONCE]
        )
        unspread = list(_dead_messages().values_list("pk", flat=True)[:RETRIED_AT_ONCE])
    else:
        parcels, unspread = _ids(request, "parcel"), _ids(request, "message")
    count = retry_dead(parcels=parcels, messages=unspread, actor=_actor(request), at=clock.now())
    words = ngettext("%(count)d message is tried again.", "%(count)d messages are tried again.", count)
    if count:
        flash.success(request, words % {"count": count})
    else:
        flash.info(request, _("Nothing was left to try again."))
    return HttpResponseRedirect(reverse("messages"))


@require_http_methods(["GET", "HEAD", "POST"])
@staff(Role.ADMIN)
def add_webhook(request: HttpRequest) -> HttpResponse:
    """A new webhook; its secret is shown on the answer and never again."""
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("name", "url", "source", "kinds")}
        try:
            hook, secret = webhooks.add(actor=_actor(request), at=clock.now(), **given)
        except InvalidInput as refused:
            form.add_error(refused.field, str(refused))
        else:
            return _secret_page(request, hook, secret)
    return render(request, "incidents/webhook_add.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
@staff(Role.ADMIN)
def webhook(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop, start, try a webhook, or give it another secret once that is confirmed."""
    hook = Webhook.objects.filter(pk=min(pk, 2**63 - 1)).first()
    if hook is None:
        raise Http404
    actor, wanted = _actor(request), request.POST.get("do", "")
    try:
        if wanted in ("stop", "start"):
            webhooks.switch(hook.pk, is_active=wanted == "start", actor=actor)
            said = _("%(name)s was started.") if wanted == "start" else _("%(name)s was stopped.")
            flash.success(request, said % {"name": hook.name})
        elif wanted == "test":
            webhooks.send_test(hook.pk, actor=actor, at=clock.now())
            flash.success(request, _("A test message for %(name)s is on its way.") % {"name": hook.name})
        elif wanted == "rotate" and "sure" in request.POST:
            hook, secret = webhooks.rotate(hook.pk, actor=actor)
            return _secret_page(request, hook, secret)
        elif wanted == "rotate":
            return render(request, "incidents/messages_confirm.html", {"hook": hook})
    except ActionRefused as refused:
        flash.error(request, str(refused))
    return HttpResponseRedirect(reverse("messages"))


def _secret_page(request: HttpRequest, hook: Webhook, secret: str) -> HttpResponse:
    response = render(request, "incidents/webhook_secret.html", {"hook": hook, "secret": secret})
    patch_cache_control(response, no_store=True)
    return response


def _standing(at: datetime) -> dict[str, Any]:
    """Counts that stop at 999, and how long the oldest that could go has waited."""
    waiting = Parcel.objects.waiting()
    unspread = OutboxMessage.objects.filter(sent_at__isnull=True, dead_at__isnull=True)
    # What a person's quiet hours hold back has not been tried and is not due; it is not late.
    due = waiting.exclude(attempts=0, not_before__gt=at)
    oldest = [
        found
        for found in (
            due.order_by().aggregate(first=Min("created_at"))["first"],
            unspread.order_by().aggregate(first=Min("created_at"))["first"],
        )
        if found
    ]
    return {
        "waiting": _count(due) + _count(unspread),
        "held": _count(waiting.filter(attempts=0, not_before__gt=at)),
        "failing": _count(waiting.filter(attempts__gt=0)) + _count(unspread.filter(attempts__gt=0)),
        "oldest": at - min(oldest) if oldest else None,
        "count_max": queries.COUNT_MAX,
    }


def _count(rows: QuerySet[Any]) -> int:
    return queries.bounded_count(rows)


def _dead_messages() -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(dead_at__isnull=False).order_by("-pk")


def _dead() -> dict[str, Any]:
    parcels = Parcel.objects.dead()
    unspread = _dead_messages()
    return {
        "dead_count": _count(parcels) + _count(unspread),
        "dead": list(parcels.select_related("incident", "webhook").order_by("-dead_at", "-pk")[:SHOWN]),
        "dead_messages": list(unspread.select_related("incident")[:SHOWN]),
        "shown": SHOWN,
    }


def _hooks() -> list[dict[str, Any]]:
    """Each webhook with how its latest parcel fared; two queries for them all."""
    newest = Parcel.objects.filter(webhook=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    hooks = list(Webhook.objects.annotate(latest=Subquery(newest)))
    latest = Parcel.objects.in_bulk([hook.latest for hook in hooks if hook.latest])
    return [
        {
            "hook": hook,
            "kinds": [webhooks.KINDS.get(kind, kind) for kind in hook.kinds],
            "latest": (last := latest.get(hook.latest)),
            "is_unwanted": last is not None
            and last.dead_at is not None
            and last.last_error == Parcel.UNWANTED,
        }
        for hook in hooks
    ]


def _ids(request: HttpRequest, name: str) -> list[int]:
    """A row's number out of a form; what is none names nothing."""
    text = request.POST.get(name, "")
    return [int(text)] if text.isascii() and text.isdigit() and len(text) < 19 else []


def _actor(request: HttpRequest) -> Actor:
    user = person(request)
    grants = viewer_of(user).with_roles(Role.ADMIN)
    return Actor.person(user, grants[0].unit.code)
