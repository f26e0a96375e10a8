"""What joined a case by itself in the last 30 days, and what a person took out again: the judgement's
precision in real life."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.roles import Role
from config import clock
from incidents import alike, policy
from incidents.pages.access import person, staff

PERIOD = timedelta(days=30)


@require_GET
@staff(Role.SUPERVISOR)
def joins(request: HttpRequest) -> HttpResponse:
    """The counts and the latest that were taken out; two queries however many there were."""
    at = clock.now()
    seen = policy.visible(person(request))
    rows = alike.taken_out(since=at - PERIOD, until=at, seen=seen)
    context = {
        "days": PERIOD.days,
        "total": alike.joins(since=at - PERIOD, until=at, seen=seen),
        "rows": [
            {
                "link": link,
                "pieces": alike.pieces_of(link.report.text.body, link.incident.text.body),
                "after": link.unlinked_at - link.linked_at,
            }
            for link in rows
            if link.unlinked_at is not None
        ],
    }
    return render(request, "incidents/joins.html", context)
