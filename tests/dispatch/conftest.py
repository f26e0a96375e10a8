"""What tests of deciding lean on: the reference data comes with the database (tests/conftest.py)."""

from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.db.models import Max

from dispatch.models import ResponsibilityList
from dispatch.normalise.model import Classifier, classifier


@pytest.fixture
def trained(trained_model: None) -> Classifier:
    """The classifier in use."""
    return classifier()


@pytest.fixture
def lists_undone(transactional_db: None) -> Iterator[None]:
    """For tests that commit: versions and terms they made go again, since reference data is not flushed."""
    last = ResponsibilityList.objects.aggregate(last=Max("pk"))["last"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM dispatch_listterm")
        last_term = cursor.fetchone()[0]
    yield
    with transaction.atomic(), connection.cursor() as cursor:
        # The history refuses to be deleted, by a trigger.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM dispatch_listterm WHERE id > %s", [last_term])
        for table in ("itemchange", "listcheck", "responsibilityitem"):
            cursor.execute(f"DELETE FROM dispatch_{table} WHERE list_id > %s", [last])
        cursor.execute("DELETE FROM dispatch_responsibilitylist WHERE id > %s", [last])
