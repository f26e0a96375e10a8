"""Run the sweeps for warnings by hand, replay days, print what they say."""

import time
from argparse import ArgumentParser
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from config import clock
from dashboards.models import Warning, WarningSweep
from dashboards.scope import Names
from dashboards.warning import bursts, counting, renewing, repeats, themes
from incidents.numbers import DISTRICT_ZONE, district_day

HOUR = timedelta(hours=1)


class Command(BaseCommand):
    help = (
        "Look for what bursts, what begins and what is said again, now or at --at; replay whole days with"
        " --from and --to; --print only what has been found; --recount the past where much came in later."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", help="look as of this instant: 2026-07-07T10:00+08:00")
        parser.add_argument("--from", dest="first", help="replay from this day on, hour by hour: 2026-07-01")
        parser.add_argument("--to", dest="last", help="the last day of the replay; today where none is given")
        parser.add_argument(
            "--print", action="store_true", dest="only_print", help="print and look at nothing"
        )
        parser.add_argument(
            "--recount", action="store_true", help="forget what was counted first, and count the past again"
        )

    def handle(
        self, *, at: str | None, first: str | None, last: str | None, only_print: bool, recount: bool,
        **options: Any,
    ) -> None:  # fmt: skip
        if recount:
            renewing.start_over()
        if only_print:
            self._print()
            return
        began = time.perf_counter()
        learnt = bursts.Learnt()
        seen = sum(self._look(instant, learnt) for instant in self._instants(at, first, last))
        self.stdout.write(f"Looked for {time.perf_counter() - began:.1f} s: {seen} began or went on")
        self._print()

    def _instants(self, at: str | None, first: str | None, last: str | None) -> list[datetime]:
        now = clock.now()
        if first is None:
            if at is None:
                return [now]
            told = parse_datetime(at)
            if told is None:
                raise CommandError(f"--at {at}: not an instant like 2026-07-07T10:00+08:00")
            return [(told if told.tzinfo else told.replace(tzinfo=DISTRICT_ZONE)).astimezone(UTC)]
        begins = counting.midnight(_day("--from", first))
        ends = min(counting.midnight(_day("--to", last) if last else district_day(now)) + 24 * HOUR, now)
        looked = WarningSweep.objects.filter(swept_to__gt=begins).order_by("-swept_to").first()
        if looked:
            raise CommandError(
                f"Looked at up to {_local(looked.swept_to)} already: what came later is not told before what"
                " came first. Replay in a database of its own."
            )
        hours = int((ends - begins) / HOUR)
        if hours < 1:
            raise CommandError("--to lies before --from, or --from has not come yet")
        return [begins + HOUR * (hour + 1) for hour in range(hours)]

    def _look(self, at: datetime, learnt: bursts.Learnt) -> int:
        return bursts.sweep(at=at, learnt=learnt) + repeats.sweep(at=at) + themes.sweep(at=at)

    def _print(self) -> None:
        names = Names()
        for warning in Warning.objects.order_by("found_at", "pk"):
            where = warning.community_code or warning.street_code
            place = (
                names.community(where)
                if warning.community_code
                else names.street(where)
                if where
                else "the whole district"
            )
            what = "、".join(warning.terms) or warning.category_code or warning.domain_code or "unclassified"
            ended = f", over {_local(warning.ended_at)}" if warning.ended_at else ""
            self.stdout.write(
                f"{_local(warning.found_at)} {warning.kind} {warning.stream} {what} {place}:"
                f" {warning.observed} in {warning.window_hours} h against {warning.expected:.2f}"
                f" [{warning.expected_low:.0f}-{warning.expected_high:.0f}], since {_local(warning.since)},"
                f" {warning.case_count} cases{ended}"
            )


def _day(name: str, told: str) -> date:
    try:
        return date.fromisoformat(told)
    except ValueError as error:
        raise CommandError(f"{name} {told}: not a day like 2026-07-01") from error


def _local(at: datetime) -> str:
    return at.astimezone(DISTRICT_ZONE).strftime("%Y-%m-%d %H:%M")
