"""数据超市: the catalogue, a data set, asking for it, the owner's inbox, and who took what."""

from collections.abc import Callable, Iterable
from typing import Any, NoReturn
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import person, staff
from accounts.models import User
from accounts.viewer import viewer_of
from config import clock
from dashboards.datasets import acting, catalogue, reach, shown, taking, usage
from dashboards.datasets.definition import DEPRECATION_DAYS
from dashboards.datasets.forms import AskForm, GrantForm, RuleForm, WhyForm
from dashboards.datasets.shown import Entry
from dashboards.models import DataEvent, DataRequest, DataRule, Download
from dashboards.scope import Names
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.pages.refusals import refused

PER_PAGE = 30


def _reader(request: HttpRequest) -> User:
    user = person(request)
    if not reach.signs_in(user):
        raise PermissionDenied
    return user


def _entry(user: User, code: str, request: HttpRequest) -> Entry:
    asked = request.GET.get("version", "")
    if asked and not (asked.isdecimal() and len(asked) < 5):
        raise Http404
    found = shown.entry(user, code, int(asked) if asked else None, at=clock.now())
    if found is None:
        raise Http404
    return found


@require_safe
@staff()
def datasets(request: HttpRequest) -> HttpResponse:
    """The catalogue, by topic and domain and by words."""
    user, at, names = _reader(request), clock.now(), Names()
    asked = {name: request.GET.get(name, "").strip()[:80] for name in ("q", "topic", "domain")}
    strange = []
    if asked["topic"] and asked["topic"] not in catalogue.TOPICS:
        strange.append(asked["topic"])
        asked["topic"] = ""
    if asked["domain"] and asked["domain"] not in names.domains:
        strange.append(asked["domain"])
        asked["domain"] = ""
    every = shown.entries(user, at=at)
    found = [
        one
        for one in every
        if catalogue.says(one.dataset, asked["q"])
        and (not asked["domain"] or (one.snapshot is not None and asked["domain"] in one.snapshot.by_domain))
    ]
    context = {
        "asked": asked,
        "strange": strange,
        "entries": [one for one in found if asked["topic"] in ("", one.dataset.topic)],
        "found": sum(1 for one in found if asked["topic"] in ("", one.dataset.topic)),
        "topics": [
            {
                "code": topic,
                "name": name,
                "count": sum(1 for one in found if one.dataset.topic == topic),
                "url": _with(asked, topic=topic),
                "is_here": asked["topic"] == topic,
            }
            for topic, name in catalogue.TOPICS.items()
        ],
        "all_url": _with(asked, topic=""),
        "all_count": len(found),
        "domains": sorted(names.domains.items()),
        "waiting": _to_decide(user).waiting().count() if _owned(user) else 0,
        "owns": bool(_owned(user)),
    }
    return render(request, "dashboards/data/catalogue.html", context)


def _with(asked: dict[str, str], **changes: str) -> str:
    told = {name: value for name, value in {**asked, **changes}.items() if value}
    return reverse("data") + (f"?{urlencode(told)}" if told else "")


@require_safe
@staff()
def dataset(request: HttpRequest, code: str) -> HttpResponse:
    """One data set: what is in it, what is not, who may have it, and a few of its rows."""
    user = _reader(request)
    entry = _entry(user, code, request)
    names = Names()
    snapshot = entry.snapshot
    domains = sorted(snapshot.by_domain.items()) if snapshot is not None else []
    sample = taking.sample(entry)
    is_owner = reach.owner_grant(user, entry.dataset) is not None
    context = {
        "entry": entry,
        "dataset": entry.dataset,
        "fields": shown.fields(entry.dataset),
        "rules": shown.rules(entry.dataset),
        "who": shown.who(entry.access),
        "domains": [(one, names.domains.get(one, one), rows) for one, rows in domains],
        "sample": [list(zip(entry.dataset.fields, row, strict=True)) for row in sample],
        "is_owner": is_owner,
        "taken": _named(usage.of(code)[:5], names) if is_owner else [],
        "withheld": sorted((snapshot.withheld if snapshot else {}).items()),
        "address": request.build_absolute_uri(reverse("api-dataset-rows", args=[code])),
        "file_address": request.build_absolute_uri(reverse("api-dataset-file", args=[code, "parquet"])),
        "deprecation_days": DEPRECATION_DAYS,
        "usage_days": usage.DAYS,
    }
    return render(request, "dashboards/data/dataset.html", context)


