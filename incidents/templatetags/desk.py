"""What the desk's templates ask for."""

from django import template
from django.contrib.messages.storage.base import Message

register = template.Library()


@register.simple_tag
def undo_numbers(message: Message) -> str:
    """The cases, by commas, that the deed of a message can be taken back from; empty where it cannot."""
    mark, _space, numbers = (message.extra_tags or "").partition(" ")
    return numbers if mark == "undo" else ""
