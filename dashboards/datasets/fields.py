"""Fields that several data sets share, and what each of them means."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from dashboards.datasets.definition import Field, Kind, Text


def code(name: str, meaning: Text, codes: str = "") -> Field:
    """A word of a closed list; the field's own name where the list has no other."""
    return Field(name, "text", meaning, "code", codes or name)


def key(name: str, meaning: Text) -> Field:
    return Field(name, "text", meaning, "key")


def official(name: str, meaning: Text) -> Field:
    return Field(name, "text", meaning, "official")


def figure(name: str, kind: Kind, meaning: Text, unit: Text = "") -> Field:
    return Field(name, kind, meaning, unit=unit)


def small(name: str, kind: Kind, meaning: Text, unit: Text = "") -> Field:
    return Field(name, kind, meaning, "small", unit=unit)


SECONDS: Final = _("seconds")

EVENT: Final = key("event", _("Pseudonym of the case: the same in every data set and every snapshot"))
SOURCE: Final = code("source", _("Through which door it came in"))
NATURE: Final = code("nature", _("What the speaker wanted (诉求性质)"))
CATEGORY: Final = code("category", _("One of the 146 categories; empty: not yet classified"))
DOMAIN: Final = code("domain", _("The category's domain (大类)"))
ITEM: Final = code("item", _("The item of the responsibility list that it was decided by"))
URGENCY: Final = code("urgency", _("How urgent it was taken to be"))
LEVEL: Final = code("level", _("Handling level A to D (分级)"))
STREET: Final = code("street", _("The street; empty: place not known"))
COMMUNITY: Final = code(
    "community", _("The community; left out of tip-offs and labour matters, and where it is not known")
)
CELL: Final = code(
    "cell", _("The grid cell; only of matters of public space, never of somebody's own affairs")
)
UNIT: Final = code("unit", _("The unit that has it at the cut"))
SUPPRESSED: Final = figure(
    "suppressed", "boolean", _("True: the group is too small to be told, and its figures are empty")
)
INDICATOR: Final = code("indicator", _("Which indicator, as the page of definitions explains it"))
VALUE: Final = small(
    "value", "number", _("The indicator's value; medians and nine in ten are true to within 2 %")
)
VALUE_UNIT: Final = code(
    "value_unit", _("The value's unit: hours, days, share (0 to 1), cases or points"), "indicator_unit"
)
CASES: Final = small("cases", "integer", _("How many cases or answers it is computed from"))
IS_SMALL: Final = figure("small", "boolean", _("True: fewer than 30 cases, nobody is judged by it"))
NAME_ZH: Final = official("name_zh", _("Its name in Chinese"))
NAME_EN: Final = official("name_en", _("Its name in English"))
