import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# One way into the log, for triggers and for the application. Who is at it and from where says the caller, or
# else whoever's request it is (yiwang.actor: accounts.audit.acting sets it in the same transaction).
TELL = """
CREATE FUNCTION accounts_audit_actor() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT COALESCE(NULLIF(current_setting('yiwang.actor', true), '')::jsonb, '{}'::jsonb)
$$;

CREATE FUNCTION accounts_audit_tell(
    kind text, what text, by_user bigint, by_client bigint, about_kind text, about text, details jsonb,
    address inet, device text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    acting jsonb := accounts_audit_actor();
    known bigint := by_user;
BEGIN
    IF known IS NULL AND by_client IS NULL THEN
        known := (acting->>'user')::bigint;
    END IF;
    INSERT INTO accounts_auditevent (
        at, kind, what, user_id, client_id, who, address, device, about_kind, about, details, digest, key
    ) VALUES (
        clock_timestamp(), kind, left(what, 64), known, by_client,
        COALESCE(
            (SELECT username FROM accounts_user WHERE id = known),
            (SELECT name FROM accounts_apiclient WHERE id = by_client),
            ''
        ),
        COALESCE(address, (acting->>'address')::inet),
        COALESCE(NULLIF(device, ''), acting->>'device', ''),
        about_kind, left(COALESCE(about, ''), 160), COALESCE(details, '{}'::jsonb), '', ''
    );
END $$;
"""

# For tables that are histories already: each new row is one line. Its arguments: kind, what, the column that
# says who, what kind of thing it is about, the column that says which, the columns to show, and a column whose
# value is added to `what`.
HISTORY = """
CREATE FUNCTION accounts_audit_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    line jsonb := to_jsonb(NEW);
    what text := TG_ARGV[1];
BEGIN
    IF TG_ARGV[6] <> '' THEN
        what := what || '_' || COALESCE(line->>TG_ARGV[6], '');
    END IF;
    PERFORM accounts_audit_tell(
        TG_ARGV[0], what, (line->>TG_ARGV[2])::bigint, NULL, TG_ARGV[3], line->>TG_ARGV[4],
        (SELECT COALESCE(jsonb_object_agg(name, line->name), '{}'::jsonb)
            FROM unnest(string_to_array(TG_ARGV[5], ',')) AS name),
        NULL, ''
    );
    RETURN NULL;
END $$;
"""

# For tables that hold how something is now: each change is one line, with the names of the columns that
# changed and the values of those that may be shown. Arguments: kind, what, the column that says who changed it
# last ('' where there is none), what kind of thing it is about, the column that says which, the columns to
# show, and those that change by themselves.
CHANGE = """
CREATE FUNCTION accounts_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}'::jsonb ELSE to_jsonb(OLD) END;
    is_now jsonb := CASE WHEN TG_OP = 'DELETE' THEN '{}'::jsonb ELSE to_jsonb(NEW) END;
    shown text[] := string_to_array(TG_ARGV[5], ',');
    ignored text[] := string_to_array(TG_ARGV[6], ',');
    changed text[];
    known bigint := (accounts_audit_actor()->>'user')::bigint;
    details jsonb;
BEGIN
    SELECT COALESCE(array_agg(name ORDER BY name), '{}') INTO changed
    FROM (SELECT jsonb_object_keys(was || is_now) AS name) AS names
    WHERE was->name IS DISTINCT FROM is_now->name AND NOT name = ANY (ignored);
    IF TG_OP = 'UPDATE' AND changed = '{}' THEN
        RETURN NULL;
    END IF;
    -- Who changed it before is not who changes it now, where nobody has written that down anew.
    IF known IS NULL AND TG_ARGV[2] <> '' AND TG_ARGV[2] = ANY (changed) AND TG_OP <> 'DELETE' THEN
        known := (is_now->>TG_ARGV[2])::bigint;
    END IF;
    details := jsonb_build_object('op', lower(TG_OP));
    IF TG_OP = 'UPDATE' THEN
        details := details || jsonb_build_object('changed', to_jsonb(changed));
    END IF;
    IF TG_OP <> 'INSERT' THEN
        details := details || jsonb_build_object('before', (
            SELECT COALESCE(jsonb_object_agg(name, was->name), '{}'::jsonb) FROM unnest(shown) AS name
            WHERE name = ANY (changed)));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        details := details || jsonb_build_object('after', (
            SELECT COALESCE(jsonb_object_agg(name, is_now->name), '{}'::jsonb) FROM unnest(shown) AS name
            WHERE name = ANY (changed)));
    END IF;
    PERFORM accounts_audit_tell(
        TG_ARGV[0], TG_ARGV[1], known, NULL, TG_ARGV[3],
        COALESCE(is_now->>TG_ARGV[4], was->>TG_ARGV[4]), details, NULL, ''
    );
    RETURN NULL;
END $$;
"""

