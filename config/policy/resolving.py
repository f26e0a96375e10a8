"""Every address that the site answers, read from its resolver, with the methods that each knows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from accounts.access import View

# What a view is taken to answer where it does not say.
_UNSAID = ("GET", "POST")
# HEAD is a GET without its body, and OPTIONS tells only of methods.
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Address:
    """One pattern of the resolver."""

    name: str  # with its namespace, as `reverse` takes it
    pattern: str
    parameters: frozenset[str]
    methods: tuple[str, ...]
    view: View

    @property
    def is_rest(self) -> bool:
        return self.pattern.startswith("api/v1/")

    @property
    def room(self) -> str:
        """The room that answers it."""
        return self.view.__module__.partition(".")[0]


def addresses() -> list[Address]:
    """All of them, in the order in which they are asked."""
    return list(_walk(get_resolver(), "", ()))


def _walk(resolver: URLResolver, before: str, spaces: tuple[str, ...]) -> Iterator[Address]:
    for one in resolver.url_patterns:
        pattern = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield Address(
                ":".join((*spaces, one.name or pattern)),
                pattern,
                frozenset(one.pattern.converters) | frozenset(_groups(one)),
                methods_of(one.callback),
                one.callback,
            )
        else:
            yield from _walk(one, pattern, (*spaces, one.namespace) if one.namespace else spaces)


def _groups(one: URLPattern) -> dict[str, int]:
    return dict(one.pattern.regex.groupindex)


def methods_of(view: Callable[..., Any]) -> tuple[str, ...]:
    """The methods that a view answers with more than "not allowed"."""
    kind = getattr(view, "view_class", None) or getattr(view, "cls", None)
    if kind is not None:
        return tuple(
            one for one in _METHODS if one.lower() in kind.http_method_names and hasattr(kind, one.lower())
        )
    said = _said_by(view)
    return tuple(one for one in _METHODS if one in said)


def _said_by(view: Callable[..., Any] | None) -> tuple[str, ...]:
    """What `require_http_methods`, or Open311's `endpoint`, was told, however deep it stands."""
    while view is not None:
        code, cells = getattr(view, "__code__", None), getattr(view, "__closure__", None) or ()
        names = code.co_freevars if code is not None else ()
        for name, cell in zip(names, cells, strict=False):
            if name == "request_method_list":
                return tuple(cell.cell_contents)
            if name == "views":  # of Open311: each method has its own
                return tuple(word.upper() for word in cell.cell_contents)
        view = getattr(view, "__wrapped__", None)
    return _UNSAID
