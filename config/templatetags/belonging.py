"""For pages that say that something broke."""

from django import template

from config import belonging

register = template.Library()


@register.simple_tag
def request_name() -> str:
    """What somebody who calls for help can say: all lines of the log about it have it."""
    return belonging.request_name()
