"""单位表: the tree of units from a sheet. Units are added, named otherwise and moved by it; none is closed or
opened again: a closed unit's cases need a successor, which is said on the unit's own page."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.audit.reasons import because
from accounts.models import OrgUnit, User
from accounts.units import keeping
from accounts.units.keeping import AREA_CODE, CODE, Terms
from dispatch.registers.plan import (
    Columns,
    Reader,
    Said,
    ToldPlan,
    choice_names,
    lines_below,
    plain,
)
from dispatch.spreadsheets.grid import Grid
from grids.models import Area

COLUMNS: Final = Columns(
    {
        "code": ("单位编码", "编码", "单位代码", "机构编码", "unit code"),
        "name_zh": ("单位名称", "名称", "中文名称", "机构名称"),
        "name_en": ("英文名称", "英文"),
        "kind": ("单位类型", "类型", "性质", "机构类型"),
        "parent": ("上级单位", "上级", "隶属", "隶属单位", "上级机构"),
        "area": ("区划代码", "区域代码", "所在区划", "区划", "area code"),
        "state": ("状态",),
    },
    needed=("code", "name_zh", "name_en", "kind", "parent", "area"),
)
FIELDS: Final = ("name_zh", "name_en", "kind", "parent", "area")
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    OrgUnit.Kind.DISTRICT: ("区", "区级", "区政府"),
    OrgUnit.Kind.DEPARTMENT: ("区级部门", "区直部门", "职能部门", "委办局"),
    OrgUnit.Kind.ENTERPRISE: ("企业", "国企", "公共服务企业"),
    OrgUnit.Kind.STREET_OFFICE: ("街道", "街道办", "街道办事处"),
    OrgUnit.Kind.STREET_TEAM: ("街道队伍", "街道科室", "街道部门"),
    OrgUnit.Kind.COMMUNITY_STATION: ("社区", "社区工作站"),
}
_STATES: Final = {
    plain(word): state
    for state, words in {
        "open": ("open", "in use", "在用", "启用", "正常", "开放"),
        "closed": ("closed", "retired", "停用", "撤并", "撤销", "已撤销", "关闭", "已关闭"),
    }.items()
    for word in words
}


@dataclass(slots=True)
class UnitPlan(ToldPlan):
    """What a sheet of units comes to."""

    terms: dict[str, Terms] = field(default_factory=dict)
    # From the root down, so that each stands below one that is in its place already.
    order: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Read:
    cells: Reader
    code: str
    before: OrgUnit | None
    terms: Terms


def make_plan(grid: Grid) -> UnitPlan:
    """What the sheet would do. Raises TableError for one without a heading."""
    heading, columns = COLUMNS.find(grid)
    plan, known = UnitPlan(), OrgUnit.objects.in_bulk()
    readers = _coded(plan, grid, heading, columns)
    names = Names(known.values())
    for code, cells in readers.items():
        names.add(code, cells.one_line("name_zh", most=80), cells.one_line("name_en", most=120))
    kinds = choice_names(
        OrgUnit.Kind.values,
        lambda code: _KINDS.get(code, ()),
        lambda code: _labels(OrgUnit.Kind(code)),
    )
    areas = frozenset(Area.objects.in_use().values_list("code", flat=True))
    read = []
    for code, cells in readers.items():
        if not cells.is_good:
            continue
        terms = _terms(cells, code, known.get(code), kinds, names, areas)
        if terms is not None:
            read.append(_Read(cells, code, known.get(code), terms))
    _check_tree(known, read)
    for one in read:
        if one.cells.is_good:
            _put(plan, one)
    plan.order = _from_the_root(known, read)
    plan.seal()
    return plan


def _labels(kind: OrgUnit.Kind) -> list[str]:
    told = []
    for language in ("zh-hans", "en"):
        with override(language):
            told.append(str(kind.label))
    return told


def _coded(plan: UnitPlan, grid: Grid, heading: int, columns: Mapping[str, int]) -> dict[str, Reader]:
    """The rows by their code, each once."""
    found: dict[str, Reader] = {}
    for line in lines_below(grid, heading):
        plan.rows += 1
        cells = Reader(plan, line, columns)
        code = cells.one_line("code", most=64)
        if not code:
            if cells.is_good:
                cells.refuse("code", _("Every row needs its code: it is updated by it."))
        elif not CODE.fullmatch(code):
            cells.refuse("code", keeping.code_words())
        elif code in found:
            told = {"row": found[code].line.number}
            cells.refuse("code", _("This code is in row %(row)d already.") % told)
        else:
            found[code] = cells
    return found


class Names:
    """Units by their code and their full names; several may be called the same."""

    def __init__(self, units: Iterable[OrgUnit]) -> None:
        self._codes: dict[str, set[str]] = {}
        self.open: set[str] = set()
        for unit in units:
            if unit.is_open:
                self.open.add(unit.pk)
            self.add(unit.pk, unit.name_zh, unit.name_en)

    def add(self, code: str, *names: str) -> None:
        for word in (code, *names):
            if word:
                self._codes.setdefault(plain(word), set()).add(code)

    def said(self, unit: OrgUnit, *, in_chinese: bool) -> str:
        """What a sheet calls it: its name where it has it alone, else its code."""
        name = unit.name_zh if in_chinese else unit.name_en
        return name if self.find(name) == unit.pk else unit.pk

    def find(self, word: str) -> str:
        """The one unit that is called so; "" where none is, or several are."""
        found = self._codes.get(plain(word), set())
        if plain(word) in found:  # a code is one unit's, whatever others are called
            return plain(word)
        return next(iter(found)) if len(found) == 1 else ""


def _terms(
    cells: Reader,
    code: str,
    before: OrgUnit | None,
    kinds: Mapping[str, str],
    names: Names,
    areas: Collection[str],
) -> Terms | None:
    """The unit as it would be; what a sheet does not say of a known one stays. None: it has problems."""
    was = keeping.terms_of(before) if before else None
    name_zh = cells.one_line("name_zh", most=80) or (was.name_zh if was else "")
    name_en = cells.one_line("name_en", most=120) or (was.name_en if was else "")
    kind = cells.choice("kind", kinds, _("There is no such kind of unit.")) or (was.kind if was else "")
    parent = was.parent if was else None
    if word := cells.one_line("parent", most=120):
        found = names.find(word)
        if not found:
            cells.refuse("parent", _("No unit is called so, or several are."))
        parent = found or None
    area = cells.one_line("area", most=15) or (was.area_code if was else "")
    if area and not AREA_CODE.fullmatch(area):
        cells.refuse("area", _("The code of an area has 12 or 15 digits."))
    elif area and area not in areas and not (was and was.area_code == area):
        cells.refuse("area", _("No area has this code."))
    state = cells.choice("state", _STATES, _("This is neither “open” nor “closed”."))
    if state and state != ("open" if before is None or before.is_open else "closed"):
        cells.refuse(
            "state",
            _("A unit is closed, merged and opened again on its own page: its cases need a successor."),
        )
    if not cells.is_good:
        return None
    told = {"name_zh": name_zh, "name_en": name_en, "kind": kind, "parent": parent, "area": area}
    for name, value in told.items():
        if not value and not (name == "parent" and was is not None):
            cells.refuse(name, _("A new one needs this."))
    terms = Terms(kind, name_zh, name_en, parent, area)
    if cells.is_good and (fixed := keeping.why_fixed(before, terms)):
        cells.refuse({"area_code": "area"}.get(fixed[0], fixed[0]), fixed[1])
    return terms if cells.is_good else None


def _check_tree(known: Mapping[str, OrgUnit], read: list[_Read]) -> None:
    """Refuse what would stand below nothing, below a closed unit, below itself or too deep, once all of the
    sheet is so."""
    rows = {one.code: one for one in read}
    above = {code: unit.parent_id for code, unit in known.items()} | {
        one.code: one.terms.parent for one in read
    }
    for one in read:
        parent = one.terms.parent
        if one.before is not None and one.terms == keeping.terms_of(one.before):
            continue
        is_there = parent is None or parent in rows
        if parent is not None and parent in known:
            is_there = known[parent].is_open
        if not is_there:
            one.cells.refuse("parent", _("There is no open unit with this code."))
    for code in above:
        chain = _chain(code, above)
        moved = [rows[step] for step in chain if step in rows]
        if not moved or not moved[0].cells.is_good:
            continue
        if chain[-1] == "":
            if code in rows:
                rows[code].cells.refuse("parent", _("A unit cannot stand below itself."))
            continue
        try:
            keeping.check_path(">".join(reversed(chain)))
        except keeping.NotTaken as error:
            moved[0].cells.refuse("parent", str(error))


def _chain(code: str, above: Mapping[str, str | None]) -> list[str]:
    """A unit and what it stands below, up to the root; ends with "" where it never comes there."""
    chain: list[str] = []
    step: str | None = code
    while step is not None:
        if step in chain:
            return [*chain, ""]
        chain.append(step)
        step = above.get(step)
    return chain


def _from_the_root(known: Mapping[str, OrgUnit], read: list[_Read]) -> list[str]:
    above = {code: unit.parent_id for code, unit in known.items()} | {
        one.code: one.terms.parent for one in read
    }
    return sorted((one.code for one in read), key=lambda code: (len(_chain(code, above)), code))


def _put(plan: UnitPlan, one: _Read) -> None:
    now = _said(one.terms)
    if one.before is None:
        plan.added[one.code] = {"code": one.code, **now}
        plan.tell("added", one.cells.line, one.code, [(name, "", now[name]) for name in FIELDS])
    elif one.terms == keeping.terms_of(one.before):
        plan.kept += 1
        return
    else:
        was = _said(keeping.terms_of(one.before))
        said: list[Said] = [(name, was[name], now[name]) for name in FIELDS if was[name] != now[name]]
        plan.changed[one.code] = {"code": one.code, **now}
        plan.tell("changed", one.cells.line, one.code, said)
    plan.terms[one.code] = one.terms


def _said(terms: Terms) -> dict[str, str]:
    values = (terms.name_zh, terms.name_en, terms.kind, terms.parent or "", terms.area_code)
    return dict(zip(FIELDS, values, strict=True))


def rows(*, in_chinese: bool) -> Iterator[list[str]]:
    """Every unit as cells that can be read again, below the one that it belongs to."""
    units = list(OrgUnit.objects.select_related("parent").order_by("path"))
    names = Names(units)
    with override("zh-hans" if in_chinese else "en"):
        kinds = {code: str(label) for code, label in OrgUnit.Kind.choices}
    states = ("撤并", "启用") if in_chinese else ("closed", "open")
    for unit in units:
        above = names.said(unit.parent, in_chinese=in_chinese) if unit.parent else ""
        told = [unit.pk, unit.name_zh, unit.name_en, kinds.get(unit.kind, unit.kind), above, unit.area_code]
        yield [*told, states[unit.is_open]]


def hold(by: User) -> None:
    """Keep the tree as it is until the transaction ends. Raises NotAllowed."""
    keeping.begin(by)


def write(plan: UnitPlan, *, reason: str) -> int:
    """Write what the plan adds and changes, in the transaction of a caller who holds the tree; answers how
    many units. Raises NotTaken."""
    for code in plan.order:
        if code in plan.terms:
            with because(reason):
                if code in plan.added:
                    keeping.make(code, plan.terms[code])
                else:
                    keeping.write(keeping.locked(code), plan.terms[code])
    return len(plan.terms)
