"""{% load maps %}: what maps in the browser need to know of this installation."""

import json

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def map_tiles() -> SafeString:
    """The source of tiles for the page's head; nothing where maps are drawn from outlines alone."""
    source = settings.MAP_TILES
    if source is None:
        return SafeString("")
    return format_html(
        '<meta name="map-tiles" content="{}">', json.dumps(source.as_json(), ensure_ascii=False)
    )
