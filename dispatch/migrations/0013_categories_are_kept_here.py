"""Categories are named and switched off in the browser, and each change says who made it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# As the other histories: only added to, and told to the audit log.
TELL = """
CREATE TRIGGER dispatch_categorychange_keeps_rows BEFORE UPDATE OR DELETE ON dispatch_categorychange
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER dispatch_categorychange_keeps_all BEFORE TRUNCATE ON dispatch_categorychange
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER dispatch_categorychange_audited AFTER INSERT ON dispatch_categorychange
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_history(
        'list', 'category', 'changed_by_id', 'category', 'category', 'before,after', '');
"""
UNTELL = """
DROP TRIGGER dispatch_categorychange_audited ON dispatch_categorychange;
DROP TRIGGER dispatch_categorychange_keeps_rows ON dispatch_categorychange;
DROP TRIGGER dispatch_categorychange_keeps_all ON dispatch_categorychange;
"""


class Migration(migrations.Migration):
    small = "categories are some hundred rows"

    dependencies = [
        ("accounts", "0012_audit_log"),
        ("dispatch", "0012_maps_come_in"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CategoryChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("category", models.CharField(max_length=8)),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-pk",),
                "indexes": [models.Index(fields=["category", "-id"], name="category_changes")],
            },
        ),
        migrations.AddField(
            model_name="category",
            name="ended_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="category",
            name="successor",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="dispatch.category",
            ),
        ),
        migrations.AddConstraint(
            model_name="category",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("successor__isnull", True)),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("successor__isnull", False),
                        models.Q(("successor", models.F("code")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="category_ends_with_a_successor",
            ),
        ),
        migrations.AlterField(
            model_name="registerimport",
            name="register",
            field=models.CharField(
                choices=[
                    ("facilities", "Facilities"),
                    ("places", "Names of places"),
                    ("categories", "Categories"),
                    ("areas", "Areas"),
                ],
                max_length=12,
            ),
        ),
        migrations.RunSQL(TELL, UNTELL),
    ]
