"""`manage.py doctor`: what is wrong with this installation, in words, and what to do about it."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import translation
from django.utils.translation import gettext as _

from config.doctor import Finding, Level, examine, worst

_MARKS = {Level.GOOD: "✓", Level.WARNING: "!", Level.PROBLEM: "✗"}


class Command(BaseCommand):
    help = (
        "Look at database, broker, worker, disk, keys and calendar, and say what is wrong and what to do. "
        "Exits with 0 (good), 1 (a warning) or 2 (a problem). Changes nothing."
    )
    # What these would refuse, it explains.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json", help="for machines")
        parser.add_argument("--quiet", action="store_true", help="only what is not good")
        parser.add_argument(
            "--language",
            choices=[code for code, _name in settings.LANGUAGES],
            default=settings.LANGUAGE_CODE,
            help="of what is said",
        )

    def handle(self, *, as_json: bool, quiet: bool, language: str, **options: Any) -> None:
        with translation.override(language):
            findings = []
            for finding in examine():
                findings.append(finding)
                if not as_json and not (quiet and finding.level == Level.GOOD):
                    self._say(finding)
            level = worst(findings)
            if as_json:
                self.stdout.write(json.dumps(_as_json(level, findings), ensure_ascii=False, indent=1))
            else:
                self.stdout.write(_verdict(level))
        if level:
            sys.exit(int(level))

    def _say(self, finding: Finding) -> None:
        self.stdout.write(f"{_MARKS[finding.level]} {finding.says}")
        if finding.advice:
            self.stdout.write(f"    → {finding.advice}")


def _verdict(level: Level) -> str:
    return {
        Level.GOOD: _("All is well."),
        Level.WARNING: _("It works; see to what is marked with “!”."),
        Level.PROBLEM: _("Something does not work or is not safe; begin with what is marked with “✗”."),
    }[level]


def _as_json(level: Level, findings: list[Finding]) -> dict[str, Any]:
    return {
        "level": level.name.lower(),
        "findings": [
            {
                "check": finding.check,
                "level": finding.level.name.lower(),
                "says": finding.says,
                "advice": finding.advice,
            }
            for finding in findings
        ],
    }
