"""What is refused, and how it is said: always an array, in the format that was asked for."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from incidents.api.errors import read_error
from incidents.open311.documents import Document


class Refused(Exception):
    """A request that is not taken: its status, and what is wrong, a sentence each."""

    def __init__(self, status: int, *told: object) -> None:
        super().__init__(status, *told)
        self.status = status
        self.wait = 0  # seconds
        self.told = tuple(str(one) for one in told)


def refused_document(status: int, told: Sequence[str]) -> Document:
    """The array of errors; each has the status as its code, as in the specification's examples."""
    return Document("errors", [{"code": status, "description": one} for one in told])


def read(error: Exception) -> tuple[int, tuple[str, ...], dict[str, str]]:
    """Status, sentences and headers of any exception."""
    if isinstance(error, Refused):
        return error.status, error.told, {"Retry-After": str(error.wait)} if error.wait else {}
    status, errors, headers = read_error(error)
    return status, tuple(_sentence(one["field"], one["detail"]) for one in errors), headers


# What our own rules call a field, and what it is called here.
_NAMES = {
    "text": "description",
    "lon": "long",
    "area": "address_id",
    "address": "address_string",
    "name": "first_name",
    "category": "service_code",
    "file": "media",
    "photos": "media",
    "facility": "attribute[facility]",
    "place_type": "attribute[place_type]",
    "occurred_at": "attribute[occurred_at]",
}


def _sentence(field: str, detail: str) -> str:
    field = field.removeprefix("location.")
    name = _NAMES.get(field, field)
    return _("%(name)s: %(what)s") % {"name": name, "what": detail} if name and name != "body" else detail
