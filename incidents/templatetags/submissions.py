"""{% submission %}: the hidden key by which a form arrives once; see incidents.pages.submissions."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from incidents.pages.submissions import new_key

register = template.Library()


@register.simple_tag
def submission() -> SafeString:
    """A hidden field with a key of its own for each time that the form is shown."""
    return format_html('<input type="hidden" name="submission" value="{}">', new_key())
