"""The demo patrol's own rounds: a few findings a day, some of them put right on the spot."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Final

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from accounts.models import Membership
from accounts.roles import Role
from dispatch.vocabulary import Nature, Source
from grids.locate import locate
from grids.models import Area
from incidents import actions, attachments
from incidents.actor import Actor
from incidents.errors import ActionRefused
from incidents.intake import Receipt, ReportDraft, receive_one
from incidents.models import Attachment, Incident
from incidents.numbers import DISTRICT_ZONE

# What is seen on a round; with what was done, where it could be put right on the spot.
SEEN: Final = (
    ("0101", "公交站旁垃圾桶被风吹倒,垃圾散落一地", "已扶正垃圾桶,散落垃圾清扫装袋。"),
    ("0101", "人行道上有一堆落叶和饮料瓶", "已清扫装袋,带回垃圾站。"),
    ("0101", "绿化带里有一袋生活垃圾,无人认领", ""),
    ("0204", "路灯白天不灭,一直亮着", ""),
    ("0204", "路灯灯杆检修门没关,线露在外面", "检修门已关好并扎紧,线头未破损。"),
    ("0201", "路边井盖与路面不平,过车有响声", ""),
)
_HOURS = (9, 10, 15, 16)


@dataclass(frozen=True, slots=True)
class Patrol:
    """Who walks, and where."""

    actor: Actor
    street_code: str


def patrols() -> list[Patrol]:
    """The patrols among the demo's sign-ins."""
    members = Membership.objects.filter(role=Role.PATROL).select_related("user", "unit").order_by("pk")
    return [Patrol(Actor.person(row.user, row.unit_id), row.unit.area_code) for row in members]


def walk(day: date, *, until: datetime) -> Iterator[Incident]:
    """One day's rounds of every patrol, up to `until`: the findings that somebody else has to see to.

    The same day finds the same.
    """
    for patrol in patrols():
        yield from _findings(patrol, day, until)


def _findings(patrol: Patrol, day: date, until: datetime) -> Iterator[Incident]:
    assert patrol.actor.user is not None
    dice = random.Random(f"round {day} {patrol.actor.user.pk}")
    cells = list(Area.objects.cells().filter(code__startswith=patrol.street_code[:9]).values("lon", "lat"))
    for number, hour in enumerate(sorted(dice.sample(_HOURS, 3))):
        at = datetime(day.year, day.month, day.day, hour, dice.randrange(60), tzinfo=DISTRICT_ZONE)
        (category, text, did), cell = dice.choice(SEEN), dice.choice(cells)
        if at >= until:
            break
        receipt = receive_one(
            ReportDraft(
                source=Source.PATROL,
                external_id=f"demo-round-{day:%Y%m%d}-{patrol.actor.user.pk}-{number}",
                text=text,
                nature=Nature.FINDING,
                category=category,
                place=locate(lon=cell["lon"], lat=cell["lat"]),
                joins="",
            ),
            at=at,
            user=patrol.actor.user,
        )
        if not isinstance(receipt, Receipt) or not receipt.created:
            continue
        if not did or not _put_right(
            receipt.incident.number, did, patrol, at=at + timedelta(minutes=3), dice=dice
        ):
            yield receipt.incident


def _put_right(number: str, did: str, patrol: Patrol, *, at: datetime, dice: random.Random) -> bool:
    try:
        photo = attachments.store_picture(_drawn(dice), at=at, user=patrol.actor.user)
        actions.add_photo(
            number=number, attachment=photo, stage=Attachment.Stage.AFTER, actor=patrol.actor, at=at
        )
        actions.fix_on_spot(number=number, text=did, actor=patrol.actor, at=at)
    except ActionRefused:
        return False  # an emergency, or a unit that was faster: then it is a report like any
    return True


def _drawn(dice: random.Random) -> "ContentFile[bytes]":
    """A stand-in for a photo: sky, a wall, a pavement."""
    picture = Image.new("RGB", (480, 360), (176, 196, 214))
    pen = ImageDraw.Draw(picture)
    wall = dice.randrange(120, 170)
    pen.rectangle((0, wall, 480, 270), fill=(150 + dice.randrange(40), 140, 126))
    pen.rectangle((0, 270, 480, 360), fill=(118, 122, 126))
    left = dice.randrange(60, 340)
    pen.rectangle((left, 190, left + 70, 300), fill=(52, 108, 82))
    body = BytesIO()
    picture.save(body, "JPEG", quality=80)
    return ContentFile(body.getvalue(), name="round.jpg")
