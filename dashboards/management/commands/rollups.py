"""Fold, rebuild or verify the rollups by hand."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dashboards import rollups
from dashboards.models import Check
from incidents.models import Outcome


class Command(BaseCommand):
    help = "Fold waiting facts into the rollups (--fold), fold all of them anew (--rebuild), or compare."

    def add_arguments(self, parser: ArgumentParser) -> None:
        wanted = parser.add_mutually_exclusive_group(required=True)
        wanted.add_argument("--fold", action="store_true", help="fold what waits")
        wanted.add_argument("--rebuild", action="store_true", help="throw the cells away and fold everything")
        wanted.add_argument(
            "--verify",
            action="store_true",
            help="recompute cells from facts, and facts from cases and timeline; print what differs",
        )

    def handle(self, *args: Any, fold: bool, rebuild: bool, verify: bool, **options: Any) -> None:
        began = time.perf_counter()
        if verify:
            found = list(rollups.differences())
            facts = Outcome.objects.count()
            Check.objects.create(ran_at=timezone.now(), facts=facts, differences=len(found))
            for difference in found:
                self.stdout.write(str(difference))
            if found:
                raise CommandError(f"{len(found)} differences (at most 50 of each kind are shown)")
            cells, waiting = rollups.cell_count(), rollups.waiting()
            self.stdout.write(f"No differences: {facts:,} facts, {cells:,} cell rows, {waiting:,} waiting")
            return
        if rebuild:
            total = rollups.rebuild()
        else:
            total = 0
            for folded in rollups.fold_all():
                total += folded
                rate = total / (time.perf_counter() - began)
                self.stdout.write(f"  {total:,} facts, {rate:,.0f} a second")
        took = time.perf_counter() - began
        self.stdout.write(f"Folded {total:,} facts into {rollups.cell_count():,} cell rows in {took:.0f} s")
