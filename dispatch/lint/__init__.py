"""Checking a responsibility list before it goes live. Pure: items and a district in, findings out."""

from collections.abc import Sequence

from dispatch.items import Item
from dispatch.lint.coverage import coverage
from dispatch.lint.findings import ERROR, NOTE, SEVERITIES, WARNING, Finding, tally
from dispatch.lint.limit_checks import limit_findings
from dispatch.lint.places import District
from dispatch.lint.powers import powers
from dispatch.lint.rivalry import standings
from dispatch.lint.unit_checks import unit_findings
from dispatch.lint.word_checks import elsewhere, rival_findings

__all__ = ["ERROR", "NOTE", "SEVERITIES", "WARNING", "District", "Finding", "lint", "tally"]


def lint(items: Sequence[Item], district: District) -> list[Finding]:
    """Everything that is to be said about the list, the gravest first."""
    found = standings(items, district)
    findings = [
        *coverage(items, found, district),
        *unit_findings(items, district),
        *rival_findings(items, found),
        *limit_findings(items),
        *powers(items, district),
        *elsewhere(items),
    ]
    return sorted(findings, key=lambda finding: finding.order)
