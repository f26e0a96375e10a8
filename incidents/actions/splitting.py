"""拆分: what was said in one breath, or joined by mistake, becomes a case of its own.

Only the centre splits, since everybody is ranked and many small cases look better than one. Reports that
never belonged here move to the new case, which counts like any other. Another matter of one and the same
report is a part: its reporter gets a report and a code for it, and hears of it like of the first; but a
root counts once, so a part is received with its root and earns nothing twice at one unit (outcomes).
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from dispatch import service
from dispatch.normalise import matters
from dispatch.vocabulary import Urgency
from grids.locate import Place, locate
from incidents import adjudicating, cases, dangers, outbox, outcomes, remaining, sending, timeline, timers
from incidents.actions.correcting import decide_again, question
from incidents.actions.dangers import restart_desk_clock
from incidents.actor import Actor
from incidents.choosing import place_of, record_of_machine
from incidents.claiming import refuse_if_claimed
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import EmergencyAlarm, Incident, IncidentReport, Outcome, Report, Text
from incidents.models.incident import Status
from incidents.numbers import draw_numbers
from incidents.outside import follow_outside

SPLITTABLE = frozenset({Status.TRIAGE, Status.DISPATCHED, Status.HANDLING})


@transaction.atomic(durable=True)
def split(
    *,
    number: str,
    text: str = "",
    reports: Collection[int] = (),
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """Make a case of its own out of some of this one's `reports` (ids), or of another matter, in `text`.

    It waits on the desk in the hands of who split it, with the machine's guesses; so does this one, where it
    is on the desk, by the words that are left of it. Raises InvalidInput where neither is given, no report or
    no word would be left, or these words have left before.
    """
    root = cases.hold(number, actor=actor, action=Action.SPLIT, at=at, seen_version=seen_version)
    if root.status not in SPLITTABLE:
        raise ActionRefused("wrong_state", _("Only a case that is still to be done can be split."))
    if root.status == Status.TRIAGE:
        refuse_if_claimed(root, actor, at)
    links = list(root.links.filter(unlinked_at__isnull=True).select_related("report__text").order_by("pk"))
    moved = _chosen(root, links, reports)
    if not moved and not text.strip():
        told = _("Tick the words of the other matter, write them, or choose the reports that are about it.")
        raise InvalidInput("text", "required", told)
    said = cases.store_optional_text(text, at=at) if moved else cases.store_text(text, at=at)
    is_part = not moved
    if is_part:
        assert said is not None
        _check_words(root, said.body)
        moved_reports: Sequence[Report] = [_report_of_part(links[0].report, said, actor=actor)]
    else:
        moved_reports = [link.report for link in moved]
    case = _new_case(root, said or moved_reports[0].text, moved_reports, is_part=is_part, actor=actor, at=at)
    IncidentReport.objects.filter(pk__in=[link.pk for link in moved]).update(unlinked_at=at)
    IncidentReport.objects.bulk_create(
        IncidentReport(incident=case, report=report, linked_at=at, how="split") for report in moved_reports
    )
    root.report_count -= len(moved)
    follow_outside(root, at=at)
    timeline.record(
        timeline.Kind.SPLIT,
        incident_id=root.pk,
        at=at,
        actor=actor,
        number=case.number,
        reports=len(moved),
    )
    if is_part and root.status == Status.TRIAGE and not adjudicating.is_open(root):
        _weigh_anew(root, case, actor=actor, at=at)
    else:
        cases.save(root)
    if is_part and moved_reports[0].contact_id:
        outbox.tell(
            "report.received",
            incident_id=case.pk,
            receiver=f"report:{moved_reports[0].pk}",
            key=f"report.received:{moved_reports[0].pk}",
            at=at,
        )
    return case


def first_of(root: Incident, links: Sequence[IncidentReport]) -> IncidentReport:
    """Of a case's links the one to the report that gave it its words, its place and its clocks."""
    return next((link for link in links if link.report.text_id == root.text_id), links[0])


def _chosen(
    root: Incident, links: Sequence[IncidentReport], reports: Collection[int]
) -> list[IncidentReport]:
    chosen = [link for link in links if link.report_id in reports]
    if len(chosen) < len(set(reports)):
        raise InvalidInput("reports", "unknown", _("This report is not part of the case."))
    if chosen and len(chosen) == len(links):
        raise InvalidInput("reports", "all", _("One report at least stays with the case."))
    if chosen and first_of(root, links) in chosen:
        raise InvalidInput(
            "reports",
            "first",
            _("The case is what its first report says: that one stays. Split the others off."),
        )
    return chosen


