"""Finding cases by what somebody typed: a number, its last digits, or words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db.models import IntegerField, OuterRef, Q, QuerySet, Subquery

from accounts.masking import holds_personal
from incidents.models import Incident, SearchRow
from incidents.searching.grams import filed_under, plain, serial, wanted

# What fewer cases say is looked up by their ids; what more say, case by case along the list's own order,
# where a page is full soon. Either way a page never reads all who say it.
FEW: Final = 2_000
WORDS_MOST: Final = 80

_DASHES = re.compile(r"[‐-―−－]")
_WHOLE = re.compile(r"([0-9]{8})-?([0-9]{6})")
_BEGINNING = re.compile(r"20[0-9]{2,6}|20[0-9]{6}-[0-9]{0,5}")  # a year, a month, a day, and more
_LAST = re.compile(r"[#-]?([0-9]{1,6})")


class Kind(StrEnum):
    """How what was typed is read."""

    NOTHING = "nothing"
    NUMBER = "number"  # a whole case number
    BEGINNING = "beginning"  # of a case number
    LAST = "last"  # few digits: the last ones of a number, perhaps its first, or a number in what was said
    WORDS = "words"
    TOO_SHORT = "too_short"  # one character
    PERSONAL = "personal"  # a telephone or another long number: never looked for in texts


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed, as it is understood."""

    kind: Kind
    number: str = ""  # of NUMBER, BEGINNING, and of LAST where it may be a year or a month
    words: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()  # words of one character
    grams: tuple[int, ...] = ()  # all of which a case's row must have
    serial: int = 0  # of LAST


def read(typed: str) -> Wanted:
    """Understand what was typed; never fails."""
    text = _DASHES.sub("-", plain(typed[:WORDS_MOST])).strip()
    if not text:
        return Wanted(Kind.NOTHING)
    if whole := _WHOLE.fullmatch(text):
        return Wanted(Kind.NUMBER, number="-".join(whole.groups()), words=(text,))
    begins = text if _BEGINNING.fullmatch(text) else ""
    if len(begins) > 6:
        return Wanted(Kind.BEGINNING, number=begins, words=(text,))
    if holds_personal(text):
        return Wanted(Kind.PERSONAL)
    asked = {word: wanted(word) for word in text.split()}
    words = tuple(word for word, pairs in asked.items() if pairs)
    grams = tuple(sorted(set().union(*asked.values())))
    if last := _LAST.fullmatch(text):
        return Wanted(Kind.LAST, number=begins, words=(last[1],), grams=grams, serial=serial(last[1]))
    ignored = tuple(word for word, pairs in asked.items() if not pairs)
    return Wanted(Kind.WORDS if grams else Kind.TOO_SHORT, words=words, ignored=ignored, grams=grams)


@dataclass(frozen=True, slots=True)
class Found:
    """The cases that fit. The two hold the same cases, asked for in the way that suits what is done."""

    wanted: Wanted
    # For a page in the order of the list; its rows are read one after the other until the page is full.
    page: QuerySet[Incident]
    # For counting some of them, in no order.
    any: QuerySet[Incident]


def find(typed: str, among: QuerySet[Incident], *, under: Sequence[str] | None = None) -> Found:
    """Those of `among` that what was typed means; one query of its own where it is words.

    Words are all looked for, anywhere in what a case says. Whoever may not see a case must not be asked
    about it: `among` are cases that the person may see, `under` where all of those are filed
    (policy.filed_under), if that is known: what many say, few of theirs may say.
    """
    return find_wanted(read(typed), among, under=under)


def find_wanted(wanted: Wanted, among: QuerySet[Incident], *, under: Sequence[str] | None = None) -> Found:
    """The same for what has been read already."""
    if wanted.kind == Kind.NOTHING:
        return Found(wanted, among, among)
    if wanted.kind in (Kind.TOO_SHORT, Kind.PERSONAL):
        return Found(wanted, among.none(), among.none())
    if wanted.kind == Kind.NUMBER:
        found = among.filter(number=wanted.number)
        return Found(wanted, found, found)
    if wanted.kind == Kind.BEGINNING:
        found = among.filter(number__startswith=wanted.number)
        return Found(wanted, found, found)
    says = _says(wanted)
    if under is not None:
        says &= Q(grams__overlap=[filed_under(code) for code in under])
    few = _few(says)
    if few is not None:
        told = Q(pk__in=few)
        if wanted.number:
            told |= Q(number__startswith=wanted.number)
        found = among.filter(told)
        return Found(wanted, found, found)
    # What many say: that a row has these pairs is asked of each case on the way (no join, which would read
    # all of them first).
    row = SearchRow.objects.filter(incident=OuterRef("pk")).values("grams")
    asked = among.alias(
        row_grams=Subquery(row, output_field=ArrayField(IntegerField())),
    ).filter(_says(wanted, column="row_grams"))
    return Found(wanted, asked, among.filter(pk__in=SearchRow.objects.filter(says).values("incident")))


def _says(wanted: Wanted, *, column: str = "grams") -> Q:
    said = Q(**{f"{column}__contains": list(wanted.grams)}) if wanted.grams else Q(pk__in=[])
    if wanted.kind == Kind.LAST:
        said |= Q(**{f"{column}__contains": [wanted.serial]})
    return said


def _few(says: Q) -> Sequence[int] | None:
    """The cases whose row says it, where they are few."""
    found = list(SearchRow.objects.filter(says).order_by().values_list("pk", flat=True)[: FEW + 1])
    return found if len(found) <= FEW else None
