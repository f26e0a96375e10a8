"""Texts that no unit can act on, and texts that say two things at once: seen, and left to a person.

Thanks, tests, advertising and empty talk are short and of few shapes. A small linear model trained on
dispatch/data/empty_talk.csv beside the real examples tells them; it was set so that hardly any real
report is taken for talk (talk_training.py measures it). Nothing is turned away by it.
"""

import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from operator import add
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from numpy.typing import NDArray

from dispatch.normalise.folding import folded
from dispatch.normalise.lexicon import without_courtesy
from dispatch.normalise.model import Reading

ARRAYS, CARD = "talk.npz", "talk.json"
EMPTY, THANKS, TEST, SPAM, SEVERAL = "empty_talk", "thanks", "test", "spam", "several_matters"
CODES = (EMPTY, THANKS, TEST, SPAM, SEVERAL)
# What the example file calls its kinds, and the code that each is.
KINDS = {"empty": EMPTY, "small_talk": EMPTY, "thanks": THANKS, "test": TEST, "spam": SPAM}
LONGEST = 60  # characters; what is longer says something
MOST_PARTS = 6
SHORTEST_PART = 4
SURE = 0.93

log = logging.getLogger(__name__)

_MASKED = re.compile(r"\[[^\]]{1,6}\]|\d+")
_NOISE = re.compile(r"[\W_]+")
# Who asks for something to be done does not just talk.
_ASKS_FOR = re.compile(
    r"投诉|举报|反映.{4,}|请.{0,12}(?:处理|解决|核实|清理|维修|尽快|查处|协调|派|整改)|要求|没人管|扰民|求助|"
    r"怎么办|什么时候(?:能|才)|影响.{2,}|坏了|漏水|堵"
)
_CUES = re.compile(
    r"另外|还有|而且|同时|此外|再就是|顺便|以及|并且|一并|一起|两个(?:问题|事|诉求)|两件|两样|两处|三个问题|其一|第二|二是|"
    r"再(?:反映|问|说)|接着又|又|也(?!不)|还(?!没|是|要等|在)|都(?:要|请|得)|[,。;、](?:2|二)[.、]"
)
_STRONG = re.compile(
    r"另外|还有一|此外|再就是|顺便|以及|一并|两个(?:问题|事|诉求)|两件|两样|两处|三个问题|其一|第二|二是|[,。;、](?:2|二)[.、]|同时还|而且还"
)
_ONE = re.compile(r"不是别的|就是(?:一个|想|要|这)|总之|就想|只(?:要|想|求)|归根到底|说到底")
_PIECES = re.compile(r"[^,。;!?、\n]+")
_WORD = re.compile(r"[a-z]{2,}")
_ENGLISH = re.compile(
    rf"(?P<{THANKS}>(?:ok(?:ay)?,? )?(?:many thanks|thank you|thanks)(?: (?:so|very) much| a lot| again|"
    rf" all| everyone)?)[.! ]*|"
    rf"(?P<{TEST}>(?:(?:this is )?(?:just |only )?a? ?test(?:ing)?(?: (?:test|only|please ignore))*|"
    rf"please ignore(?: this)?))[.! ]*|"
    rf"(?P<{EMPTY}>(?:hello|hi|hey)(?: (?:there|all|everyone))?|good (?:morning|afternoon|evening|day)|"
    rf"are you there|how are you|"
    rf"hello hello|no content|see (?:picture|photo|attachment)|never mind)[.!? ]*"
)
_RAW_PIECES = re.compile(r"[^,，。;；!！?？、\n]+")  # in the text as it came


@dataclass(frozen=True, slots=True)
class Talk:
    """What a text is instead of one report, how sure that is, and of several matters the categories."""

    code: str
    probability: float
    categories: tuple[str, ...] = ()


def features_of(text: str) -> tuple[str, list[str]]:
    """The text as talk is told by: numbers and names left out; and its characters and pairs."""
    plain = _MASKED.sub("0", folded(text)).strip()
    bare = _NOISE.sub("", plain)
    edged = f"^{bare}$"
    return bare, [*bare, *map(add, edged, edged[1:])]


