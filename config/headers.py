"""What every answer tells a browser besides the policy of its content (settings.CONTENT_SECURITY_POLICY)."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

# What pages of ours use: the place, for who reports and handles in the street; a wall that stays awake and
# fills its screen; a copied link. Whatever else a browser can lend is refused, to all that is in the page.
_USED: Final = ("geolocation", "screen-wake-lock", "fullscreen", "clipboard-write")
_REFUSED: Final = (
    *("accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read"),
    *("display-capture", "encrypted-media", "gamepad", "gyroscope", "hid", "idle-detection", "local-fonts"),
    *("magnetometer", "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-get"),
    *("serial", "storage-access", "usb", "window-management", "xr-spatial-tracking"),
)
PERMISSIONS: Final = ", ".join(
    [f"{name}=(self)" for name in _USED] + [f"{name}=()" for name in sorted(_REFUSED)]
)
# A picture that is opened by its address is a document, and this one may do nothing at all.
PICTURE: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
_PICTURES: Final = ("image/jpeg", "image/png", "image/webp", "image/gif")

Respond = Callable[[HttpRequest], HttpResponseBase]


def secured(get_response: Respond) -> Respond:
    """The middleware; the outermost, so that what any other one answers has them too."""

    def respond(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        headers = response.headers
        headers.setdefault("Permissions-Policy", PERMISSIONS)
        headers.setdefault("X-Frame-Options", "DENY")  # of what was refused before anything else looked at it
        # Nobody's page loads what is shown to somebody signed in here; what is public says so itself.
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if response.status_code == 429:
            headers.setdefault("Retry-After", "60")  # where nobody knows better, the shortest that may help
        if headers.get("Content-Type", "").partition(";")[0] in _PICTURES:
            headers["Content-Security-Policy"] = PICTURE
        return response

    return respond
