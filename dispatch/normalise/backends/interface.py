"""What a backend answers, and what those share that stand beside the built-in scorer."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from dispatch.facts import Guess, UnitGuess
from dispatch.normalise.model import Classifier, Reading, calibrated


class Reader(Protocol):
    """Reads texts: what they are about, and how far that can be trusted."""

    version: str
    categories: list[str]

    def read(self, text: str) -> Reading:
        """The probabilities for a text as it came; never raises for what a text says."""
        ...

    def guesses(self, reading: Reading, category: str | None = None) -> tuple[list[Guess], list[Guess]]: ...

    def units(self, reading: Reading, category: str | None = None) -> list[UnitGuess]: ...

    def unit_probability(self, summed: float, *, category_given: bool) -> float: ...

    def threshold(self, precision: float, *, category_given: bool) -> float: ...


@runtime_checkable
class ReaderOfMany(Protocol):
    """One that reads many texts at once in less time."""

    def read_many(self, texts: list[str]) -> list[Reading]: ...


def readings(model: Reader, texts: list[str]) -> list[Reading]:
    """What `read` answers for each, in the way that suits this reader."""
    if isinstance(model, ReaderOfMany):
        return model.read_many(texts)
    return [model.read(text) for text in texts]


class SecondReader(Protocol):
    """Somebody to ask about a text that the first reader is unsure of."""

    def having_asked(self, text: str, known: Collection[str] = ()) -> Reader | None:
        """A reader that has the answer in hand; None where there was none. Waits for a network.

        `known`: words of the reporter's own that leave the house nowhere in the text.
        """
        ...


class Beside:
    """A reader that says otherwise which category it is, and leaves the matters to the built-in one.

    Its card was measured for itself: how sure its sums are, and from where on a precision is kept.
    """

    # Has somebody who reads more than the examples' language said what the text is about?
    is_told = False

    def __init__(self, base: Classifier, card: Mapping[str, Any]) -> None:
        self.base = base
        self.version: str = card["version"]
        self.categories = base.categories
        self.calibration: Mapping[str, Sequence[float]] = card.get("calibration", {})
        self.operating = {
            name: [(row["precision"], row["threshold"]) for row in regime["thresholds"]]
            for name, regime in card.get("unit", {}).items()
        }

    def read(self, text: str) -> Reading:
        return self.base.read(text)

    def guesses(self, reading: Reading, category: str | None = None) -> tuple[list[Guess], list[Guess]]:
        return self.base.guesses(reading, category)

    def units(self, reading: Reading, category: str | None = None) -> list[UnitGuess]:
        return self.base.units(reading, category)

    def unit_probability(self, summed: float, *, category_given: bool) -> float:
        line = self.calibration.get(_regime(category_given))
        return calibrated(summed, line) if line else summed

    def threshold(self, precision: float, *, category_given: bool) -> float:
        rows = self.operating.get(_regime(category_given), ())
        return min((least for kept, least in rows if kept >= precision - 1e-9), default=1.0)


def _regime(category_given: bool) -> str:
    return "category_given" if category_given else "category_guessed"
