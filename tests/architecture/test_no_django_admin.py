"""Django's own administration is not there: it would write cases past their actions."""

from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver


def patterns(resolver: URLResolver) -> list[URLPattern]:
    found: list[URLPattern] = []
    for one in resolver.url_patterns:
        found += patterns(one) if isinstance(one, URLResolver) else [one]
    return found


def test_no_page_of_it_is_routed() -> None:
    everything = patterns(get_resolver())
    assert len(everything) > 100
    assert not [
        one for one in everything if (one.callback.__module__ or "").startswith("django.contrib.admin")
    ]


def test_it_is_not_installed() -> None:
    assert not apps.is_installed("django.contrib.admin")
