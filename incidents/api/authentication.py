"""Who is asking: another system with its token, or a person with a staff session."""

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiClient


class ApiClientAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`. The client is the request's user; expiry is on the real clock."""

    realm = "yiwang"

    def authenticate(self, request: Request) -> tuple[ApiClient, ApiClient] | None:
        scheme, _space, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None  # another way of signing in may know this one
        client = _client_of(token.strip())
        if client is None:
            raise AuthenticationFailed(_("This token is not known, or has been withdrawn."))
        if client.expires_at is not None and client.expires_at <= timezone.now():
            raise AuthenticationFailed(_("This token has expired."), code="token_expired")
        return client, client

    def authenticate_header(self, request: Request) -> str:
        return f'Bearer realm="{self.realm}"'


def _client_of(token: bytes) -> ApiClient | None:
    try:
        text = token.decode("ascii")
    except UnicodeDecodeError:
        return None
    return ApiClient.objects.for_token(text) if text else None
