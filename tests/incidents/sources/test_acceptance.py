"""Who says what counts as closed: recorded, shown, and never rewritten."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import AcceptanceChange, ApiClient
from incidents.errors import ActionRefused
from incidents.sources.acceptance import say_who_accepts
from tests.browsers import As
from tests.cast import TUESDAY, Person

pytestmark = pytest.mark.django_db


def test_each_change_says_who_and_stands_on_the_page_of_its_source(
    browse: As, admin: Person, hotline: tuple[ApiClient, str]
) -> None:
    client, _token = hotline
    page = browse(admin)
    for said in ("yes", "yes", "no"):  # twice the same button is one change
        page.post(reverse("source-acceptance", args=[client.pk]), {"accepts": said})
    rows = list(AcceptanceChange.objects.all())
    assert [(one.before, one.after, one.changed_by, one.client) for one in rows] == [
        (True, False, admin.user, client),
        (False, True, admin.user, client),
    ]
    client.refresh_from_db()
    assert client.accepts_closing is False
    shown = page.get(reverse("sources", args=["hotline"]))
    assert list(shown.context["accepted"]) == rows
    assert list(page.get(reverse("sources", args=["council"])).context["accepted"]) == []


def test_an_administrator_says_it_and_nobody_else(supervisor: Person, hotline: tuple[ApiClient, str]) -> None:
    with pytest.raises(ActionRefused):
        say_who_accepts(client=hotline[0], accepts=True, user=supervisor.user, at=TUESDAY)
    assert not AcceptanceChange.objects.exists()


def test_what_was_said_is_never_rewritten(admin: Person, hotline: tuple[ApiClient, str]) -> None:
    say_who_accepts(client=hotline[0], accepts=True, user=admin.user, at=TUESDAY)
    for change in (
        lambda: AcceptanceChange.objects.update(after=False),
        AcceptanceChange.objects.get().delete,
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    assert AcceptanceChange.objects.get().after is True
