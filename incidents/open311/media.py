"""A picture that a request names by its address: taken from hosts that are trusted by name, or refused."""

from io import BytesIO
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from incidents.open311.errors import Refused
from incidents.sources.wechat_pictures import fetch_below

SECONDS: Final = 5.0


class Fetched(BytesIO):
    """Bytes that look like an upload."""

    @property
    def size(self) -> int | None:
        return len(self.getvalue())


def fetched(address: str) -> Fetched:
    """The picture behind `address`; raises Refused where it is not one that we may ask for, or does not come.

    An address that anybody may write makes this server a hand for others, so none is followed but below
    OPEN311_MEDIA, without redirects, for a few seconds and so many bytes.
    """
    for base in settings.OPEN311_MEDIA:
        body = fetch_below(address, base, seconds=SECONDS)
        if body is not None:
            return Fetched(body)
    raise Refused(
        400,
        _(
            "media_url: pictures are not fetched from there. Send the file itself as “media” in "
            "multipart/form-data, or leave media_url out."
        ),
    )
