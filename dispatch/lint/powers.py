"""Powers that only an authority has, asked of a community or an enterprise."""

import re
from collections.abc import Iterator, Sequence

from accounts.models import OrgUnit
from dispatch.items import Item
from dispatch.lint.findings import Finding
from dispatch.lint.places import District
from dispatch.units import AT_COMMUNITY

# 核查处置, 排查处理 and their like contain 查处 by the way their characters fall.
_POWERS = re.compile(
    r"(?<![核排检巡抽调清督普复])查处|处罚|罚款|责令|取缔|没收|查封|扣押|暂扣|吊销|强制拆除|强拆|拘留"
)
_TEAR_DOWN = re.compile(r"拆除")
# What hands the matter on, or says that others do it: an authority, or the people concerned.
_HANDED_ON = re.compile(
    r"移交|移送|转交|转送|报请|报告|上报|报送|通报|配合|协助|协同|联合|会同|由[^，；。]*部门"
    r"|自行|自愿|劝导|劝说|督促|协商|协调|约定"
)
_CLAUSE = re.compile(r"[，。；、,;]")


def powers(items: Sequence[Item], district: District) -> Iterator[Finding]:
    """Items under a community or an enterprise whose matter or closing condition needs an authority.

    Pulling down counts only where it ends the case (a matter tells what somebody else pulled down), and
    under an enterprise only where it is about something illegal: companies take down their own.
    """
    for item in items:
        by_community = _is_community(item.lead_unit, district)
        if not by_community and district.units.kinds.get(item.lead_unit) != OrgUnit.Kind.ENTERPRISE:
            continue
        words = [
            found[0]
            for clause in _clauses(item.matter_zh, item.closing_condition_zh)
            for found in _POWERS.finditer(clause)
        ]
        words += [
            found[0]
            for clause in _clauses(item.closing_condition_zh)
            for found in _TEAR_DOWN.finditer(clause)
            if (by_community or "违" in clause) and not _POWERS.search(clause)
        ]
        if words:
            told = {"words": sorted(set(words)), "unit": item.lead_unit}
            yield Finding("powers", (item.code,), item.category, told)


def _is_community(pattern: str, district: District) -> bool:
    return pattern == AT_COMMUNITY or district.units.kinds.get(pattern) == OrgUnit.Kind.COMMUNITY_STATION


def _clauses(*texts: str) -> list[str]:
    """The clauses in which the item's own unit acts."""
    return [
        clause for text in texts for clause in _CLAUSE.split(text) if clause and not _HANDED_ON.search(clause)
    ]
