"""化解 by people: taking a dispute on, meeting, agreeing, confirming, ending, and asking after it.

Names and words go into sealed rows; the timeline says what was done by ids and codes. Each action names the
file and the version of it that its page showed: two people who write at once do not write over one another.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from accounts.sealing import seal_bytes
from incidents import cases, timeline
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.mediation import files, writing
from incidents.mediation.writing import PLACE_MAX, Party
from incidents.models import (
    Mediation,
    MediationAgreement,
    MediationConfirmation,
    MediationFile,
    MediationFollowUp,
    MediationParty,
    MediationScan,
    MediationSession,
)
from incidents.models.mediation_file import sealed
from incidents.numbers import district_day
from incidents.sources.petitions import Scan

SESSIONS_MOST: Final = 50
SCANS_MOST: Final = 20
EDITIONS_MOST: Final = 50
FOLLOW_UPS_MOST: Final = 50
OTHERS_MOST: Final = 200
# Terms run over years, and a follow-up is not asked for later than that.
PERFORM_WITHIN: Final = timedelta(days=3 * 366)


@transaction.atomic(durable=True)
def open_mediation(
    *,
    number: str,
    kind: str,
    parties: Sequence[Party],
    mediator: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> MediationFile:
    """受理: open the file of a mediation of this dispute, with the parties that are known by now.

    `mediator` is the user name of somebody who may handle the unit's cases; empty: who does this. One file is
    open at a time; after one that failed another kind may follow.
    """
    incident = cases.hold(number, actor=actor, action=Action.MEDIATE, at=at, seen_version=seen_version)
    writing.refuse_unless_mediable(incident)
    if incident.mediation_files.filter(state=MediationFile.State.OPEN).exists():
        raise ActionRefused("already_open", _("This dispute is being mediated already."))
    if kind not in Mediation.Kind.values:
        raise InvalidInput("kind", "unknown", _("Choose who mediates."))
    if not parties:
        raise InvalidInput("parties", "required", _("Name at least one party."))
    assert actor.user is not None
    file = MediationFile.objects.create(
        incident=incident,
        unit=incident.owner_unit,
        kind=kind,
        mediator=writing.mediator_of(incident, mediator, actor.user),
        handling_run=incident.handling_run,
        taken_at=at,
        taken_by=actor.user,
    )
    for party in parties:
        writing.add(file, party, at=at)
    cases.save(incident)
    timeline.record(
        timeline.Kind.MEDIATION_OPENED,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        file=file.pk,
        sort=kind,
        person=file.mediator_id,
        parties=len(parties),
    )
    return file


@transaction.atomic(durable=True)
def add_party(
    *, file: int, party: Party, actor: Actor, at: datetime, seen_version: int | None = None
) -> MediationParty:
    """Somebody else whom the dispute is between. An agreement that was confirmed without them is not theirs:
    they have to stand by it too."""
    held = writing.hold_open(file, actor=actor, at=at, seen_version=seen_version)
    added = writing.add(held, party, at=at)
    writing.let_go(held, timeline.Kind.MEDIATION_PARTY, actor=actor, at=at, side=added.side, party=added.pk)
    return added


@transaction.atomic(durable=True)
def party_leaves(
    *, file: int, party: int, text: str = "", actor: Actor, at: datetime, seen_version: int | None = None
) -> MediationParty:
    """A party wants no more of it. What it said stays; nothing can be settled with it any more."""
    held = writing.hold_open(file, actor=actor, at=at, seen_version=seen_version)
    leaving = writing.party_of(held, party)
    if leaving.left_at is not None:
        raise ActionRefused("already_left", _("This party has left the mediation already."))
    leaving.left_at, leaving.left_words_sealed = at, writing.words_of(text, "text", optional=True)
    leaving.save(update_fields=["left_at", "left_words_sealed"])
    writing.let_go(
        held, timeline.Kind.MEDIATION_PARTY_LEFT, actor=actor, at=at, side=leaving.side, party=party
    )
    return leaving


@transaction.atomic(durable=True)
def hold_session(
    *,
    file: int,
    held_at: datetime,
    place: str = "",
    present: Collection[int],
    others: int = 0,
    text: str,
    result: str,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> MediationSession:
    """调解: one meeting, with who came and what was said."""
    held = writing.hold_open(file, actor=actor, at=at, seen_version=seen_version)
    if held.sessions.count() >= SESSIONS_MOST:
        raise ActionRefused("too_many", _("At most %(max)d sessions.") % {"max": SESSIONS_MOST})
    if held_at > at:
        raise InvalidInput("held_at", "future", _("That is still to come."))
    if held_at < held.incident.received_at:
        raise InvalidInput("held_at", "too_early", _("That was before the dispute was reported."))
    if result not in MediationSession.Result.values:
        raise InvalidInput("result", "unknown", _("Say how the session ended."))
    if not 0 <= others <= OTHERS_MOST:
        raise InvalidInput("others", "range", _("Between 0 and %(max)d people.") % {"max": OTHERS_MOST})
    came = [writing.party_of(held, one, field="present") for one in sorted(set(present))]
    if not came:
        raise InvalidInput("present", "required", _("Say which parties came."))
    if any(one.left_at is not None and one.left_at < held_at for one in came):
        raise InvalidInput(
            "present", "already_left", _("A party had left the mediation before this session.")
        )
    if len(place.strip()) > PLACE_MAX:
        raise InvalidInput("place", "max_length", _("At most %(max)d characters.") % {"max": PLACE_MAX})
    assert actor.user is not None
    session = MediationSession.objects.create(
        file=held,
        position=writing.following(held.sessions.aggregate(last=Max("position"))["last"]),
        held_at=held_at,
        place_sealed=sealed(place),
        others=others,
        words_sealed=writing.words_of(text, "text"),
        result=result,
        entered_at=at,
        entered_by=actor.user,
    )
    session.present.set(came)
    writing.let_go(
        held,
        timeline.Kind.MEDIATION_SESSION,
        actor=actor,
        at=at,
        session=session.position,
        result=result,
        present=len(came),
    )
    return session


@transaction.atomic(durable=True)
def write_agreement(
    *,
    file: int,
    terms: str,
    perform_by: date | None = None,
    is_oral: bool = False,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> MediationAgreement:
    """调解协议: the terms. Written again they are another edition, which everybody confirms anew."""
    held = writing.hold_open(file, actor=actor, at=at, seen_version=seen_version)
    today = district_day(at)
    if perform_by is not None and not today <= perform_by <= today + PERFORM_WITHIN:
        raise InvalidInput("perform_by", "range", _("From today, and within three years."))
    if len(files.staying(held)) < 2:
        raise ActionRefused("too_few_parties", _("It takes two parties to agree."))
    if held.agreements.count() >= EDITIONS_MOST:
        raise ActionRefused("too_many", _("At most %(max)d editions.") % {"max": EDITIONS_MOST})
    assert actor.user is not None
    agreement = MediationAgreement.objects.create(
        file=held,
        edition=writing.following(held.agreements.aggregate(last=Max("edition"))["last"]),
        terms_sealed=writing.words_of(terms, "terms"),
        perform_by=perform_by,
        is_oral=is_oral,
        written_at=at,
        written_by=actor.user,
    )
    writing.let_go(held, timeline.Kind.MEDIATION_AGREEMENT, actor=actor, at=at, edition=agreement.edition)
    return agreement


@transaction.atomic(durable=True)
def confirm_agreement(
    *, file: int, party: int, how: str, actor: Actor, at: datetime, seen_version: int | None = None
) -> MediationConfirmation:
    """A party stands by the agreement as it is written now."""
    held = writing.hold_open(file, actor=actor, at=at, seen_version=seen_version)
    agreement = files.agreement_of(held)
    if agreement is None:
        raise ActionRefused("no_agreement", _("There is no agreement yet that could be confirmed."))
    who = writing.party_of(held, party)
    if who.left_at is not None:
        raise ActionRefused("already_left", _("This party has left the mediation already."))
    if how not in MediationConfirmation.How.values:
        raise InvalidInput("how", "unknown", _("Say how they confirmed it."))
    if agreement.confirmations.filter(party=who).exists():
        raise ActionRefused("already_confirmed", _("This party has confirmed it already."))
    assert actor.user is not None
    given = MediationConfirmation.objects.create(
        agreement=agreement, party=who, how=how, confirmed_at=at, entered_by=actor.user
    )
    writing.let_go(
        held, timeline.Kind.MEDIATION_CONFIRMED, actor=actor, at=at, side=who.side, party=who.pk, how=how
    )
    return given


@transaction.atomic(durable=True)
def end_mediation(
    *,
    file: int,
    outcome: str,
    text: str = "",
    next_step: str = "",
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> MediationFile:
    """How it ended. Settled needs an agreement by which everybody stands who is still there; otherwise it
    says why, and what the parties can do next."""
    held = writing.hold_open(file, actor=actor, at=at, seen_version=seen_version)
    State = MediationFile.State
    if outcome not in (State.SETTLED, State.FAILED, State.WITHDRAWN):
        raise InvalidInput("outcome", "unknown", _("Say how the mediation ended."))
    if outcome == State.SETTLED:
        if next_step:
            raise InvalidInput("next_step", "not_here", _("What is settled goes nowhere next."))
        held.follow_up_on = files.follow_up_day(writing.settled_by(held), at=at)
    elif next_step not in MediationFile.Next.values:
        raise InvalidInput("next_step", "required", _("Say what the parties can do next."))
    held.ended_words_sealed = writing.words_of(text, "text", optional=outcome == State.SETTLED)
    held.state, held.next_step = outcome, next_step
    held.ended_at, held.ended_by = at, actor.user
    writing.let_go(held, timeline.Kind.MEDIATION_ENDED, actor=actor, at=at, state=outcome, next=next_step)
    return held


@transaction.atomic(durable=True)
def follow_up_mediation(
    *,
    file: int,
    how: str,
    result: str,
    text: str = "",
    next_on: date | None = None,
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> MediationFollowUp:
    """回访: somebody has asked whether the agreement is kept. What is not kept wholly is asked after again:
    on `next_on`, or in a week. One that is broken is for a supervisor to reopen; the file itself stays as it
    ended."""
    held = writing.hold(file, Action.FOLLOW_MEDIATION, actor=actor, at=at, seen_version=seen_version)
    if held.state != MediationFile.State.SETTLED:
        raise ActionRefused("not_settled", _("Only what was settled is asked after."))
    if held.follow_ups.count() >= FOLLOW_UPS_MOST:
        raise ActionRefused(
            "too_many", _("An agreement is asked after at most %(max)d times.") % {"max": FOLLOW_UPS_MOST}
        )
    if how not in MediationFollowUp.How.values:
        raise InvalidInput("how", "unknown", _("Say how you asked."))
    if result not in MediationFollowUp.Result.values:
        raise InvalidInput("result", "unknown", _("Say whether it is kept."))
    is_kept, today = result == MediationFollowUp.Result.KEPT, district_day(at)
    if next_on is not None and is_kept:
        raise InvalidInput("next_on", "not_here", _("What is kept is not asked after again."))
    if next_on is not None and not today < next_on <= today + PERFORM_WITHIN:
        raise InvalidInput("next_on", "range", _("From tomorrow, and within three years."))
    assert actor.user is not None
    made = MediationFollowUp.objects.create(
        file=held,
        made_at=at,
        how=how,
        result=result,
        words_sealed=writing.words_of(text, "text", optional=is_kept),
        entered_at=at,
        entered_by=actor.user,
    )
    held.follow_up_on = None if is_kept else next_on or today + files.ASKED_AGAIN
    writing.let_go(held, timeline.Kind.MEDIATION_FOLLOWED_UP, actor=actor, at=at, how=how, result=result)
    return made


@transaction.atomic(durable=True)
def name_earlier(
    *, file: int, earlier: str, actor: Actor, at: datetime, seen_version: int | None = None
) -> MediationFile:
    """Say that these people were at odds before: the case with this number; again, it is named already."""
    held = writing.hold(file, Action.READ_MEDIATION, actor=actor, at=at, seen_version=seen_version)
    assert actor.user is not None
    before = files.seen_dispute(earlier.strip(), actor.user)
    if before is None or before.pk == held.incident_id:
        raise InvalidInput("earlier", "unknown", _("You see no other dispute with this number."))
    if before.received_at > held.incident.received_at:
        raise InvalidInput("earlier", "out_of_order", _("That one came later."))
    if not held.earlier.filter(pk=before.pk).exists():
        held.earlier.add(before)
        # Which one it is says who quarrels with whom again: that stands in the file alone.
        writing.let_go(held, timeline.Kind.MEDIATION_EARLIER, actor=actor, at=at)
    return held


@transaction.atomic(durable=True)
def read_mediation(*, file: int, actor: Actor, at: datetime, scan: UUID | None = None) -> MediationFile:
    """Show who the parties are and what was said, or take a scan out: every look is on the timeline."""
    held = writing.hold(file, Action.READ_MEDIATION, actor=actor, at=at)
    if scan is not None and not held.scans.filter(pk=scan).exists():
        raise ActionRefused("not_found", _("There is no such document."))
    told = {"scan": str(scan)} if scan else {}
    timeline.record(
        timeline.Kind.MEDIATION_READ,
        incident_id=held.incident_id,
        at=at,
        actor=actor,
        file=held.pk,
        **told,
    )
    return held


@transaction.atomic(durable=True)
def add_scan(*, file: int, scan: Scan, actor: Actor, at: datetime) -> MediationScan:
    """Keep a signed sheet or a piece of evidence, sealed; the same one again is the same one."""
    held = writing.hold(file, Action.FOLLOW_MEDIATION, actor=actor, at=at)
    known = held.scans.filter(fingerprint=scan.fingerprint).first()
    if known is not None:
        return known
    if held.scans.count() >= SCANS_MOST:
        raise InvalidInput("scans", "too_many", _("At most %(max)d files.") % {"max": SCANS_MOST})
    assert actor.user is not None
    kept = MediationScan(
        mediation=held,
        content_type=scan.content_type,
        size=len(scan.body),
        fingerprint=scan.fingerprint,
        uploaded_at=at,
        uploaded_by=actor.user,
    )
    kept.file.save(f"{kept.pk.hex}.sealed", ContentFile(seal_bytes(scan.body)), save=False)
    try:
        kept.save(force_insert=True)
        writing.let_go(held, timeline.Kind.MEDIATION_SCAN, actor=actor, at=at, scan=str(kept.pk))
    except BaseException:
        kept.file.delete(save=False)
        raise
    return kept