def _check_words(root: Incident, words: str) -> None:
    """These words can be taken out of the case: something is left of it, and they have not left before."""
    before = remaining.left_before(root)
    now = matters.without(root.text.body, before)
    if matters.has_left(words, before) and not matters.has_left(words, [now]):
        raise InvalidInput("text", "gone", _("These words are a case of their own already."))
    if matters.is_nothing_left(now, words):
        raise InvalidInput("text", "all", _("One matter at least stays with the case."))


def _weigh_anew(root: Incident, part: Incident, *, actor: Actor, at: datetime) -> None:
    """Decide what is left on the desk by its words; a danger that has left sounds there alone."""
    before = root.urgency
    decide_again(root, question(root), actor=actor, at=at)
    if root.urgency == before:
        return
    if before == Urgency.EMERGENCY and EmergencyAlarm.objects.filter(incident=part).exists():
        EmergencyAlarm.objects.filter(incident=root, false_at__isnull=True).delete()
    restart_desk_clock(root, at=at, why="split")
    cases.save(root)


def _report_of_part(first: Report, said: Text, *, actor: Actor) -> Report:
    """The same reporter's other matter: with a code of its own, and under the deadline of the source."""
    again = Report.objects.filter(source=first.source, external_id__startswith=f"{first.external_id[:112]}#")
    return Report.objects.create(
        source=first.source,
        external_id=f"{first.external_id[:112]}#{again.count() + 2}",
        content_hash=first.content_hash,
        client=first.client,  # its source is to accept the whole of it
        filed_by=actor.user,
        nature=first.nature,
        text=said,
        contact=first.contact,
        occurred_at=first.occurred_at,
        received_at=first.received_at,
        address=first.address,
        lon=first.lon,
        lat=first.lat,
        attributes={
            "split_from": first.pk,
            # Whoever asked not to be named is not named with the other matter either.
            **({"confidential": True} if first.attributes.get("confidential") is True else {}),
        },
        outside_due_at=first.outside_due_at,
        language=first.language,
    )


def _new_case(
    root: Incident, text: Text, reports: Sequence[Report], *, is_part: bool, actor: Actor, at: datetime
) -> Incident:
    """The case on the desk, with its clock, the machine's guesses and what is counted of it."""
    first = reports[0]
    case = Incident(
        number=draw_numbers(1, at=at)[0],
        status=Status.TRIAGE,
        nature=first.nature,
        source=first.source,
        text=text,
        owner_unit_id=settings.TRIAGE_UNIT,
        address=root.address,
        lon=root.lon,
        lat=root.lat,
        cell_code=root.cell_code,
        community_code=root.community_code,
        street_code=root.street_code,
        in_district=root.in_district,
        place_type=root.place_type,
        received_at=min(report.received_at for report in reports),
        report_count=len(reports),
        split_from=(root.split_from or root) if is_part else None,
        claimed_by=actor.user,
        claimed_at=at,
    )
    if not is_part and first.lon is not None and first.lat is not None:
        _lies_at(case, locate(lon=first.lon, lat=first.lat), first.address)
    decision = service.decide(
        text=text.body,
        source=first.source,
        at=at,
        place=place_of(case),
        category=first.given_category or None,
        nature=first.nature,
        place_type=case.place_type or None,
    )
    case.triage_codes = ["split", *decision.triage_codes]
    sending.take_over_limits(case, decision)
    clock = sending.desk_clock(case, at=at, minutes=decision.dispatch_minutes)
    case.save(force_insert=True)
    timers.save_planned([clock])
    dangers.keep([dangers.alarm_of(case, decision, at=at)])
    record = record_of_machine(case, decision, at=at, report=first)
    if is_part:
        timeline.record(
            timeline.Kind.RECEIVED,
            incident_id=case.pk,
            at=case.received_at,
            actor=actor,
            report=first.pk,
            source=first.source,
            nature=first.nature,
        )
    timeline.record(timeline.Kind.SPLIT_OFF, incident_id=case.pk, at=at, actor=actor, out_of=root.number)
    timeline.record(
        timeline.Kind.TO_DESK,
        incident_id=case.pk,
        at=at,
        actor=actor,
        decision=record.pk,
        codes=case.triage_codes,
    )
    outcomes.append(Outcome.Kind.RECEIVED, case, at=case.received_at)
    return case


def _lies_at(case: Incident, place: Place, address: str) -> None:
    case.lon, case.lat, case.address = place.lon, place.lat, address
    case.cell_code, case.community_code = place.cell or "", place.community or ""
    case.street_code, case.in_district = place.street or "", place.in_district
