"""Why a row is not taken in, in sentences; kept as codes, so that each reader has them in their language."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.bulk.fields import FIELD_NAMES

_SENTENCES: Final = {
    "required": gettext_lazy("This must be there."),
    "too_long": gettext_lazy("At most %(word)s characters."),
    "not_a_time": gettext_lazy("“%(word)s” is no date and time as in 2026-07-04 09:30."),
    "which_day": gettext_lazy("“%(word)s” can be read as two days: write the year first."),
    "no_year": gettext_lazy("“%(word)s” has no year."),
    "no_such_day": gettext_lazy("There is no day or no hour “%(word)s”."),
    "too_early": gettext_lazy("Nothing before the year 2000."),
    "in_future": gettext_lazy("This lies in the future."),
    "too_far": gettext_lazy("This is more than ten years away."),
    "cut_number": gettext_lazy(
        "The spreadsheet has cut digits off this number. Format the column as text and export it again."
    ),
    "phone": gettext_lazy("This is not a telephone number."),
    "unknown_word": gettext_lazy("No table knows the word “%(word)s”."),
    "unknown_category": gettext_lazy("There is no category “%(word)s”."),
    "ambiguous_category": gettext_lazy("Several categories are called “%(word)s”: write the code."),
    "not_a_number": gettext_lazy("This must be a number of degrees."),
    "out_of_range": gettext_lazy("Longitude lies between -180 and 180, latitude between -90 and 90."),
    "swapped": gettext_lazy("Longitude and latitude look swapped."),
    "half_a_point": gettext_lazy("Longitude and latitude belong together: both are needed."),
    "unknown_crs": gettext_lazy("The coordinate system must be WGS-84, GCJ-02, BD-09 or CGCS2000."),
    "no_value": gettext_lazy("This formula was never calculated: open the file, save it, and send it again."),
    "error": gettext_lazy("This formula came to an error."),
    "twice": gettext_lazy("Row %(word)s has this number already, and says something else."),
    "conflict": gettext_lazy("A report with this number is there already, and says something else."),
    "unknown": gettext_lazy("The responsibility list does not know this."),
    "broken": gettext_lazy("This row could not be taken in; the log of the worker has more."),
}
# Refused by their neighbours and not by what they say.
_OTHERWISE: Final = gettext_lazy("This cannot be taken in (%(code)s).")


def sentence(code: str, word: str = "") -> str:
    """What is wrong, in the reader's language."""
    told = _SENTENCES.get(code)
    if told is None:
        return str(_OTHERWISE) % {"code": code}
    return str(told) % {"word": word} if "%(word)s" in str(told) else str(told)


def field_name(field: str) -> str:
    return str(FIELD_NAMES.get(field, _("The row")))
