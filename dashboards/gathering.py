"""Adding up what cells and facts hold by whatever is asked, many rows at once: numbers in, groups out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from dashboards.adding import Facts, first_days
from dashboards.cells import BINS, COUNTED, SUMMED, Dim
from dashboards.dimensions import By, Selection
from dashboards.figures import Figures, Layout, Measures, Table, unread_or_none
from dashboards.models import Rollup
from dashboards.packing import COUNTS, SLOTS, Ints, day_of, unpack_bins, unpack_keys, unpack_measures
from dashboards.sketch import Durations, bins_of, entries

Key = tuple[Any, ...]
Said = Mapping[int, str]

_TIMES: Final = {"day": Rollup.Grain.DAY, "week": Rollup.Grain.WEEK, "month": Rollup.Grain.MONTH}


def slot_of(name: str, clock: str) -> str:
    """What a sum that is wanted is called in the cells."""
    return "paused_seconds" if name == "paused" else f"{name}_{clock}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of cells of one split."""

    split: Dim
    by: Sequence[By]
    selection: Selection
    wanted: Measures

    @property
    def slots(self) -> list[str]:
        """The measures that are wanted, by their names in the cells."""
        return [*self.wanted.counts, *(slot_of(name, self.selection.clock) for name in self.wanted.sums)]

    @property
    def bins(self) -> list[str]:
        return [f"{name}_{self.selection.clock}_bins" for name in self.wanted.bins]

    def conditions(self) -> list[tuple[Dim, Callable[[str], bool]]]:
        """Of which dimension what must hold."""
        found: list[tuple[Dim, Callable[[str], bool]]] = []
        chosen = self.selection

        def only(dim: Dim, codes: Sequence[str], part: Callable[[str], str] = str) -> None:
            if codes:
                among = frozenset(codes)
                found.append((dim, lambda word: part(word) in among))

        if Dim.COMMUNITY in self.split:
            only(Dim.COMMUNITY, [code[:9] for code in chosen.streets], _street_digits)
            only(Dim.COMMUNITY, chosen.communities)
        else:
            only(Dim.STREET, chosen.streets)
        if Dim.ITEM in self.split:
            only(Dim.ITEM, chosen.categories, _category_of_item)
            only(Dim.ITEM, chosen.items, _item_of_item)
        else:
            only(Dim.CATEGORY, chosen.categories)
        only(Dim.UNIT, chosen.units)
        only(Dim.SOURCE, chosen.sources)
        only(Dim.LEVEL, chosen.levels)
        only(Dim.NATURE, chosen.natures)
        return found

    def key(self, name: By) -> tuple[Dim, Callable[[str], str]]:
        """From which dimension a key comes, and how."""
        has_items = Dim.ITEM in self.split
        keys: dict[By, tuple[Dim, Callable[[str], str]]] = {
            "unit": (Dim.UNIT, str),
            "street": (Dim.STREET, str),
            "community": (Dim.COMMUNITY, _community),
            "category": (Dim.ITEM, _category_of_item) if has_items else (Dim.CATEGORY, str),
            "domain": (Dim.ITEM, _domain) if has_items else (Dim.CATEGORY, _domain),
            "item": (Dim.ITEM, _item_of_item),
            "source": (Dim.SOURCE, str),
            "level": (Dim.LEVEL, str),
            "nature": (Dim.NATURE, str),
        }
        return keys[name]


def _street_digits(word: str) -> str:
    return word[:9]


def _community(word: str) -> str:
    """Where the community is not known its street stands; streets end in three zeros."""
    return "" if word.endswith("000") else word


def _category_of_item(word: str) -> str:
    return word.partition("/")[0]


def _item_of_item(word: str) -> str:
    return word.partition("/")[2]


def _domain(word: str) -> str:
    return word[:2]


Tallies = tuple[Ints, NDArray[Any], NDArray[Any]]  # group, bin, count


@dataclass(slots=True)
class Part:
    """Groups with their measures, a column for each that is wanted, and their durations."""

    keys: list[tuple[int, Key]]  # span and key
    matrix: NDArray[np.float64]
    bins: list[Tallies]


def _placed(
    question: Question, spans: Ints, days: Ints, ids: Mapping[Dim, Ints], said: Mapping[Dim, Said]
) -> tuple[Ints, list[tuple[int, Key]]]:
    """The group of each row, -1 where the selection leaves it out; and each group's span and key."""
    kept = np.ones(len(days), dtype=bool)
    for dim, holds in question.conditions():
        present, size = _present(ids[dim])
        allowed = np.zeros(size, dtype=bool)
        allowed[present] = [holds(said[dim][number]) for number in present.tolist()]
        kept &= allowed[ids[dim]]
    codes = spans
    meanings: list[list[Any]] = []
    for name in question.by:
        places, meaning = _coded(question, name, days, ids, said)
        codes = codes * len(meaning) + places
        meanings.append(meaning)
    place = np.full(len(days), -1, dtype=np.int64)
    unique, place[kept] = _ranked(codes[kept])
    columns: list[list[Any]] = []
    for meaning in reversed(meanings):
        unique, rest = np.divmod(unique, max(1, len(meaning)))
        columns.append([meaning[one] for one in rest.tolist()])
    keys: list[Key] = list(zip(*reversed(columns), strict=True)) if columns else [()] * len(unique)
    return place, list(zip(unique.tolist(), keys, strict=True))