@require_safe
@staff()
def download(request: HttpRequest, code: str, format: str) -> HttpResponseBase:
    """The file: whole, by ranges, or one domain of it."""
    user = _reader(request)
    entry = _entry(user, code, request)
    domain = request.GET.get("domain", "")[:4]
    try:
        return taking.download(request, entry, format, user, domain=domain, at=clock.now())
    except ActionRefused as error:
        raise PermissionDenied(str(error)) from error
    except InvalidInput as error:
        raise Http404 from error


@require_http_methods(["GET", "HEAD", "POST"])
@staff()
def ask(request: HttpRequest, code: str) -> HttpResponse:
    """Ask its owner."""
    user, at = _reader(request), clock.now()
    entry = _entry(user, code, request)
    form = AskForm(request.POST or None, systems=reach.systems())
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            told = {"client": None, **form.cleaned_data}
            done = _tried(form, lambda: acting.ask(dataset=code, actor=_actor(user), at=at, **told))
            if isinstance(done, DataRequest):
                messages.success(request, _("Asked. You are told when its owner has decided."))
                return HttpResponseRedirect(reverse("data-request", args=[done.pk]))
            status = done
    context = {
        "entry": entry,
        "dataset": entry.dataset,
        "form": form,
        "has_it": entry.standing.may_have and "client" not in form.fields,
    }
    return render(request, "dashboards/data/ask.html", context, status=status)


def _tried(form: Form, call: Callable[[], Any]) -> Any:
    """What it answers, or the status of the refusal, which the form tells."""
    try:
        return call()
    except (InvalidInput, ActionRefused) as error:
        return refused(form, error)


def _actor(user: User) -> Actor:
    home = viewer_of(user).home_unit
    return Actor.person(user, home.code if home else "")


def _owned(user: User) -> list[str]:
    return [one.code for one in catalogue.ALL if reach.owner_grant(user, one) is not None]


def _to_decide(user: User) -> Any:
    return DataRequest.objects.filter(dataset__in=_owned(user))


def _names() -> dict[str, Any]:
    return {one.code: one.name for one in catalogue.ALL}


@require_safe
@staff()
def requests(request: HttpRequest) -> HttpResponse:
    """The owner's inbox, and what one has asked for oneself."""
    user, at = _reader(request), clock.now()
    tabs = (("decide", pgettext("data requests", "To decide")), ("mine", pgettext("data requests", "Mine")))
    owns = bool(_owned(user))
    tab = request.GET.get("tab", "decide" if owns else "mine")
    tab = tab if tab in ("decide", "mine") and (owns or tab == "mine") else "mine"
    rows = _to_decide(user) if tab == "decide" else DataRequest.objects.filter(by=user)
    # What waits comes first, the longest waiting of it at the top.
    ordered = rows.select_related("by", "unit", "client", "purpose").extra(
        select={"waits": "dashboards_datarequest.state = 'waiting'"}, order_by=["-waits", "-at", "-id"]
    )
    page = Paginator(ordered, PER_PAGE).get_page(request.GET.get("page"))
    names = _names()
    context = {
        "page": page,
        "rows": [
            {"held": row, "name": names.get(row.dataset, row.dataset), "state": _state(row, at)}
            for row in page.object_list
        ],
        "tabs": [
            {"code": code, "name": name, "url": f"?tab={code}", "is_here": code == tab}
            for code, name in (tabs if owns else tabs[1:])
        ],
        "tab": tab,
        "waiting": _to_decide(user).waiting().count() if owns else 0,
    }
    return render(request, "dashboards/data/requests.html", context)


def _state(held: DataRequest, at: Any) -> dict[str, str]:
    """How a request stands now, in words and as the page marks it."""
    if held.state == DataRequest.State.GRANTED and held.until is not None and held.until <= at:
        return {"words": pgettext("data request", "Over"), "mark": ""}
    marks = {"waiting": "warned", "granted": "on", "refused": "overdue", "withdrawn": "overdue"}
    return {"words": str(held.get_state_display()), "mark": marks.get(held.state, "")}


