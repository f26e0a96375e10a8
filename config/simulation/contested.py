"""Matters that the demo's units dispute: what the list says is not what works, and the same each time.

Real lists have such places, and the page that learns from returns is there to find them.
"""

from dataclasses import dataclass
from typing import Final

from dispatch.edition import edition
from dispatch.vocabulary import PlaceType
from incidents.models import Incident


@dataclass(frozen=True, slots=True)
class Contest:
    """An item's unit returns this share of its cases, and names another unit; where a kind of place or a
    word is given, only of those."""

    unit: str
    share: float
    reason: str
    place_type: str = ""
    word: str = ""
    # More reports of it in the demo, a day.
    often: float = 0.2

    def is_about(self, incident: Incident) -> bool:
        return self.place_type in ("", incident.place_type) and self.word in incident.text.body


CONTESTS: Final = {
    # Whoever has furniture to give away asks the street; what lies by the road is the contractor's.
    "0102-006": Contest(
        "@street/municipal-services",
        0.95,
        "上门清运由街道市政服务中心负责,不在环卫合同范围。",
        word="衣柜",
        often=0.5,
    ),
    "0204-001": Contest(
        "transport",
        0.9,
        "公交站亭灯具由交通部门管养,不是市政路灯。",
        place_type=PlaceType.BUS_STOP,
        often=0.4,
    ),
    "0604-005": Contest("@street/enforcement", 0.95, "装修噪声屡劝不止,社区无执法权,由街道执法队处理。"),
    "1006-002": Contest("power-grid", 0.95, "架空低压线产权属供电部门,街道无权整改。"),
}
# The desk has heard it before: it agrees to nearly all of these.
AGREED: Final = 0.92
# A street's own centre moves these among its teams: no return, but a hint.
INSIDE: Final = {"0102-017": ("@street/municipal-services", 0.6), "0105-017": ("@street/grid-station", 0.3)}


def named_instead(incident: Incident) -> tuple[str, Contest] | None:
    """The unit that would be named in a return of this case, where its item is disputed here."""
    contest = CONTESTS.get(incident.item_code)
    if contest is None or not contest.is_about(incident):
        return None
    unit = _resolved(contest.unit, incident)
    return (unit, contest) if unit else None


def moved_inside(incident: Incident) -> tuple[str, float] | None:
    """The team that the street's centre would rather have, and how often."""
    pattern, share = INSIDE.get(incident.item_code, ("", 0.0))
    unit = _resolved(pattern, incident)
    # A case that has come up to the district is no longer the street's to move.
    is_the_streets = incident.owner_unit_id.partition("/")[0] == unit.partition("/")[0]
    return (unit, share) if unit and is_the_streets else None


def _resolved(pattern: str, incident: Incident) -> str:
    """The unit at this case's place; nothing where it is unknown, or has the case already."""
    unit = edition().units.resolve(
        pattern, street=incident.street_code or None, community=incident.community_code or None
    )
    return unit if unit and unit != incident.owner_unit_id else ""
