import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# A history that is only added to. What is older than six months may go, by whoever keeps the database.
REFUSE = """
CREATE FUNCTION accounts_refuse_young() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.at < now() - interval '183 days' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% keeps its rows for 183 days: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER accounts_signinevent_keeps_words BEFORE UPDATE ON accounts_signinevent
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER accounts_signinevent_keeps_rows BEFORE DELETE ON accounts_signinevent
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_young();
CREATE TRIGGER accounts_signinevent_keeps_all BEFORE TRUNCATE ON accounts_signinevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
"""
ALLOW = """
DROP TRIGGER accounts_signinevent_keeps_words ON accounts_signinevent;
DROP TRIGGER accounts_signinevent_keeps_rows ON accounts_signinevent;
DROP TRIGGER accounts_signinevent_keeps_all ON accounts_signinevent;
DROP FUNCTION accounts_refuse_young();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_acceptance_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="second_factor",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("key_sealed", models.BinaryField()),
                ("set_up_at", models.DateTimeField()),
                ("last_step", models.BigIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("closed_until", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="user",
            name="password_changed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="StaffSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=40, unique=True)),
                (
                    "factor",
                    models.CharField(
                        choices=[
                            ("password", "Password"),
                            ("code", "Password and code"),
                            ("recovery", "Password and recovery code"),
                        ],
                        max_length=10,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("address", models.GenericIPAddressField(blank=True, null=True)),
                ("device", models.CharField(blank=True, max_length=60)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("signed_out", "signed out"),
                            ("elsewhere", "ended from another device"),
                            ("administrator", "ended by an administrator"),
                            ("surplus", "too many at once"),
                            ("idle", "nothing done for too long"),
                            ("password", "the password was changed"),
                            ("factor", "a second factor was set up"),
                        ],
                        max_length=14,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="staff_sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-started_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recovery_codes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(fields=("user", "digest"), name="recovery_code_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SignInEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("signed_in", "Signed in"),
                            ("wrong_password", "Wrong password"),
                            ("locked_out", "Locked out after too many wrong passwords"),
                            ("wrong_code", "Wrong code"),
                            ("codes_closed", "No code taken for a while after too many wrong ones"),
                            ("signed_out", "Signed out"),
                            ("ended", "A sign-in was ended"),
                            ("unlocked", "Unlocked"),
                            ("password_changed", "Password changed"),
                            ("factor_set_up", "Second factor set up"),
                            ("factor_removed", "Second factor removed"),
                            ("factor_reset", "Second factor reset"),
                            ("codes_renewed", "New recovery codes"),
                        ],
                        max_length=16,
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "factor",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("password", "Password"),
                            ("code", "Password and code"),
                            ("recovery", "Password and recovery code"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("signed_out", "signed out"),
                            ("elsewhere", "ended from another device"),
                            ("administrator", "ended by an administrator"),
                            ("surplus", "too many at once"),
                            ("idle", "nothing done for too long"),
                            ("password", "the password was changed"),
                            ("factor", "a second factor was set up"),
                        ],
                        max_length=14,
                    ),
                ),
                ("address", models.GenericIPAddressField(blank=True, null=True)),
                ("device", models.CharField(blank=True, max_length=60)),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sign_in_events",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-pk",),
                "indexes": [
                    models.Index(fields=["user", "-id"], name="sign_in_of_person"),
                    models.Index(fields=["kind", "-id"], name="sign_in_by_kind"),
                ],
            },
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