class Talker:
    """Tells talk from reports; read-only once loaded."""

    def __init__(self, arrays: Mapping[str, Any], card: Mapping[str, Any]) -> None:
        self.version: str = card["version"]
        self.codes: list[str] = arrays["codes"].tolist()
        self.columns = {gram: at for at, gram in enumerate(arrays["vocabulary"].tolist())}
        # Per character or pair: how much likelier in talk than in reports (ln), and in each kind of talk.
        self.margins: NDArray[np.float32] = arrays["margins"].astype(np.float32)
        self.kinds: NDArray[np.float32] = arrays["kinds"].astype(np.float32)
        self.unknown = float(arrays["unknown"])
        self._margin_of = dict(zip(self.columns, self.margins.tolist(), strict=True))
        self.threshold = float(card["threshold"])
        self.several: NDArray[np.float32] = arrays["several"].astype(np.float32)
        self.several_threshold = float(card["several"]["threshold"])
        known = zip(arrays["known"].tolist(), arrays["known_codes"].tolist(), strict=True)
        self.known: dict[str, str] = dict(known)

    def find(self, text: str) -> Talk | None:
        """What kind of talk a text is, where it is one."""
        if len(text) > 2 * LONGEST:
            return None
        bare, grams = features_of(text)
        if not bare.strip("0"):
            return Talk(EMPTY, 1.0)
        if len(bare) > LONGEST:
            return None
        if bare in self.known:
            return Talk(self.known[bare], 1.0)
        if is_english(text):
            return _english_talk(text)
        margin = self._margin(grams)
        if margin < self.threshold or refused(text):
            return None
        return Talk(self.codes[self._kind(grams)], round(float(1 / (1 + np.exp(-margin))), 4))

    def weigh(self, grams: list[str]) -> tuple[float, int]:
        """How much speaks for talk, on a scale that long texts share with short ones; and the kind."""
        return self._margin(grams), self._kind(grams)

    def _margin(self, grams: list[str]) -> float:
        told = sum(map(self._margin_of.get, grams, repeat(self.unknown)))
        return told / max(len(grams), 1) ** 0.5

    def _kind(self, grams: list[str]) -> int:
        at = [self.columns[gram] for gram in grams if gram in self.columns]
        return int(self.kinds[at].sum(axis=0).argmax())

    def several_matters(
        self, text: str, whole: Reading, read: Callable[[str], Reading], categories: list[str]
    ) -> Talk | None:
        """Whether a text says two things for different hands: its parts are read each for itself."""
        found = several_features(text, whole, read)
        if found is None:
            return None
        measured, pair = found
        chance = 1 / (1 + float(np.exp(-(measured @ self.several[:-1] + self.several[-1]))))
        if chance < self.several_threshold:
            return None
        return Talk(SEVERAL, round(chance, 4), tuple(categories[at] for at in pair))


def is_english(text: str) -> bool:
    """Two words or more in Latin letters, and little else: the model has learnt Chinese alone, to which
    they all look like noise."""
    plain = folded(text)
    letters = sum(map(len, _WORD.findall(plain)))
    return letters * 2 > len(_NOISE.sub("", plain)) and len(_WORD.findall(plain)) >= 2


def _english_talk(text: str) -> Talk | None:
    """What is word for word a greeting, thanks or a test."""
    found = _ENGLISH.fullmatch(folded(text).strip())
    return Talk(str(found.lastgroup), 1.0) if found else None


def refused(text: str) -> bool:
    """Is something asked for, once the courtesy at the end is left out?"""
    return _ASKS_FOR.search(without_courtesy(folded(text))) is not None


def parts_of(text: str) -> list[str]:
    """The clauses of a text that can stand for themselves, in the order said."""
    pieces = [piece.strip() for piece in _PIECES.findall(folded(text))]
    return [piece for piece in pieces if len(piece) >= SHORTEST_PART]


