"""Releasing a case to the public, or keeping it from them: by rule first, and by a person."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.roles import Action
from incidents import cases, covering, policy, releasing, timeline
from incidents.actor import Actor
from incidents.errors import ActionRefused, InvalidInput
from incidents.models import Attachment, Incident, PublicPhoto, PublicWords, Text
from incidents.openness import public


@dataclass(frozen=True, slots=True)
class _Kept:
    """A picture's copy, and under which name it lies in the storage."""

    copy: covering.Copy
    name: str


def publish(
    *,
    number: str,
    text: str,
    photos: Mapping[UUID, Sequence[int]],
    actor: Actor,
    at: datetime,
    seen_version: int | None = None,
) -> Incident:
    """Release these words, and copies of these pictures with the tiles that are to be covered; pictures that
    are not named are withheld, and so are the words where there are none.

    The rule masks the words once more, whatever a person left in. Raises ActionRefused ("not_public") for a
    case that is not about public space, InvalidInput (field photos) for a picture that is not the case's.
    """
    # Before the lock: working on pictures and sending them to a storage takes its time.
    kept = _keep_copies(number, photos, actor) if photos else []
    try:
        return _decide(
            number=number,
            text=text,
            kept=kept,
            action=Action.PUBLISH,
            actor=actor,
            at=at,
            seen_version=seen_version,
        )
    except (OperationalError, InterfaceError):
        # It may have been committed all the same; a copy that nothing names is shown to nobody.
        raise
    except BaseException:
        _discard([one.name for one in kept])
        raise


def withhold(*, number: str, actor: Actor, at: datetime, seen_version: int | None = None) -> Incident:
    """Keep the case's words and pictures from the public, those too that were released before, and those that
    were released here and left with their report since. It needs no case about public space: one that is
    not any more may have been.
    """
    return _decide(
        number=number,
        text="",
        kept=[],
        action=Action.WITHHOLD,
        actor=actor,
        at=at,
        seen_version=seen_version,
    )


def _keep_copies(number: str, photos: Mapping[UUID, Sequence[int]], actor: Actor) -> list[_Kept]:
    """Copies of the case's pictures, in the storage: after what `_decide` asks under the lock was asked here,
    so that nothing is drawn for nothing."""
    incident = Incident.objects.filter(number=number).first()
    if incident is None:
        raise ActionRefused("not_found", _("There is no case %(number)s.") % {"number": number})
    policy.check(actor, Action.PUBLISH, incident)
    _check_public(incident)
    found = {one.pk: one for one in releasing.pictures(incident)}
    _check_own(photos, found)
    kept: list[_Kept] = []
    try:
        for pk, tiles in photos.items():
            copy = _drawn(found[pk], tiles)
            name = PublicPhoto._meta.get_field("file").generate_filename(PublicPhoto(), f"{pk.hex}.jpg")
            kept.append(_Kept(copy, _storage().save(name, ContentFile(copy.body))))
    except BaseException:
        _discard([one.name for one in kept])
        raise
    return kept


def _drawn(picture: Attachment, tiles: Sequence[int]) -> covering.Copy:
    try:
        return covering.copy_of(picture, tiles)
    except (ValueError, OSError) as error:
        raise _no_such_picture() from error


@transaction.atomic(durable=True)
def _decide(
    *,
    number: str,
    text: str,
    kept: Sequence[_Kept],
    action: Action,
    actor: Actor,
    at: datetime,
    seen_version: int | None,
) -> Incident:
    incident = cases.hold(number, actor=actor, action=action, at=at, seen_version=seen_version)
    if action == Action.PUBLISH:
        _check_public(incident)
    pictures = {one.pk: one for one in releasing.pictures(incident)}
    by_picture = {one.copy.attachment: one for one in kept}
    _check_own(by_picture, pictures)
    words = text.strip()
    said: Text | None = None
    if words:
        said = cases.store_text(releasing.masked(incident, words), at=at)
    _keep_words(incident, said, actor=actor, at=at)
    _keep_photos(incident, pictures, by_picture, actor=actor, at=at)
    cases.save(incident)
    released = said is not None or bool(kept)
    timeline.record(
        timeline.Kind.RELEASED_TO_PUBLIC if released else timeline.Kind.WITHHELD,
        incident_id=incident.pk,
        at=at,
        actor=actor,
        words=said is not None,
        photos=len(kept),
    )
    return incident


def _check_public(incident: Incident) -> None:
    if not public(Incident.objects.filter(pk=incident.pk)).exists():
        raise ActionRefused("not_public", _("This case is not about public space: nothing of it is shown."))


def _check_own(named: Collection[UUID], pictures: Mapping[UUID, Attachment]) -> None:
    if any(one not in pictures for one in named):
        raise _no_such_picture()


def _no_such_picture() -> InvalidInput:
    return InvalidInput("photos", "unknown", _("There is no such picture, or no such part of it."))


def _keep_words(incident: Incident, said: Text | None, *, actor: Actor, at: datetime) -> None:
    assert actor.user is not None
    before = PublicWords.objects.filter(incident=incident).select_related("text").first()
    PublicWords.objects.update_or_create(
        incident=incident, defaults={"text": said, "decided_by": actor.user, "decided_at": at}
    )
    if before is not None and before.text is not None:
        # What was withdrawn is not kept: nothing else points at it.
        before.text.delete()


def _keep_photos(
    incident: Incident,
    pictures: Mapping[UUID, Attachment],
    released: Mapping[UUID, _Kept],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    """Write down what was decided on each of the case's pictures, and withdraw what was released here of
    those that left it with their report."""
    assert actor.user is not None
    here = Q(incident=incident) | Q(attachment__in=pictures)
    rows = {
        one.attachment_id: one for one in PublicPhoto.objects.filter(here).select_for_update().order_by("pk")
    }
    gone = []
    for pk in {**pictures, **rows}:
        row = rows.get(pk) or PublicPhoto(attachment_id=pk)
        if row.file and row.file.name:
            gone.append(row.file.name)
        one = released.get(pk)
        row.file = one.name if one else ""
        row.covered = list(one.copy.covered) if one else []
        row.width, row.height = (one.copy.width, one.copy.height) if one else (0, 0)
        row.incident, row.decided_by, row.decided_at = incident, actor.user, at
        row.save()
    transaction.on_commit(lambda: _discard(gone))


def _storage() -> Storage:
    return PublicPhoto._meta.get_field("file").storage


def _discard(names: Sequence[str]) -> None:
    for name in names:
        _storage().delete(name)
