"""Migrations that are taken back where rows are."""

import importlib

import pytest
from django.db import connection

from incidents.models import Incident, Outcome

asked = importlib.import_module("incidents.migrations.0041_asked_and_answered")


@pytest.mark.django_db
def test_who_was_asked_is_forgotten_and_the_table_keeps_its_rows_again(lamp_case: Incident) -> None:
    row = Outcome.objects.filter(incident=lamp_case).first()
    assert row is not None
    row.pk, row.kind = None, Outcome.Kind.ASKED
    row.save(force_insert=True)
    with connection.cursor() as cursor:
        # What the test has written is as good as committed.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(asked.BACK)
    assert not Outcome.objects.filter(kind=Outcome.Kind.ASKED).exists()
    assert Outcome.objects.filter(incident=lamp_case).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgenabled FROM pg_trigger WHERE tgname = 'incidents_outcome_keeps_rows'")
        assert cursor.fetchall() == [("O",)]
