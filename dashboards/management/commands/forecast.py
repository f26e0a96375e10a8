"""Make the forecast of load, and say how it would have done on this installation's own past."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import clock
from dashboards.forecasting import backtest, making
from dashboards.models import Forecast
from incidents.numbers import district_day


class Command(BaseCommand):
    help = (
        "Make today's forecast of load by street and domain, once; --again makes it anew after much of the"
        " past came in later; --backtest tries it on the past, prints the figures and writes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--again", action="store_true", help="forget the forecasts made so far")
        parser.add_argument("--backtest", action="store_true", help="print what the test says, write nothing")

    def handle(self, *, again: bool, **options: Any) -> None:
        if options["backtest"]:
            self._test()
            return
        made = making.make(at=clock.now(), again=again)
        if made is None:
            held = Forecast.objects.first()
            self.stdout.write(f"There is one of {held.day} already" if held else "Nothing was counted yet")
            return
        self.stdout.write(f"Of {made.day}, from {made.history_days} days, tried from {made.origins} of them")
        self._print(made.scales)

    def _test(self) -> None:
        past = making.history(district_day(clock.now()))
        days = past.counts.shape[1] if past else 0
        tested = None
        if past is not None:
            tested = backtest.test(past.counts, making.kinds(past.first, days), past.scales)
        if past is None or tested is None:
            raise CommandError(f"{days} whole days of history are too few to try it on")
        lately = past.counts[:, -making.LATELY :].sum(axis=1)
        statuses = [
            making.FEW if lately[number] < making.SMALL
            else making.TOLD if tested.is_better()[number]
            else making.WORSE
            for number in range(len(past.keys))
        ]  # fmt: skip
        self.stdout.write(
            f"{days} days, tried from {tested.origins} of them, {tested.days} days forecast each"
        )
        self._print(making.scales_of(tested, past.scales, statuses))

    def _print(self, scales: Any) -> None:
        heads = ("series", "better", "loss", "naive", "gain", "4 weeks", "gain", "in 80 %", "naive", "sums")
        self.stdout.write(f"{'scale':8}" + "".join(f"{head:>9}" for head in heads))
        for name, one in scales.items():
            cells = (
                one["series"], one["better"], f"{one['loss']:.3f}", f"{one['naive']:.3f}",
                _gain(one["loss"], one["naive"]), f"{one['four_weeks']:.3f}",
                _gain(one["loss"], one["four_weeks"]), f"{one['covered']:.1%}",
                f"{one['covered_naive']:.1%}", f"{one['covered_sums']:.1%}",
            )  # fmt: skip
            self.stdout.write(f"{name:8}" + "".join(f"{cell:>9}" for cell in cells))


def _gain(loss: float, other: float) -> str:
    """How much smaller the loss is."""
    return f"{1 - loss / other:+.1%}" if other else "-"
