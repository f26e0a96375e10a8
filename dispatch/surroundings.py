"""What stands near a report and what its words call the place: whose the thing is, and whether they agree.

The asset's owner is the strongest condition of the list. It comes, in this order, from the report itself;
from the facility whose plate or code is said; from the words (电信井盖), which somebody read off the lid,
while a phone's position errs by ten metres and lids stand side by side; from the nearest facility of the
kind that the words mean. Where two owners' facilities are about equally near nobody is decided on: both
are named, and the case waits for a person if it makes a difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dispatch.facts import Doubt, PlaceFacts, Reason
from dispatch.normalise.lexicon import Phrases
from dispatch.normalise.reading import Normalised
from grids import registers
from grids.facilities import EQUAL_M, Facility, Near, metres_between
from grids.locate import differs, geography, locate
from grids.models import Facility as FacilityRow

Kind = FacilityRow.Kind
# A plate that is said and a point that is farther away than this are two places.
PLATE_FAR_M = 200.0
# The words "nobody's" are what somebody could not find out; the register knows better.
_UNOWNED = "unknown"

# What people call facilities. The longest phrase speaks; of equals the first.
FACILITY_KINDS = Phrases(
    {
        Kind.MANHOLE: "井盖 沙井盖 窨井盖 检查井 电信井 通信井 污水井 雨水井盖 下水道盖 井圈 窨井",
        Kind.GULLY: "雨水箅子 雨水篦子 雨水口 排水口 水篦子 下水箅子 雨箅子",
        Kind.LAMP: "路灯 街灯 灯杆 灯柱 景观灯 庭院灯",
        Kind.HYDRANT: "消防栓 消火栓 消防水栓",
        Kind.LIFT: "电梯 扶梯 升降梯 客梯 货梯",
        Kind.CABINET: "交接箱 配电箱 配电柜 通信箱 变电箱 电箱 光交箱 环网柜",
        Kind.POLE: "电线杆 电杆 通信杆 水泥杆 线杆 监控杆",
        Kind.SIGN: "交通标志牌 路牌 标志牌 指示牌 路名牌 交通牌",
        Kind.SIGNAL: "红绿灯 信号灯 交通灯",
        Kind.GUARDRAIL: "护栏 防撞柱 隔离栏 石墩 隔音屏 防撞桶",
        Kind.BRIDGE: "人行天桥 天桥 地下通道 立交桥 过街通道",
        Kind.BUS_STOP: "公交站亭 候车亭 公交站牌 公交站台",
        Kind.TREE: "行道树 大树 古树 榕树 路树",
        Kind.BIN: "垃圾桶 果皮箱 垃圾箱 分类桶",
        Kind.TOILET: "公厕 公共厕所 公共卫生间",
        Kind.AMENITY: "健身器材 座椅 宣传栏 长椅 单杠 健身设施",
    }
)
# A category that is given says it where the words do not.
_OF_CATEGORY = {"0201": Kind.MANHOLE, "0204": Kind.LAMP, "1203": Kind.LIFT}
# How a place came to be known, where that is more than a point on the map.
_TELLING = frozenset(
    {
        *("community_named", "street_named", "place_named", "ambiguous_name", "several_communities"),
        *("several_streets", "names_disagree", "place_elsewhere", "places_apart", "facility_place"),
        *("nearest_cell", "other_district_named", "region_unknown"),
    }
)


@dataclass(slots=True)
class Surroundings:
    """What was found: the owner and the kind of place (None: as it was), why, and what speaks against it."""

    owner: str | None = None
    place_type: str | None = None
    facility: str | None = None
    evidence: list[Reason] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)


def look_around(
    text: str, plain: str, place: PlaceFacts, told: Normalised, *, given_owner: str | None
) -> Surroundings:
    """Whose the thing is and what kind of place it is, as far as the registers tell. No statements.

    `plain` is the text in its normal form, `told` what was read from it.
    """
    found = Surroundings(owner=told.owner, place_type=told.place_type)
    found.evidence += [Reason("place_read", dict(one)) for one in place.evidence if one["code"] in _TELLING]
    facilities = registers.current().facilities
    if len(facilities):
        _look_for_facility(found, text, plain, place, told, given_owner)
    _read_names(found, text, place, told)
    return found


def _look_for_facility(
    found: Surroundings,
    text: str,
    plain: str,
    place: PlaceFacts,
    told: Normalised,
    given_owner: str | None,
) -> None:
    facilities = registers.current().facilities
    given = facilities.get(place.facility) if place.facility else None
    named = [given] if given else facilities.in_text(text)
    if len({facility.owner for facility in named}) == 1:
        _by_name(found, named[0], place, told, given_owner)
        return
    kind = _kind(plain, told)
    if kind is None or place.lon is None or place.lat is None or given_owner is not None:
        return
    near = facilities.nearest(kind, place.lon, place.lat)
    if not near:
        return
    if told.owner not in (None, _UNOWNED):
        assert told.owner is not None
        _beside_words(found, near, told.owner)
        return
    rivals = [one for one in near if one.metres <= near[0].metres + EQUAL_M]
    if len(rivals) == 1:
        found.owner, found.facility = near[0].facility.owner, near[0].facility.code
        found.evidence.append(Reason("facility_near", _params(near[0])))
        return
    found.owner = None
    found.evidence.append(
        Reason(
            "facilities_near",
            {
                "kind": kind,
                "facilities": [one.facility.code for one in rivals],
                "owners": [one.facility.owner for one in rivals],
                "metres": [round(one.metres) for one in rivals],
            },
        )
    )
    found.doubts += [Doubt("owners_differ", _params(one), owner=one.facility.owner) for one in rivals]


def _by_name(
    found: Surroundings, facility: Facility, place: PlaceFacts, told: Normalised, given_owner: str | None
) -> None:
    """A plate or a code is one facility's and nobody else's: it goes before words about its owner."""
    found.facility = facility.code
    params = {"facility": facility.code, "kind": facility.kind, "owner": facility.owner}
    if given_owner is None:
        if told.owner not in (None, _UNOWNED, facility.owner):
            found.evidence.append(Reason("facility_before_words", {**params, "said": told.owner}))
        else:
            found.evidence.append(Reason("facility_named", params))
        found.owner = facility.owner
    if place.lon is None or place.lat is None or place.is_settled:
        return
    metres = metres_between(place.lon, place.lat, facility.lon, facility.lat)
    if metres > PLATE_FAR_M:
        there = locate(lon=facility.lon, lat=facility.lat)
        told_far = {**params, "metres": round(metres), "area": there.finest}
        found.evidence.append(Reason("facility_far", told_far))
        found.doubts.append(
            Doubt(
                "places_differ",
                told_far,
                cell=there.cell,
                community=there.community,
                street=there.street,
                lon=facility.lon,
                lat=facility.lat,
            )
        )


def _kind(plain: str, told: Normalised) -> str | None:
    """The kind of facility that the words mean, or the category that the source gave."""
    if phrase := FACILITY_KINDS.find(plain):
        return phrase.value
    if told.category_given and told.categories:
        return _OF_CATEGORY.get(told.categories[0].code)
    return None


def _beside_words(found: Surroundings, near: Sequence[Near], said: str) -> None:
    """The words told the owner: the register bears it out, or it is shown beside them."""
    for one in near:
        if one.facility.owner == said:
            found.facility = one.facility.code
            found.evidence.append(Reason("facility_confirms", _params(one)))
            return
    found.evidence.append(Reason("facility_contradicts", {**_params(near[0]), "said": said}))


def _params(near: Near) -> dict[str, object]:
    return {
        "facility": near.facility.code,
        "kind": near.facility.kind,
        "owner": near.facility.owner,
        "metres": round(near.metres),
    }


def _read_names(found: Surroundings, text: str, place: PlaceFacts, told: Normalised) -> None:
    """The kind of place by its name, and another place than the one that was given."""
    naming = geography().gazetteer.read(text)
    if naming.place_type and naming.place_type != told.place_type:
        phrase = next((one.params["phrase"] for one in told.evidence if one.code == "place_type_read"), None)
        # 长龙新村 is an estate by its name in the register, whatever 新村 means elsewhere; but a building
        # site beside it is a building site, and so is what the source itself has said.
        by_its_name = phrase is not None and phrase in naming.words
        if told.place_type is None or by_its_name:
            found.place_type = naming.place_type
            params = {"place_type": naming.place_type, "words": naming.words}
            found.evidence.append(Reason("place_type_named", params))
    if place.is_settled:
        return
    if place.named_elsewhere is not None:
        street, community = place.named_elsewhere
        _differs(found, street, community, "address")
    elif place.street and differs(naming, place.street, place.community):
        _differs(found, naming.street, naming.community, "text")


def _differs(found: Surroundings, street: str | None, community: str | None, where: str) -> None:
    params = {"area": community or street, "where": where}
    found.evidence.append(Reason("named_elsewhere", params))
    found.doubts.append(Doubt("places_differ", params, community=community, street=street))