def several_features(
    text: str, whole: Reading, read: Callable[[str], Reading]
) -> tuple[NDArray[np.float32], tuple[int, int]] | None:
    """What tells two matters from one; and the likeliest pair of categories. None where no part is there."""
    plain = folded(text)
    parts = parts_of(text)
    cued, strong = _CUES.search(plain), _STRONG.search(plain)
    # Clauses often read differently that are about one thing: only a word that joins another to it counts,
    # and a weak one only where the whole does not read as one thing.
    if cued is None or (strong is None and float(whole.categories.max()) > SURE):
        return None
    if len(parts) < 2:
        first, second = plain[: cued.start()], plain[cued.end() :]
        parts = [piece for piece in (first, second) if len(piece) >= SHORTEST_PART]
    if not 2 <= len(parts) <= MOST_PARTS:
        return None
    readings = np.stack([read(part).categories for part in parts])
    best, pair, apart = -1.0, (0, 0), 0.0
    for cut in range(1, len(parts)):
        left, right = readings[:cut].mean(axis=0), readings[cut:].mean(axis=0)
        one, other = int(left.argmax()), int(right.argmax())
        if one == other:
            continue
        sure = float(min(left[one] - left[other], right[other] - right[one]))
        if sure > best:
            best, pair, apart = sure, (one, other), float(min(left[one], right[other]))
    if best <= 0:
        return None
    ranked = np.sort(whole.categories)[::-1]
    two = whole.categories[list(pair)]
    return (
        np.array(
            [
                best,
                apart,
                float(ranked[1]),
                float(two.sum()),
                float(two.min()),
                1.0 if strong else 0.0,
                1.0 if _ONE.search(plain) else 0.0,
                float(len(parts) == 2),
                float(len(parts) > 3),
                min(len(plain), 120) / 60,
            ],
            np.float32,
        ),
        pair,
    )


def halves(text: str, read: Callable[[str], Reading]) -> list[tuple[str, int]]:
    """The words of two matters that a text holds, as they were written, each with its category's place.

    Empty where no cut tells two apart.
    """
    spans = [hit.span() for hit in _RAW_PIECES.finditer(text) if len(hit[0].strip()) >= SHORTEST_PART]
    if len(spans) < 2:
        cue = _CUES.search(text, SHORTEST_PART)
        if cue is None or len(text) - cue.end() < SHORTEST_PART:
            return []
        spans = [(0, cue.start()), (cue.start(), len(text))]
    if len(spans) > 2 * MOST_PARTS:
        return []
    readings = np.stack([read(text[start:end]).categories for start, end in spans])
    best, found = 0.0, list[tuple[str, int]]()
    for cut in range(1, len(spans)):
        left, right = readings[:cut].mean(axis=0), readings[cut:].mean(axis=0)
        one, other = int(left.argmax()), int(right.argmax())
        sure = float(min(left[one] - left[other], right[other] - right[one]))
        if one != other and sure > best:
            start = spans[cut][0]
            first, second = text[:start].rstrip(" ，,、；;"), text[start:].strip()
            best, found = sure, [(first, one), (second, other)]
    return found


def load(folder: Path) -> Talker:
    """What `manage.py train` wrote there. Raises ImproperlyConfigured."""
    try:
        with (folder / ARRAYS).open("rb") as file, np.load(file, allow_pickle=False) as told:
            arrays = dict(told)
        return Talker(arrays, json.loads(str(arrays["card"])))
    except (OSError, ValueError, KeyError, BadZipFile, EOFError) as error:
        raise ImproperlyConfigured(
            f"There is nothing in {folder} to tell talk by ({error}): run `manage.py train`."
        ) from error


def is_usable(folder: Path) -> bool:
    """Is there something whole to tell talk by?"""
    try:
        load(folder)
    except ImproperlyConfigured:
        return False
    return True


def card(folder: Path) -> dict[str, Any]:
    """What was measured, for people to read; empty where nothing was trained."""
    try:
        told: dict[str, Any] = json.loads((folder / CARD).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told


@lru_cache(maxsize=8)
def _places(folder: Path) -> tuple[Path, str]:
    """The folder and the file in it, as they are asked for with every text."""
    return Path(folder), str(Path(folder) / ARRAYS)


# Of each folder: what its file looked like when it was read, and what was in it.
_held: dict[Path, tuple[tuple[int, int], Talker]] = {}


def talker() -> Talker:
    """This process's; loaded anew once `train` has written another.

    A file that cannot be read leaves the one before it in use. Raises ImproperlyConfigured without any.
    """
    folder, path = _places(settings.MODEL_DIR)
    try:
        status = os.stat(path)
        mark = (status.st_mtime_ns, status.st_ino)
    except OSError:
        mark = (0, 0)
    held = _held.get(folder)
    if held is not None and held[0] == mark:
        return held[1]
    try:
        made = load(folder)
    except ImproperlyConfigured:
        if held is None:
            raise
        log.exception("What tells talk cannot be read; version %s goes on", held[1].version)
        made = held[1]
    _held[folder] = (mark, made)
    return made