def _ranked(codes: Ints) -> tuple[Ints, Ints]:
    """The different numbers in their order, and the place of each among them: without sorting where they are
    not spread much wider than there are of them."""
    least = int(codes.min()) if len(codes) else 0
    size = int(codes.max()) - least + 1 if len(codes) else 0
    if size > 4 * len(codes) + 4096:
        unique, place = np.unique(codes, return_inverse=True)
        return unique, place
    held = np.zeros(size, dtype=bool)
    held[codes - least] = True
    return np.flatnonzero(held) + least, (np.cumsum(held) - 1)[codes - least]


def _present(ids: Ints) -> tuple[Ints, int]:
    """The numbers that occur, and one more than the largest."""
    held = np.bincount(ids)
    return np.flatnonzero(held), len(held)


def _coded(
    question: Question, name: By, days: Ints, ids: Mapping[Dim, Ints], said: Mapping[Dim, Said]
) -> tuple[Ints, list[Any]]:
    """What each row has of a key, as places in a list of what occurs."""
    if name in _TIMES:
        first, place = _ranked(first_days(days, _TIMES[name]))
        return place, [day_of(number) for number in first.tolist()]
    dim, said_as = question.key(name)
    present, size = _present(ids[dim])
    places: dict[str, int] = {}
    codes = np.zeros(size, dtype=np.int64)
    codes[present] = [
        places.setdefault(said_as(said[dim][number]), len(places)) for number in present.tolist()
    ]
    return codes[ids[dim]], list(places)


# --- from cells -----------------------------------------------------------------------------------


class _Known:
    """What the words' numbers stand for, by database: written once, so what was read stays true."""

    def __init__(self) -> None:
        self._said: dict[str, dict[int, str]] = {}

    def said(self, numbers: Iterable[int]) -> Said:
        settings = connection.settings_dict
        held = self._said.setdefault(f"{settings['HOST']}:{settings['PORT']}/{settings['NAME']}", {})
        if any(number not in held for number in numbers):
            with connection.cursor() as cursor:
                cursor.execute("SELECT id, word FROM dashboards_word")
                held.update(cursor.fetchall())
        return held


_KNOWN: Final = _Known()


def of_cells(question: Question, rows: Sequence[Sequence[Any]]) -> Part:
    """From rows of span, day (since 1970), keys, measures and the wanted bins; at least one."""
    sizes, ids = unpack_keys([row[2] for row in rows], question.split)
    spans = np.repeat(np.array([row[0] for row in rows], dtype=np.int64), sizes)
    days = np.repeat(np.array([row[1] for row in rows], dtype=np.int64), sizes)
    said = _KNOWN.said({number for column in ids.values() for number in _present(column)[0].tolist()})
    place, keys = _placed(question, spans, days, ids, dict.fromkeys(ids, said))
    offsets = np.cumsum(sizes) - sizes
    slots = [SLOTS[name] for name in question.slots]
    told = unpack_measures([row[3] for row in rows], slots, offsets, place)
    whose = told.places * len(slots) + told.measures
    matrix = _summed(whose, told.values, len(keys) * len(slots)).reshape(len(keys), len(slots))
    bins = []
    for column in range(4, 4 + len(question.bins)):
        tallies = [unpack_bins(row[column]) for row in rows]
        bins.append(
            _chosen(
                np.concatenate(
                    [place[offset:][group] for (group, _n, _c), offset in zip(tallies, offsets, strict=True)]
                ),
                np.concatenate([number for _group, number, _count in tallies]),
                np.concatenate([count for _group, _number, count in tallies]),
            )
        )
    return Part(keys, matrix, bins)


def _summed(place: Ints, values: NDArray[Any], size: int) -> NDArray[np.float64]:
    """The sum of each place; of whole numbers, so exact up to 2^53."""
    weights: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    found: NDArray[np.float64] = np.bincount(place, weights=weights, minlength=size).astype(float)
    return found


def _chosen(place: Ints, number: NDArray[Any], count: NDArray[Any]) -> Tallies:
    kept = place >= 0
    return (place, number, count) if kept.all() else (place[kept], number[kept], count[kept])


# --- from facts -----------------------------------------------------------------------------------


