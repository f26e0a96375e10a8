"""Who is asking: another system with its token, or a person with a staff session."""

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts.models import ApiClient
from accounts.systems.admitting import UNKNOWN, Refused, admit
from accounts.systems.rows import Refusal
from incidents.pages.throttle import whole_address


class ApiClientAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`. The client is the request's user; expiry is on the real clock.

    A token from an address that it may not be used from is 403: it is known, and sending it again is no use.
    """

    realm = "yiwang"

    def authenticate(self, request: Request) -> tuple[ApiClient, ApiClient] | None:
        scheme, _space, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None  # another way of signing in may know this one
        try:
            client = admit(_read(token.strip()), address=whole_address(request._request), at=timezone.now())
        except Refused as refusal:
            if refusal.code == Refusal.ADDRESS:
                raise PermissionDenied(str(refusal), code=refusal.code) from None
            raise AuthenticationFailed(str(refusal), code=refusal.code) from None
        return client, client

    def authenticate_header(self, request: Request) -> str:
        return f'Bearer realm="{self.realm}"'


def _read(token: bytes) -> str:
    try:
        text = token.decode("ascii")
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise Refused(UNKNOWN, _("This token is not known, or has been withdrawn."))
    return text
