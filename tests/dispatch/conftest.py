"""The reference data in the database, and a classifier trained from it."""

from typing import Any

import pytest
from django.core.management import call_command

from tests.conftest_model import model_folder, trained

__all__ = ["model_folder", "reference", "trained"]


@pytest.fixture(scope="session")
def _reference_loaded(django_db_setup: Any, django_db_blocker: Any) -> None:
    """Units, categories, the calendar and the list, once per run."""
    with django_db_blocker.unblock():
        for command in ("load_units", "load_categories", "load_calendar", "load_items"):
            call_command(command, verbosity=0)


@pytest.fixture
def reference(_reference_loaded: None, db: Any) -> None:
    """A test that may use the loaded reference data."""
