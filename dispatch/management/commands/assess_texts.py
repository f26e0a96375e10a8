"""Measure the classifier on texts whose unit is known: by the whole road from words to units."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dispatch.normalise.corpus import read_corpus
from dispatch.normalise.history import History, read_history
from dispatch.normalise.model import Classifier, classifier, load

ORDER, SHUFFLED = "order", "shuffled"


class Command(BaseCommand):
    help = (
        "Measure the classifier in use on a CSV file of texts whose unit is known. With --split: a model "
        "trained for this alone on four fifths of the file, measured on the rest. Nothing is kept."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a CSV file with the columns text and unit")
        parser.add_argument("--unit-column", default="unit", help="what the file calls the unit")
        parser.add_argument(
            "--names",
            "--groups",
            type=Path,
            help="a CSV file with unit and name: our units in the file's terms",
        )
        parser.add_argument("--split", choices=[ORDER, SHUFFLED], help="the last fifth, or one by chance")
        parser.add_argument("--history", type=Path, help="train on this file first; the other is all new")
        parser.add_argument("--seed", type=int, default=1, help="of the chance")
        parser.add_argument("--model", type=Path, help="the folder of a model, in place of the one in use")
        parser.add_argument("--json", action="store_true", help="the figures as JSON")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            from dispatch.normalise import contest
        except ImportError as error:
            raise CommandError(f"Measuring needs scikit-learn: {error}") from error
        corpus = read_corpus()
        told = read_history(file, unit_column=options["unit_column"], names=options["names"])
        model: Classifier
        rows = told.rows
        past: History | None = None
        if options["history"]:
            past = read_history(
                options["history"], unit_column=options["unit_column"], names=options["names"]
            )
        elif options["split"]:
            older, rows = contest.split(told.rows)
            if options["split"] == SHUFFLED:
                order = np.random.default_rng(options["seed"]).permutation(len(told.rows)).tolist()
                older, rows = contest.split([told.rows[at] for at in order])
            past = told.part(older)
        if past is not None:
            model = contest.trained_on(corpus, past, settings.MATTER_CONFIDENCE, progress=lambda said: None)
        else:
            model = load(options["model"]) if options["model"] else classifier()
        answers = contest.answers_of(model, corpus, rows, told, settings.MATTER_CONFIDENCE)
        self._tell(model, answers, as_json=options["json"])

    def _tell(self, model: Classifier, answers: list[Any], *, as_json: bool) -> None:
        from dispatch.normalise.assessment import GUESSED, by_truth, confusions, figures, sureness

        line = model.calibration.get(GUESSED)
        found = figures(answers, line)
        threshold = model.threshold(float(settings.AUTO_DISPATCH_PRECISION), category_given=False)
        sure, right = sureness(answers, line)
        alone = sure >= threshold
        found["by_themselves"] = {
            "threshold": threshold,
            "coverage": round(float(alone.mean()), 4),
            "precision": round(float(right[alone].mean()), 4) if alone.any() else None,
        }
        found["units"] = by_truth(answers)
        found["confusions"] = confusions(answers, 20)
        if as_json:
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        self.stdout.write(
            f"Model {model.version} on {found['texts']} texts: first unit right {found['accuracy']:.1%}, "
            f"among three {found['top3']:.1%}, calibration error {found['calibration_error']:.3f}"
        )
        for wanted, share in found["coverage"].items():
            self.stdout.write(f"Coverage at a precision of {wanted}: {share:.1%}")
        told = found["by_themselves"]
        self.stdout.write(
            f"By themselves, from the model's own threshold {threshold:.3f} on: {told['coverage']:.1%}"
            + (f", {told['precision']:.1%} of them right" if told["precision"] is not None else "")
        )
        self.stdout.write("Claimed and right:")
        for row in found["curve"]:
            self.stdout.write(f"  {row['claimed']:.3f}  {row['right']:.3f}  {row['texts']:6} texts")
        self.stdout.write("Unit, its texts, of them found, and right where it was said:")
        for unit, count, recall, precision in found["units"]:
            self.stdout.write(f"  {unit:32} {count:6} {recall:6.1%} {precision:6.1%}")
        self.stdout.write("Most often taken for another:")
        for truth, said, count in found["confusions"]:
            self.stdout.write(f"  {truth} → {said or 'none'}: {count}")
