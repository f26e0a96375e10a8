"""One case of a rehearsal, side by side: both decisions with their reasons, and what really happened."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import staff
from accounts.roles import Role
from dispatch import explaining
from dispatch.comparing import reworded
from dispatch.edition import Edition, edition_of
from dispatch.explain import Explainer
from dispatch.facts import DISPATCHED, Facts
from dispatch.pages.explained import ShownDecision, shown_categories, shown_decision
from dispatch.pages.standing import Opened, opened
from dispatch.vocabulary import Level, Urgency
from dispatch.wording import limit_words
from incidents import policy, rehearsal
from incidents.models import DecisionRecord, Incident, Rehearsal, RehearsedCase
from incidents.pages import rehearsal_words as words
from incidents.pages.rehearsal import Chosen
from incidents.pages.rehearsal_words import TABS


@require_GET
@staff(Role.STEWARD)
def case(request: HttpRequest, version: int, pk: int) -> HttpResponse:
    """A case or a row. Its words only for whoever may see the case itself."""
    one = opened(request, version)
    done = rehearsal.newest_result(one.version)
    if done is None or pk >= 2**63:
        raise Http404
    chosen = Chosen.of(request, done)
    found = _listed(chosen, done)
    shown = done.cases.select_related("incident").filter(pk=pk).first()
    if shown is None:
        raise Http404
    seen = None
    if shown.incident_id is not None:
        visible = Incident.objects.filter(policy.visible(one.user), pk=shown.incident_id)
        seen = visible.select_related("text").first()
    context = {
        "one": one,
        "version": one.version,
        "result": done,
        "shown": shown,
        "row": words.rows([shown], one.user, one.units)[0],
        "seen": seen,
        "is_stale": rehearsal.is_stale(done),
        "differences": _differences(shown, one),
        "sent": one.units.label(shown.sent_unit) if shown.sent_unit else "",
        "settled": words.settled_words(shown, one.units),
        "back": _address(reverse("rehearsal", args=[version]), chosen.query(chosen.tab)),
        "query_words": urlencode(chosen.query(chosen.tab)),
        **_neighbours(found, shown),
        **_sides(shown, seen, done),
    }
    return render(request, "incidents/rehearsal_case.html", context)


def _listed(chosen: Chosen, done: Rehearsal) -> "QuerySet[RehearsedCase]":
    which = next((which for name, _title, which in TABS if name == chosen.tab), None)
    found = chosen.cases(done)
    return found if which is None else found.filter(which)


def _neighbours(found: "QuerySet[RehearsedCase]", shown: RehearsedCase) -> dict[str, int | None]:
    """The ones before and after it in the list that it was opened from."""
    before = found.filter(Q(part__lt=shown.part_id) | Q(part=shown.part_id, pk__lt=shown.pk))
    after = found.filter(Q(part__gt=shown.part_id) | Q(part=shown.part_id, pk__gt=shown.pk))
    return {
        "earlier": before.order_by("-part_id", "-pk").values_list("pk", flat=True).first(),
        "later": after.order_by("part_id", "pk").values_list("pk", flat=True).first(),
        "position": before.count() + 1,
        "count": found.count(),
    }


def _sides(shown: RehearsedCase, seen: Incident | None, done: Rehearsal) -> dict[str, Any]:
    """Both versions' decisions: explained again from the recorded facts, where the lists still stand."""
    told = _facts(shown)
    base = edition_of(done.base)
    if told is None or rehearsal.is_stale(done):
        names = Explainer(base.names)
        return {
            "before": _recorded(shown.before, names, done.base.version),
            "after": _recorded(shown.after, names, done.draft.version),
            "is_explained": False,
        }
    facts, text = told
    draft = edition_of(done.draft)
    before, after = (_explained(facts, text, now) for now in (base, draft))
    context: dict[str, Any] = {"before": before, "after": after, "is_explained": True}
    if seen is not None and text is not None:
        context["pieces"] = words.underlined(
            text, before["explained"].decision.facts.keywords, after["explained"].decision.facts.keywords
        )
    return context


def _explained(facts: Facts, text: str | None, now: Edition) -> dict[str, Any]:
    explained = explaining.explain(reworded(facts, text, now.index), now=now)
    return {
        "explained": explained,
        "decision": shown_decision(explained.decision.as_json(), now),
        "categories": shown_categories(explained, now),
    }


def _facts(shown: RehearsedCase) -> tuple[Facts, str | None] | None:
    """The facts as they were recorded, and the words where they were not erased."""
    if shown.facts is not None:
        return Facts.from_json(shown.facts), None
    record = (
        DecisionRecord.objects.filter(incident=shown.incident_id, made_by__isnull=True, report__isnull=False)
        .select_related("incident__text")
        .order_by("pk")
        .first()
    )
    if record is None or "facts" not in record.detail:
        return None
    text = record.incident.text
    return Facts.from_json(record.detail["facts"]), text.body if text.erased_at is None else None


def _recorded(verdict: Mapping[str, Any], names: Explainer, version: int) -> dict[str, Any]:
    """What was found when it ran, without the reasons."""
    decision = ShownDecision(
        is_dispatched=verdict["outcome"] == DISPATCHED,
        unit=names.unit(verdict["unit"] or verdict["pattern"]) if verdict["pattern"] else "",
        item=names.item(verdict["item"]) if verdict["item"] else "",
        category=names.category(verdict["category"]) if verdict["category"] else "",
        confidence=verdict["confidence"],
        urgency=str(Urgency(verdict["urgency"]).label),
        level=str(Level(verdict["level"]).label),
        handle_limit=limit_words(verdict["handle_limit"]),
        version=version,
        reasons=(),
        obstacles=(),
    )
    return {"decision": decision, "categories": []}


def _differences(shown: RehearsedCase, one: Opened) -> list[tuple[str, str, str]]:
    """What is different, in words: name, before, after."""
    before, after = shown.before, shown.after
    minutes = _("%(minutes)d min")
    rows = [
        (_("Goes to"), words.where(before, one.units), words.where(after, one.units)),
        (_("Item"), before["item"] or "–", after["item"] or "–"),
        (_("Handle within"), limit_words(before["handle_limit"]), limit_words(after["handle_limit"])),
        (
            _("Accept within"),
            minutes % {"minutes": before["accept_minutes"]},
            minutes % {"minutes": after["accept_minutes"]},
        ),
        (
            _("Dispatch within"),
            minutes % {"minutes": before["dispatch_minutes"]},
            minutes % {"minutes": after["dispatch_minutes"]},
        ),
        (_("Handling level"), str(Level(before["level"]).label), str(Level(after["level"]).label)),
        (_("Urgency"), str(Urgency(before["urgency"]).label), str(Urgency(after["urgency"]).label)),
        (_("Confidence"), f"{before['confidence']:.0%}", f"{after['confidence']:.0%}"),
    ]
    return [row for row in rows if row[1] != row[2]]


def _address(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
