"""What feeds the log and guards it is said in code, and compared: a trigger that is gone tells nobody."""

import pytest
from django.db import connection

from accounts.audit import watching
from accounts.audit.watching import mark
from tests.accounts.audit.conftest import looked_through, seal_all, write

pytestmark = pytest.mark.django_db

# Functions that only put work into a queue, or do what a row demands: without them something is late or
# missing, and nothing is done unseen.
NO_GUARDS = {
    "dashboards_forget_brief_papers",
    "dashboards_queue_facts",
    "incidents_queue_case",
    "incidents_queue_linked",
    "incidents_queue_owned",
    "incidents_queue_repeat",
    "incidents_queue_report",
    "incidents_queue_text",
}


def in_database() -> tuple[list[tuple[str, str, str, str]], dict[str, str]]:
    """Every trigger of ours but those, and every function that one of them calls."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname, p.proname, pg_get_triggerdef(t.oid) FROM pg_trigger t"
            " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT tgisinternal"
        )
        triggers = [
            (table, name, function, mark(definition))
            for table, name, function, definition in sorted(cursor.fetchall())
            if function not in NO_GUARDS
        ]
        called = {function for _table, _name, function, _mark in triggers}
        called |= {"accounts_audit_tell", "accounts_audit_actor"}
        cursor.execute(
            "SELECT proname, prosrc || coalesce(proconfig::text, '') FROM pg_proc WHERE proname = ANY (%s)",
            [sorted(called)],
        )
        return triggers, {name: mark(source) for name, source in cursor.fetchall()}


def test_what_is_said_in_code_is_what_the_migrations_make() -> None:
    """Whoever adds a trigger or changes a function writes it into `audited.py` of its room."""
    triggers, functions = in_database()
    said, sources = watching.watched()
    assert sorted((one.table, one.name, one.function, one.mark) for one in said) == triggers
    assert sources == functions


def test_as_the_migrations_made_it_nothing_is_wrong() -> None:
    assert list(watching.faults()) == []


def test_as_a_restore_makes_it_nothing_is_wrong() -> None:
    """A dump holds each trigger as PostgreSQL words it, and reads its own words a little differently."""
    made_of = "SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE tgrelid = %s::regclass AND tgname = %s"
    reworded = set()
    with connection.cursor() as cursor:
        for trigger in watching.watched()[0]:
            cursor.execute(made_of, [trigger.table, trigger.name])
            (before,) = cursor.fetchone()
            cursor.execute(f"DROP TRIGGER {trigger.name} ON {trigger.table}")
            cursor.execute(before)
            cursor.execute(made_of, [trigger.table, trigger.name])
            (after,) = cursor.fetchone()
            if after != before:
                reworded.add((trigger.name, mark(after)))
    assert list(watching.faults()) == []
    # Only of these is another mark known, and it is this one.
    assert reworded == {(one.name, one.restored) for one in watching.watched()[0] if one.restored}


NOTHING = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (
            ["DROP TRIGGER accounts_membership_audited ON accounts_membership"],
            "the trigger accounts_membership_audited on accounts_membership is gone",
        ),
        (
            ["DROP TRIGGER accounts_membership_apart ON accounts_membership"],
            "the trigger accounts_membership_apart on accounts_membership is gone",
        ),
        (
            ["DROP TRIGGER accounts_auditstub_keeps_rows ON accounts_auditstub"],
            "the trigger accounts_auditstub_keeps_rows on accounts_auditstub is gone",
        ),
        (
            ["DROP TRIGGER incidents_privacyrequest_audited ON incidents_privacyrequest"],
            "the trigger incidents_privacyrequest_audited on incidents_privacyrequest is gone",
        ),
        (
            ["ALTER TABLE incidents_timelineentry DISABLE TRIGGER incidents_timelineentry_audited"],
            "the trigger incidents_timelineentry_audited on incidents_timelineentry is switched off",
        ),
        (
            [
                f"CREATE FUNCTION nothing() {NOTHING}",
                "DROP TRIGGER accounts_user_audited ON accounts_user",
                "CREATE TRIGGER accounts_user_audited AFTER UPDATE ON accounts_user"
                " FOR EACH ROW EXECUTE FUNCTION nothing()",
            ],
            "the trigger accounts_user_audited on accounts_user calls nothing and not accounts_audit_change",
        ),
        (
            [
                "DROP TRIGGER accounts_user_audited ON accounts_user",
                "CREATE TRIGGER accounts_user_audited AFTER INSERT OR UPDATE OR DELETE ON accounts_user"
                " FOR EACH ROW WHEN (false) EXECUTE FUNCTION accounts_audit_change('role', 'person')",
            ],
            "the trigger accounts_user_audited on accounts_user is not as it was made",
        ),
        (
            [f"CREATE OR REPLACE FUNCTION accounts_audit_change() {NOTHING}"],
            "the function accounts_audit_change is not as it was made",
        ),
        (
            [
                "CREATE FUNCTION accounts_audit_tell(text, text, bigint, integer) RETURNS void"
                " LANGUAGE sql AS ''"
            ],
            "the function accounts_audit_tell is there 2 times: which one is called is not sure",
        ),
        (
            [
                f"CREATE FUNCTION nothing() {NOTHING}",
                "CREATE TRIGGER swallow BEFORE INSERT ON accounts_auditevent"
                " FOR EACH ROW EXECUTE FUNCTION nothing()",
            ],
            "the trigger swallow on accounts_auditevent is none of ours",
        ),
        (
            ["CREATE RULE swallow AS ON INSERT TO accounts_auditevent DO INSTEAD NOTHING"],
            "the rule swallow on accounts_auditevent is none of ours",
        ),
    ],
)
def test_what_was_done_to_the_triggers_is_found(statements: list[str], says: str) -> None:
    write(1)
    seal_all()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    assert [(fault.what, fault.says) for fault in looked_through().faults] == [("guard", says)]


def test_triggers_that_are_off_for_this_session_are_found() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
    assert any("session_replication_role" in says for says in watching.faults())


def test_the_middleware_reads_the_same_list() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%%\\_audited'")
        assert watching.audited_tables() == {table for (table,) in cursor.fetchall()}