def of_facts(question: Question, facts: Facts, spans: Ints, rows: Ints) -> Part:
    """From the facts at `rows`, each in the span beside it."""
    ids = {dim: values[rows] for dim, values in facts.dims.items() if dim in question.split}
    said = {dim: dict(enumerate(facts.words[dim])) for dim in ids}
    place, keys = _placed(question, spans, facts.days[rows], ids, said)
    sign, bits = facts.sign[rows], facts.bits[rows]
    matrix = np.zeros((len(keys), len(question.slots)))
    names = {one: name for name, one in COUNTED.items()}
    for at, name in enumerate(question.slots):
        of = SUMMED[name].of if name in SUMMED else COUNTED[name]
        weight = (bits >> COUNTS.index(names[of]) & 1) * sign
        if name in SUMMED:
            weight = weight * np.maximum(facts.seconds[SUMMED[name].column][rows], 0)
        matrix[:, at] = _summed(place + 1, weight, len(keys) + 1)[1:]
    bins = []
    for name in question.bins:
        kind, column = BINS[name]
        seconds = facts.seconds[column][rows]
        held = np.flatnonzero((bits >> COUNTS.index(kind) & 1 > 0) & (seconds >= 0))
        bins.append(_chosen(place[held], bins_of(seconds[held]), sign[held]))
    return Part(keys, matrix, bins)


def of_sums(question: Question, rows: Sequence[tuple[int, Key, Sequence[int], Sequence[Any]]]) -> Part:
    """From sums that the database made: span, key, measures, bins."""
    bins: list[Tallies] = []
    for at in range(len(question.bins)):
        tallies = [entries(row[3][at] or b"") for row in rows]
        bins.append(
            (
                np.repeat(np.arange(len(rows)), [len(numbers) for numbers, _counts in tallies]),
                np.concatenate([numbers for numbers, _counts in tallies]),
                np.concatenate([counts for _numbers, counts in tallies]),
            )
        )
    matrix = np.array([row[2] for row in rows], dtype=np.float64).reshape(len(rows), len(question.slots))
    return Part([(row[0], row[1]) for row in rows], matrix, bins)


# --- together -------------------------------------------------------------------------------------


def figures_of(question: Question, parts: Sequence[Part], spans: int) -> list[dict[Key, Figures]]:
    """The figures of every group of each span."""
    answer: list[dict[Key, Figures]] = [{} for _span in range(spans)]
    if not parts:
        return answer
    whole = _whole(question, parts)
    durations = {
        name: _durations(tallies, len(whole.keys))
        for name, tallies in zip(question.wanted.bins, whole.bins, strict=True)
    }
    nothing = {name: unread_or_none(question.wanted, name) for name in ("dispatch", "handle")}
    dispatch, handle = durations.get("dispatch", {}), durations.get("handle", {})
    layout = Layout(question.wanted)
    # One list of numbers: thousands of small ones are what Python's search for cycles would look through.
    values = np.rint(whole.matrix).astype(np.int64).ravel().tolist()
    width = whole.matrix.shape[1]
    for at, (span, key) in enumerate(whole.keys):
        answer[span][key] = Figures.of(
            layout,
            values,
            at * width,
            dispatch.get(at, nothing["dispatch"]),
            handle.get(at, nothing["handle"]),
        )
    return answer


def tables_of(question: Question, parts: Sequence[Part], spans: int) -> list[Table]:
    """The counts and sums of every group of each span, as columns."""
    whole = _whole(question, parts)
    numbers = np.rint(whole.matrix).astype(np.int64)
    places: list[list[int]] = [[] for _span in range(spans)]
    for place, (span, _key) in enumerate(whole.keys):
        places[span].append(place)
    return [Table(question.wanted, [whole.keys[at][1] for at in own], numbers[own]) for own in places]


def _whole(question: Question, parts: Sequence[Part]) -> Part:
    return parts[0] if len(parts) == 1 else _together(question, parts)


def _durations(tallies: Tallies, size: int) -> dict[int, Durations]:
    """The durations of every group that has any."""
    group, number, count = tallies
    order = np.argsort(group, kind="stable")
    number, count = number[order], count[order]
    bounds = np.searchsorted(group[order], np.arange(size + 1)).tolist()
    return {
        at: Durations((number[bounds[at] : bounds[at + 1]], count[bounds[at] : bounds[at + 1]]))
        for at in range(size)
        if bounds[at + 1] > bounds[at]
    }


def empty_part(question: Question) -> Part:
    """No group at all."""
    return Part([], np.zeros((0, len(question.slots))), [])


def _together(question: Question, parts: Sequence[Part]) -> Part:
    places: dict[tuple[int, Key], int] = {}
    moved = [
        np.array([places.setdefault(key, len(places)) for key in part.keys], dtype=np.int64) for part in parts
    ]
    matrix = np.zeros((len(places), len(question.slots)))
    for part, at in zip(parts, moved, strict=True):
        matrix[at] += part.matrix
    bins: list[Tallies] = []
    for number in range(len(question.bins)):
        own = [part.bins[number] for part in parts]
        bins.append(
            (
                np.concatenate([at[group] for (group, _n, _c), at in zip(own, moved, strict=True)]),
                np.concatenate([numbers for _group, numbers, _c in own]),
                np.concatenate([counts for _group, _n, counts in own]),
            )
        )
    return Part(list(places), matrix, bins)
