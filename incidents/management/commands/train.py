"""Train the classifier: from the shipped examples, and from a district's own closed cases."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from dispatch.normalise.backends.choosing import BACKENDS, LINEAR, ONNX
from dispatch.normalise.corpus import Corpus, read_corpus
from dispatch.normalise.history import History, read_history
from dispatch.normalise.model import Classifier, current_folder, load, models_folder
from dispatch.normalise.model import card as card_in_use
from dispatch.normalise.versions import UnknownModel, install, use, versions
from incidents.history_texts import closed_cases

LEAST = 500  # closed cases from which training on them is worth a trial


class Command(BaseCommand):
    help = (
        "Train the classifier on this district's closed cases (or on a file of another system's), and use it "
        "where it is better than the one in use. Without cases: from the shipped examples. "
        "Needs scikit-learn."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", type=Path, default=None, help="another folder than MODEL_DIR")
        parser.add_argument(
            "--if-needed",
            action="store_true",
            help="from the shipped examples only, and only where they or the code have changed",
        )
        parser.add_argument("--shipped", action="store_true", help="from the shipped examples only")
        parser.add_argument(
            "--history", type=Path, help="a CSV file with text and unit; also category, item, received_at"
        )
        parser.add_argument("--unit-column", default="unit", help="what that file calls the unit")
        parser.add_argument(
            "--names", type=Path, help="a CSV file with unit and name: what our units are called in that file"
        )
        parser.add_argument("--use", metavar="VERSION", help="train nothing; go back to this version")
        parser.add_argument("--list", action="store_true", help="train nothing; list the versions here")
        parser.add_argument(
            "--backend",
            choices=BACKENDS,
            default=LINEAR,
            help="onnx: train the head of the sentence encoder; chat: measure the model behind CHAT_URL",
        )
        parser.add_argument("--sample", type=int, default=400, help="texts that a chat model is asked about")

    def handle(self, *args: Any, to: Path | None, **options: Any) -> None:
        self.room = to or models_folder()
        if options["list"]:
            self._list()
        elif options["use"]:
            self._use(options["use"])
        elif options["backend"] != LINEAR:
            self._beside(**options)
        else:
            self._train(**options)
            self._talk()

    def _beside(self, *, backend: str, sample: int, **options: Any) -> None:
        """Train or measure what stands beside the built-in scorer, on the shipped texts."""
        from dispatch.normalise.backends import measuring

        corpus = self.corpus()
        in_use = self._card_in_use()
        version, local = in_use.get("version", "none"), in_use.get("local", 0)
        if local:
            raise CommandError(
                f"{version}, which is in use, has learnt from {local} closed cases: nothing can be measured "
                "beside it yet on texts that it has not seen. The built-in scorer reads alone."
            )
        base, held = measuring.base_held_out(corpus, self.stdout.write)
        if base.version != version:
            raise CommandError(
                f"The classifier in use ({version}) is not the one that this code makes of these examples: "
                "run `manage.py train --shipped` first."
            )
        if backend == ONNX:
            card = measuring.train_encoder(corpus, base, held, self.stdout.write)
        else:
            card = measuring.measure_chat(corpus, base, held, sample, self.stdout.write)
            self.stdout.write(
                f"{card['model']}: asked about {card['asked']} texts, answered {card['answered']}, category "
                f"right in {card['category_right']:.1%} of them"
            )
        self._report({"local": 0, **card})

    def _talk(self) -> None:
        """What tells thanks, tests and several matters from reports: anew where its rows or code changed."""
        from dispatch.normalise import talk, talk_training

        current = self._in_use()
        if current is None:
            return
        material = talk_training.material_hash(current.version)
        if talk.card(self.room).get("material") == material and talk.is_usable(self.room):
            return
        card = talk_training.train_talk(self.corpus(), self.room, current.read, material)
        self.stdout.write(
            f"Talk {card['version']}, measured on held-out rows: {card['recall']:.1%} of talk found, "
            f"{card['false_share']:.2%} of reports taken for talk; several matters: "
            f"{card['several']['recall']:.1%} found, {card['several']['precision']:.1%} of what is said right"
        )

    def corpus(self) -> Corpus:
        """What is shipped to learn from."""
        return read_corpus()

    def _list(self) -> None:
        in_use = self._card_in_use().get("version")
        for card in versions(self.room):
            mark = "*" if card["version"] == in_use else " "
            unit = card["unit"]["category_guessed"]
            self.stdout.write(
                f"{mark} {card['version']}  {card['examples']:6} examples  {card['local']:6} closed cases  "
                f"unit right {unit['accuracy']:.1%}, calibration error {unit['calibration_error']:.3f}"
            )

    def _use(self, version: str) -> None:
        try:
            use(version, self.room)
        except UnknownModel as error:
            raise CommandError(f"There is no model {version!r} in {self.room}.") from error
        self.stdout.write(f"Classifier {version} is in use; every process takes it up with its next report")

    def _train(self, **options: Any) -> None:
        try:
            from dispatch.normalise.training import material_hash
        except ImportError as error:
            raise CommandError(f"Training needs scikit-learn: {error}") from error
        material = material_hash()
        if options["if_needed"] and self._is_good_enough(material):
            return
        corpus = self.corpus()
        history = None if options["if_needed"] or options["shipped"] else self._history(corpus, options)
        if history is not None and not self._is_better(corpus, history):
            return
        self._install(corpus, history, material)

    def _is_good_enough(self, material: str) -> bool:
        """Is there a model of this very material, or one that has learnt from this district?"""
        card = self._card_in_use()
        if card.get("material") == material:
            self.stdout.write(f"Classifier: {self.room} is up to date")
            return True
        if card.get("local") and self._in_use() is not None:
            self.stdout.write(
                f"Classifier: {card['version']} has learnt from {card['local']} closed cases and stays in "
                "use, though the examples or the code have changed: train again when it suits"
            )
            return True
        return False

    def _history(self, corpus: Corpus, options: dict[str, Any]) -> History | None:
        if options["history"]:
            return read_history(
                options["history"],
                unit_column=options["unit_column"],
                names=options["names"],
                known={text.item.lead_unit for text in corpus.items},
            )
        rows = closed_cases()
        if len(rows) >= LEAST:
            return History(rows)
        self.stdout.write(
            f"{len(rows)} closed cases; they are learnt from when there are {LEAST}. "
            "Training from the shipped examples alone"
        )
        return None

    def _is_better(self, corpus: Corpus, history: History) -> bool:
        """Say how a new model does on the recent part against the one in use."""
        from dispatch.normalise import contest

        self.held: contest.Contest | None = None
        current = self._in_use()
        if current is None:
            self.stdout.write("No usable model is in use: nothing to compare with")
            return True
        held = contest.hold(corpus, history, current, settings.MATTER_CONFIDENCE, progress=self.stdout.write)
        if held is None:
            self.stdout.write(
                f"Of the recent fifth fewer than {contest.LEAST} cases are new to version {current.version}: "
                "too few to tell which is better, so it stays"
            )
            return False
        self.held = held
        self.stdout.write(f"On the {held.texts} most recent cases, which neither has learnt from:")
        for name, told in (("new", held.new), (current.version, held.current)):
            self._figures(name, told)
        self.stdout.write(
            f"Only the new one right: {held.gained}; only the current one: {held.lost} "
            f"(by chance: {held.chance:.4f}); nearer to the outcomes by {held.gap:.1f} standard errors"
        )
        if not held.is_better:
            self.stdout.write(f"Not better beyond chance: version {current.version} stays in use")
        return held.is_better

    def _install(self, corpus: Corpus, history: History | None, material: str) -> None:
        from dispatch.normalise.contest import make

        held = getattr(self, "held", None)

        def write(folder: Path) -> dict[str, Any]:
            _made, told = make(
                corpus, history, folder, settings.MATTER_CONFIDENCE, progress=self.stdout.write
            )
            told["material"] = material
            if held is not None:
                told["contest"] = held.as_json()
            return told

        self._report(install(write, self.room))

    def _in_use(self) -> Classifier | None:
        try:
            return load(current_folder(self.room))
        except ImproperlyConfigured:
            return None

    def _card_in_use(self) -> dict[str, Any]:
        try:
            return card_in_use(self.room)
        except ImproperlyConfigured:
            return {}

    def _report(self, card: dict[str, Any]) -> None:
        category = card["category"]
        self.stdout.write(
            f"Classifier {card['version']} from {card['examples']} examples and {card['local']} closed "
            f"cases, measured on held-out ones: category right {category['accuracy']:.1%}, "
            f"among three {category['top3']:.1%}"
        )
        for name, told in card["unit"].items():
            self._figures(name.replace("_", " "), told)
        self._figures("category and place given", card["category_and_place_given"])
        wanted = settings.AUTO_DISPATCH_PRECISION
        for name, regime in card["unit"].items():
            row = next((row for row in regime["thresholds"] if row["precision"] >= wanted - 1e-9), None)
            said = (
                f"from {row['threshold']:.3f} on, {row['coverage']:.1%} of reports, "
                f"{row['measured']:.1%} of them right"
                if row
                else "none, unless the list leaves one unit only"
            )
            self.stdout.write(f"By themselves at {wanted:.0%}, {name.replace('_', ' ')}: {said}")

    def _figures(self, name: str, told: dict[str, Any]) -> None:
        shares = ", ".join(f"{share:.1%} at {wanted}" for wanted, share in told["coverage"].items())
        self.stdout.write(
            f"{name}: unit right {told['accuracy']:.1%}, among three {told['top3']:.1%}, "
            f"calibration error {told['calibration_error']:.3f}, coverage {shares}"
        )
        tenths = "  ".join(
            f"{row['claimed']:.2f}→{row['right']:.2f} ({row['texts']})" for row in told["curve"]
        )
        self.stdout.write(f"  claimed→right: {tenths}")
