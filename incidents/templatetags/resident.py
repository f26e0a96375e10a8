"""{% load resident %}: a case's clock as residents see it."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.templatetags import ui
from config import clock
from incidents.pages.plain_words import Headline
from incidents.public import TrackedCase

register = template.Library()


@register.simple_tag
def when_line(case: TrackedCase, head: Headline, css: str = "when", size: int = 22) -> SafeString:
    """By when, with a ring and the time left, ticking: `{% when_line case head %}`."""
    if case.due_at is None:
        return SafeString("")
    now = clock.now()
    state = ui.clock_state(case.clock_from, case.due_at, now)
    return format_html(
        '<div class="{}" data-state="{}" data-due="{}" data-start="{}">{}'
        '<div><b>{}</b> <span class="now-left" data-clock-words>{}</span></div></div>',
        css,
        state,
        case.due_at.isoformat(),
        case.clock_from.isoformat() if case.clock_from else "",
        ui.ring(ui.share_left(case.clock_from, case.due_at, now), state, size),
        head.when,
        ui.remaining_words(case.due_at, now),
    )


@register.filter
def without_kind(name: str) -> str:
    """坂田 for 坂田街道: in a column of streets the heading says what they are."""
    return name.removesuffix("街道").removesuffix(" Subdistrict")
