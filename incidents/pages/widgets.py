"""Form controls that hundreds of rows go through."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from accounts.templatetags.ui import icon


class LongSelect(forms.Select):
    """A choice among hundreds: what Django's own writes, without a template for each of them.

    Units, categories and communities together were two fifths of the time of a list of cases.
    """

    def render(
        self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        told = flatatt(self.build_attrs(self.attrs, {"name": name, **(attrs or {})}))
        return format_html(
            "<select{}>{}</select>", told, _options(self.choices, set(self.format_value(value)))
        )


class UnitSelect(LongSelect):
    """One of hundreds of units, with a search that scripts put to use (units.js): without them the list is
    whole, and the browser's own typing ahead finds a name.
    """

    def render(
        self, name: str, value: Any, attrs: Mapping[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        return format_html(
            '<span class="unit-select" data-unit-select><label class="unit-search" hidden data-unit-search>'
            '<span class="sr-only">{words}</span>{icon}'
            '<input class="form-control" type="search" placeholder="{words}" autocomplete="off"></label>'
            '<span class="unit-none muted" role="status" data-unit-none data-words="{none}"></span>'
            "{select}</span>",
            words=_("Find a unit"),
            icon=icon("search"),
            none=_("No unit has this in its name."),
            select=super().render(name, value, attrs, renderer),
        )


def _options(choices: Iterable[Any], chosen: set[str]) -> SafeString:
    return mark_safe("".join(_option_or_group(choices, chosen)))  # each part is escaped


def _option_or_group(choices: Iterable[Any], chosen: set[str]) -> Iterator[SafeString]:
    for value, label in choices:
        if isinstance(label, (list, tuple)):
            yield format_html('<optgroup label="{}">{}</optgroup>', value, _options(label, chosen))
        else:
            yield format_html(
                '<option value="{}"{}>{}</option>', value, _SELECTED if str(value) in chosen else "", label
            )


_SELECTED = SafeString(" selected")
