"""Everything that the desk shows of one case beside the queue: one function, a fixed number of queries."""

import json
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import Action
from dispatch.vocabulary import PlaceType
from incidents import citing, policy, presence, queries, remaining, timeline_words
from incidents.alike import again, similar_cases
from incidents.claiming import CLAIM_LASTS
from incidents.models import Attachment, Incident, IncidentReport
from incidents.models.incident import Status
from incidents.pages import desk_reading, place_choices
from incidents.pages.choices import marked
from incidents.pages.desk_choices import offered, open_dispute, open_return
from incidents.pages.desk_sheets import categories_of, clauses_of, owners_of
from incidents.pages.sensors import alerts_of
from incidents.pages.wording import described, is_held, limit_words

ACTIONS = (
    Action.CLAIM,
    Action.DISPATCH,
    Action.ANSWER,
    Action.REJECT,
    Action.MERGE,
    Action.DECIDE_RETURN,
    Action.RULE,
    Action.UNMASK,
    Action.NOTE,
    Action.RELEASE,
    Action.SPLIT,
    Action.CORRECT,
    Action.SET_PLACE,
)
LETTERS = "ABC"


def work(
    incident: Incident, user: User, *, at: datetime, words: str = "", chosen: str = ""
) -> dict[str, Any]:
    """Template context of a case on the desk. `words`: what is looked up; `chosen`: the ticked choice."""
    seen = policy.visible(user)
    offer = offered(incident)
    reader, read, choices, returned = offer.reader, offer.read, offer.choices, offer.returned
    record, asked = read.record, open_return(incident)
    similar = similar_cases(incident, seen=seen)
    reports = reports_of(incident)
    named = reader.found(words)
    shown = {choice.value for choice in choices}
    found = [choice for choice in named if choice.value not in shown]
    first_choice = offer.first
    units = list(dict.fromkeys(choice.unit for choice in choices if choice.unit))[:2]
    sent_before = queries.precedent(incident, at=at)
    held = is_held(incident, at)
    at_desk = incident.status == Status.TRIAGE
    mine = held and incident.claimed_by_id == user.pk
    can = {action.name: policy.can(user, action, incident) for action in ACTIONS}
    near = [
        {
            "lon": alike.incident.lon,
            "lat": alike.incident.lat,
            "letter": letter,
            "title": f"{letter} {alike.incident.number}",
            "href": reverse("case", args=[alike.incident.number]),
        }
        for letter, alike in zip(LETTERS, similar, strict=False)
    ]
    places = place_choices.spots(incident, record, reader.explain)
    near += place_choices.pins(places)
    contact = next((link.report.contact for link in reports if link.report.contact), None)
    left = remaining.words_of(incident)
    return {
        **described(incident, at),
        **alerts_of(incident, sources=[link.report.source for link in reports]),
        "at": at,
        "at_desk": at_desk,
        "held": held,
        "held_until": incident.claimed_at + CLAIM_LASTS if held and incident.claimed_at else None,
        "looker": presence.lookers(user, [incident.pk], now=timezone.now()).get(incident.pk),
        "mine": mine,
        "taken": held and not mine,
        "tags": timeline_words.triage_tags(incident.triage_codes),
        "place_full": queries.places_of([incident]).full(incident),
        "limit": desk_limit(incident),
        "pieces": marked(incident.text.body, choices),
        "read": read,
        "why_person": [
            reader.explain.sentence(reason).rstrip("。.")
            for reason in (record.detail.get("reasons", ()) if record else ())
            if reason["code"] in incident.triage_codes
        ],
        "is_enquiry": "enquiry" in incident.triage_codes,
        "search_key": len(choices) + 1,
        "choices": choices,
        "found": found,
        "words": words,
        "found_nothing": bool(words.strip()) and not named,
        "chosen": chosen or (first_choice.value if first_choice else ""),
        "first_choice": first_choice,
        "returned": returned,
        "repair": offer.repair,
        "asked": asked,
        "asked_item": citing.borne_out_by(incident, asked.cites, asked.proposed_unit)
        if asked is not None and asked.proposed_unit is not None
        else "",
        "dispute": open_dispute(incident),
        "similar": [
            {
                "letter": letter,
                "alike": alike,
                "case": alike.incident,
                "title": described(alike.incident, at)["title"],
            }
            for letter, alike in zip(LETTERS, similar, strict=False)
        ],
        "near_json": json.dumps(near, ensure_ascii=False),
        "precedent": sent_before,
        "precedent_rows": [
            {
                "unit": row.unit,
                "sent": row.sent,
                "returned": row.returned,
                "share": row.sent / sent_before.total,
                "tone": "primary" if index == 0 else "paused",
            }
            for index, row in enumerate(sent_before.rows)
        ],
        "loads": queries.loads(units, at=at),
        "reports": reports,
        "again": again([incident]).get(incident.pk),
        "contact": contact,
        "earlier": [
            {"said": said, "title": described(said.incident, at)["title"]}
            for said in queries.earlier_reports(contact, incident, seen=seen, at=at)
        ],
        "photos": photos_of(incident),
        "lines": timeline_of(incident),
        "can": can,
        "hide_reporter": policy.protects_reporter(incident),
        "place_type": PlaceType(incident.place_type).label if incident.place_type else "",
        "owner": reader.explain.unit(incident.asset_owner) if incident.asset_owner else "",
        "owners": owners_of(incident, choices, reader),
        "categories": categories_of(reader),
        "places": places,
        **desk_reading.context_of(incident, user, record, reader.explain, words=left, at=at),
        "clauses": clauses_of(left),
        "parts": list(incident.parts.order_by("pk")[:20]) if incident.split_from_id is None else [],
        "owner_matters": (offer.repair is not None and offer.repair.asks_owner)
        or any(
            reason["code"] == "owner_unknown"
            for told in (record.detail.get("candidates", ()) if record else ())
            for reason in told["failed"]
        ),
    }


def photos_of(incident: Incident) -> QuerySet[Attachment]:
    """Every picture of the case: its own and those of its reports."""
    links = IncidentReport.objects.filter(incident=incident, unlinked_at__isnull=True)
    return Attachment.objects.filter(Q(incident=incident) | Q(report__in=links.values("report"))).order_by(
        "uploaded_at", "pk"
    )


def reports_of(incident: Incident) -> list[IncidentReport]:
    """The links to the reports behind the case, oldest first, with what they said and who."""
    links = incident.links.filter(unlinked_at__isnull=True).select_related(
        "report__text", "report__contact", "report__client"
    )
    return list(links.order_by("pk")[:50])


def timeline_of(incident: Incident) -> list[timeline_words.Line]:
    """The case's timeline, the newest line first."""
    rows = incident.timeline.select_related("actor", "actor_unit", "client").order_by("-at", "-pk")[:200]
    return timeline_words.read(rows)


def desk_limit(incident: Incident) -> str:
    """The limit of the clock that rules the case, in words."""
    clock = incident.timers.filter(kind=incident.clock_kind, stopped_at__isnull=True).last()
    return limit_words(clock.limit) if clock else ""
