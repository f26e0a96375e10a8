"""Train the classifier from the reference files and measure it on held-out examples."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dispatch.normalise.model import ARRAYS, CARD


class Command(BaseCommand):
    help = "Train the classifier into MODEL_DIR and write its card; needs scikit-learn, but no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", type=Path, default=None, help="another folder than MODEL_DIR")
        parser.add_argument("--if-needed", action="store_true", help="keep a model of the same material")

    def handle(self, *args: Any, to: Path | None, if_needed: bool, **options: Any) -> None:
        try:
            from dispatch.normalise.assessment import assess
            from dispatch.normalise.training import material_hash, train
        except ImportError as error:
            raise CommandError(f"Training needs scikit-learn: {error}") from error
        from dispatch.normalise.corpus import read_corpus

        folder = to or Path(settings.MODEL_DIR)
        material = material_hash()
        if if_needed and _material_of(folder) == material:
            self.stdout.write(f"Classifier: {folder} is up to date")
            return
        corpus = read_corpus()
        classifier, held_out = train(corpus, folder, progress=self.stdout.write)
        card = {
            "version": classifier.version,
            "material": material,
            **assess(corpus, classifier, held_out, settings.MATTER_CONFIDENCE),
        }
        (folder / CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")
        self._report(card)

    def _report(self, card: dict[str, Any]) -> None:
        category = card["category"]
        self.stdout.write(
            f"Classifier {card['version']} from {card['examples']} examples, measured on held-out ones: "
            f"category right {category['accuracy']:.1%}, among three {category['top3']:.1%}, "
            f"calibration error {category['calibration_error']:.3f}"
        )
        for name, told in card["unit"].items():
            self.stdout.write(f"Unit right, {name.replace('_', ' ')}: {told['accuracy']:.1%}")
            for row in told["thresholds"]:
                here = " ← AUTO_DISPATCH_CONFIDENCE" if _is_setting(row["threshold"]) else ""
                self.stdout.write(
                    f"  from {row['threshold']:.2f}: {row['coverage']:6.1%} dispatch by themselves, "
                    f"{row['precision']:6.1%} of them right{here}"
                )


def _is_setting(threshold: float) -> bool:
    return abs(threshold - float(settings.AUTO_DISPATCH_CONFIDENCE)) < 1e-9


def _material_of(folder: Path) -> str:
    """What the model in this folder was trained from; empty where there is none."""
    try:
        if not (folder / ARRAYS).exists():
            return ""
        return str(json.loads((folder / CARD).read_text("utf-8")).get("material", ""))
    except (OSError, ValueError):
        return ""
