"""The place inside a printed link, signed: /q/CODE/a440307011002001-K3J9X2M4/.

A link can be read where the register of codes is not at hand. Where the code is in the register, the
register says what it stands for, with a signature or typed without: the signature keeps a link that carries
another place, or none of ours, from passing for a plate of the district's. It is no lock: the report form
takes any place that somebody writes down.
"""

import hmac
from typing import Final

from django.conf import settings

from grids.models import PlaceCode

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 8
AREA, FACILITY, PLACE = "a", "f", "p"


def signed(row: PlaceCode) -> str:
    """What stands behind the code in its link: what kind of thing, its own code, and the signature."""
    thing = _thing(row)
    return f"{thing}-{_signature(row.code, thing, settings.PLACE_CODE_KEYS[0])}"


def read(code: str, told: str) -> tuple[str, str] | None:
    """The kind (AREA, FACILITY, PLACE) and the code of the thing, if this was signed by us for `code`."""
    thing, _dash, signature = told.rpartition("-")
    if len(thing) < 2 or thing[0] not in (AREA, FACILITY, PLACE) or not signature.isascii():
        return None
    said = signature.upper()
    if not any(hmac.compare_digest(_signature(code, thing, key), said) for key in settings.PLACE_CODE_KEYS):
        return None
    return thing[0], thing[1:]


def _thing(row: PlaceCode) -> str:
    if row.area_id:
        return AREA + row.area_id
    return FACILITY + row.facility_id if row.facility_id else PLACE + (row.place_id or "")


def _signature(code: str, thing: str, key: str) -> str:
    """Forty bits of the keyed digest, in letters that nobody mixes up."""
    digest = hmac.digest(key.encode(), f"grids.signed_places:{code}:{thing}".encode(), "sha256")
    number = int.from_bytes(digest[:5], "big")
    return "".join(_LETTERS[number >> 5 * place & 31] for place in range(_LENGTH))
