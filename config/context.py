"""What every page knows: the district's name, the language, whether this is a demonstration."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """Template context shared by all pages."""
    return {
        "is_demo": not settings.PRODUCTION,
        "languages": settings.LANGUAGES,
    }