# Who was not let in is nobody that we know: the line is about the person whose name was used.
SIGNING_IN = """
CREATE FUNCTION accounts_audit_sign_in() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    known bigint := NEW.actor_id;
BEGIN
    IF known IS NULL AND NEW.kind IN (
        'signed_in', 'signed_out', 'password_changed', 'factor_set_up', 'factor_removed', 'codes_renewed'
    ) THEN
        known := NEW.user_id;
    END IF;
    PERFORM accounts_audit_tell(
        'sign_in', NEW.kind, known, NULL, 'user', NEW.user_id::text,
        jsonb_strip_nulls(jsonb_build_object(
            'factor', NULLIF(NEW.factor, ''), 'ending', NULLIF(NEW.ending, ''), 'reason', NULLIF(NEW.reason, '')
        )),
        NEW.address, NEW.device
    );
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_signinevent_audited AFTER INSERT ON accounts_signinevent
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_sign_in();
CREATE TRIGGER accounts_membership_audited AFTER INSERT OR UPDATE OR DELETE ON accounts_membership
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'role', 'membership', '', 'user', 'user_id', 'user_id,unit_id,role', '');
CREATE TRIGGER accounts_user_audited AFTER INSERT OR UPDATE OR DELETE ON accounts_user
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'role', 'person', '', 'user', 'id', 'username,is_active,is_staff,is_superuser',
        'last_login,password_changed_at');
CREATE TRIGGER accounts_apiclient_audited AFTER INSERT OR UPDATE OR DELETE ON accounts_apiclient
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'config', 'system', '', 'system', 'name',
        'name,source,scopes,is_active,accepts_closing,expires_at,unit_id,addresses',
        'last_used_at,last_used_from,refused_at,refused_from,refused_why');
CREATE TRIGGER accounts_orgunit_audited AFTER INSERT OR UPDATE OR DELETE ON accounts_orgunit
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_change(
        'config', 'unit', '', 'unit', 'code', 'kind,name_zh,parent_id,area_code,is_open', 'path');
"""

# Only added to. A seal is put on once; what is sealed and older than six months may go.
GUARD = """
CREATE FUNCTION accounts_audit_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seq IS NULL AND NEW.seq IS NOT NULL
        AND to_jsonb(NEW) - ARRAY['seq', 'digest', 'key'] = to_jsonb(OLD) - ARRAY['seq', 'digest', 'key'] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is only added to' USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION accounts_audit_old() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seq IS NOT NULL AND OLD.at < now() - interval '183 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit log keeps its rows for 183 days' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER accounts_auditevent_once BEFORE UPDATE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_once();
CREATE TRIGGER accounts_auditevent_keeps_rows BEFORE DELETE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_old();
CREATE TRIGGER accounts_auditevent_keeps_all BEFORE TRUNCATE ON accounts_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER accounts_auditstub_keeps_rows BEFORE UPDATE OR DELETE ON accounts_auditstub
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER accounts_auditstub_keeps_all BEFORE TRUNCATE ON accounts_auditstub
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
"""
UNDO = """
DROP TRIGGER accounts_signinevent_audited ON accounts_signinevent;
DROP TRIGGER accounts_membership_audited ON accounts_membership;
DROP TRIGGER accounts_user_audited ON accounts_user;
DROP TRIGGER accounts_apiclient_audited ON accounts_apiclient;
DROP TRIGGER accounts_orgunit_audited ON accounts_orgunit;
DROP TRIGGER accounts_auditevent_once ON accounts_auditevent;
DROP TRIGGER accounts_auditevent_keeps_rows ON accounts_auditevent;
DROP TRIGGER accounts_auditevent_keeps_all ON accounts_auditevent;
DROP TRIGGER accounts_auditstub_keeps_rows ON accounts_auditstub;
DROP TRIGGER accounts_auditstub_keeps_all ON accounts_auditstub;
DROP FUNCTION accounts_audit_sign_in();
DROP FUNCTION accounts_audit_history();
DROP FUNCTION accounts_audit_change();
DROP FUNCTION accounts_audit_tell(text, text, bigint, bigint, text, text, jsonb, inet, text);
DROP FUNCTION accounts_audit_actor();
DROP FUNCTION accounts_audit_once();
DROP FUNCTION accounts_audit_old();
"""


class Migration(migrations.Migration):
    small = "people, their roles, units and systems; of the sign-ins half a year, one row in seconds"
    dependencies = [
        ("accounts", "0011_systems"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("rows", models.BigIntegerField()),
                ("seconds", models.FloatField()),
                ("head", models.BigIntegerField()),
                ("faults", models.JSONField(default=list)),
            ],
            options={
                "ordering": ("-pk",),
            },
        ),
        migrations.CreateModel(
            name="AuditStub",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("upto", models.BigIntegerField(unique=True)),
                ("digest", models.CharField(max_length=64)),
                ("rows", models.BigIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("key", models.CharField(max_length=8)),
                ("signature", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ("-upto",),
            },
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sign_in", "Signing in"),
                            ("personal", "Personal data looked at"),
                            ("export", "Taken out as a file"),
                            ("role", "People and roles"),
                            ("config", "Settings"),
                            ("list", "Responsibility list and mapping"),
                            ("audit", "The log itself"),
                        ],
                        max_length=12,
                    ),
                ),
                ("what", models.CharField(max_length=64)),
                ("who", models.CharField(blank=True, max_length=150)),
                ("address", models.GenericIPAddressField(null=True)),
                ("device", models.CharField(blank=True, max_length=60)),
                ("about_kind", models.CharField(blank=True, max_length=16)),
                ("about", models.CharField(blank=True, max_length=160)),
                ("details", models.JSONField(default=dict)),
                ("seq", models.BigIntegerField(null=True, unique=True)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("key", models.CharField(blank=True, max_length=8)),
                (
                    "client",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="accounts.apiclient",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-pk",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("seq__isnull", True)), fields=["id"], name="audit_unsealed"
                    ),
                    models.Index(fields=["at"], name="audit_by_time"),
                    models.Index(fields=["kind", "-id"], name="audit_by_kind"),
                    models.Index(fields=["user", "-id"], name="audit_by_user"),
                    models.Index(fields=["about_kind", "about", "-id"], name="audit_by_about"),
                ],
            },
        ),
        migrations.RunSQL(TELL + HISTORY + CHANGE + SIGNING_IN + GUARD, UNDO),
    ]