@require_http_methods(["GET", "HEAD", "POST"])
@staff()
def data_request(request: HttpRequest, pk: int) -> HttpResponse:
    """One request: its purpose, its trail, and what may be done with it."""
    user, at = _reader(request), clock.now()
    held = (
        DataRequest.objects.filter(reach.visible_requests(user, catalogue.ALL), pk=pk)
        .select_related("by", "unit", "client", "purpose", "decided_by")
        .first()
    )
    entry = shown.entry(user, held.dataset, at=at) if held is not None else None
    if held is None or entry is None:
        raise Http404
    act, status = request.POST.get("act", ""), 200
    grant = GrantForm(request.POST if act == "grant" else None, held=held)
    why = WhyForm(request.POST if act in ("refuse", "withdraw") else None)
    if request.method == "POST":
        form, call = _act_of(act, grant, why)
        status = 400
        if form.is_valid():
            told = {**form.cleaned_data, "request": pk, "actor": _actor(user), "at": at}
            done = _tried(form, lambda: call(**told))
            if isinstance(done, DataRequest):
                messages.success(request, _SAID[act]())
                return HttpResponseRedirect(reverse("data-request", args=[pk]))
            status = done
            held.refresh_from_db()
    is_owner = reach.owner_grant(user, entry.dataset) is not None
    waits = held.state == DataRequest.State.WAITING
    context = {
        "held": held,
        "entry": entry,
        "dataset": entry.dataset,
        "state": _state(held, at),
        "events": held.events.select_related("by", "by_unit", "words"),
        "grant": grant,
        "why": why,
        "act": act,
        "may_decide": is_owner and waits and held.by_id != user.pk,
        "is_own": is_owner and waits and held.by_id == user.pk,
        "may_withdraw": is_owner and held.state == DataRequest.State.GRANTED and (held.until or at) > at,
        "may_cancel": waits and held.by_id == user.pk,
    }
    return render(request, "dashboards/data/request.html", context, status=status)


def _unknown(**_told: Any) -> NoReturn:
    raise ActionRefused("unknown", _("There is no such step."))


def _act_of(act: str, grant: Form, why: Form) -> tuple[Form, Callable[..., Any]]:
    known: dict[str, tuple[Form, Callable[..., Any]]] = {
        "grant": (grant, acting.grant),
        "refuse": (why, acting.refuse),
        "withdraw": (why, acting.withdraw),
        "cancel": (Form({}), acting.cancel),
    }
    return known.get(act, (Form({}), _unknown))


_SAID: dict[str, Callable[[], str]] = {
    "grant": lambda: _("Granted. It ends by itself on its day."),
    "refuse": lambda: _("Refused. Who asked is told why."),
    "withdraw": lambda: _("Withdrawn: nothing more is handed out by it."),
    "cancel": lambda: _("Taken back."),
}


def _named(taken: Iterable[Download], names: Names) -> list[dict[str, Any]]:
    """Downloads with what their units are called."""
    return [{"one": one, "unit": names.unit(one.unit_code) if one.unit_code else ""} for one in taken]


@require_safe
@staff()
def downloads(request: HttpRequest, code: str) -> HttpResponse:
    """Who took it: for its owner."""
    user = _reader(request)
    entry = _entry(user, code, request)
    if reach.owner_grant(user, entry.dataset) is None:
        raise PermissionDenied
    page = Paginator(usage.of(code), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "entry": entry,
        "dataset": entry.dataset,
        "page": page,
        "taken": _named(page.object_list, Names()),
    }
    return render(request, "dashboards/data/usage.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff()
def rule(request: HttpRequest, code: str) -> HttpResponse:
    """Who may have it without asking: its owner says."""
    user, at = _reader(request), clock.now()
    entry = _entry(user, code, request)
    if reach.owner_grant(user, entry.dataset) is None:
        raise PermissionDenied
    form = RuleForm(request.POST or None, access=entry.access)
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            told = form.cleaned_data
            done = _tried(form, lambda: acting.change_rule(dataset=code, actor=_actor(user), at=at, **told))
            if not isinstance(done, int):
                messages.success(request, _("From now on that is who may have it."))
                return HttpResponseRedirect(reverse("data-set", args=[code]))
            status = done
    trail = DataEvent.objects.filter(dataset=code, kind=DataEvent.Kind.RULE).order_by("-pk")
    context = {
        "entry": entry,
        "dataset": entry.dataset,
        "form": form,
        "who": shown.who(entry.access),
        "events": [
            {"event": one, "mode": DataRule.Mode(one.data["mode"]).label}
            for one in trail.select_related("by", "words")[:20]
        ],
    }
    return render(request, "dashboards/data/rule.html", context, status=status)
