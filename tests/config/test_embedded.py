"""The embedded servers, started for real."""

import pytest
from django.db import connection


@pytest.mark.django_db
def test_trigrams_read_chinese() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT show_trgm('上海')")
        assert cursor.fetchone()[0]


@pytest.mark.django_db
def test_the_application_is_no_superuser() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, True)


@pytest.mark.django_db(transaction=True)
def test_the_flush_between_tests_passes_a_trigger_that_refuses_truncate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (id int)")
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;"
            "CREATE TRIGGER refuse BEFORE TRUNCATE ON kept EXECUTE FUNCTION refuse()"
        )
        try:
            connection.ops.execute_sql_flush(["TRUNCATE kept"])
        finally:
            cursor.execute("DROP TABLE kept; DROP FUNCTION refuse()")
