import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

REFUSE = """
CREATE TRIGGER accounts_systemchange_keeps_rows BEFORE UPDATE OR DELETE ON accounts_systemchange
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER accounts_systemchange_keeps_all BEFORE TRUNCATE ON accounts_systemchange
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
"""
ALLOW = """
DROP TRIGGER accounts_systemchange_keeps_rows ON accounts_systemchange;
DROP TRIGGER accounts_systemchange_keeps_all ON accounts_systemchange;
"""


class Migration(migrations.Migration):
    """Systems of one unit, networks that a token may come from, two tokens at once, and who changed what."""

    dependencies = [
        ("accounts", "0010_three_administrators"),
    ]

    operations = [
        migrations.AddField(
            model_name="apiclient",
            name="addresses",
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="apiclient",
            name="last_used_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apiclient",
            name="last_used_from",
            field=models.GenericIPAddressField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apiclient",
            name="refused_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apiclient",
            name="refused_from",
            field=models.GenericIPAddressField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apiclient",
            name="refused_why",
            field=models.CharField(blank=True, db_default="", default="", max_length=24),
        ),
        migrations.AddField(
            model_name="apiclient",
            name="token_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="apiclient",
            name="unit",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.orgunit",
            ),
        ),
        migrations.CreateModel(
            name="OldToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("good_until", models.DateTimeField()),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="old_tokens",
                        to="accounts.apiclient",
                    ),
                ),
            ],
            options={
                "ordering": ("-good_until", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="SystemChange",
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
                            ("issued", "Token issued"),
                            ("rotated", "Token replaced"),
                            ("old_ended", "Old token ended early"),
                            ("changed", "Changed"),
                            ("switched_off", "Switched off"),
                            ("switched_on", "Switched on"),
                        ],
                        max_length=16,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("data", models.JSONField(default=dict)),
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
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="changes",
                        to="accounts.apiclient",
                    ),
                ),
            ],
            options={
                "ordering": ("-pk",),
                "indexes": [models.Index(fields=["client", "-id"], name="system_change_of_client")],
            },
        ),
        migrations.RunSQL(REFUSE, ALLOW),
    ]
