import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_audit_log"),
    ]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="by_provider",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name="signinevent",
            name="ending",
            field=models.CharField(
                blank=True,
                choices=[
                    ("signed_out", "signed out"),
                    ("elsewhere", "ended from another device"),
                    ("administrator", "ended by an administrator"),
                    ("surplus", "too many at once"),
                    ("idle", "nothing done for too long"),
                    ("password", "the password was changed"),
                    ("factor", "a second factor was set up"),
                    ("factor_gone", "the second factor was taken away"),
                    ("roles", "the roles changed"),
                ],
                max_length=14,
            ),
        ),
        migrations.AlterField(
            model_name="signinevent",
            name="factor",
            field=models.CharField(
                blank=True,
                choices=[
                    ("password", "Password"),
                    ("code", "Password and code"),
                    ("recovery", "Password and recovery code"),
                    ("sso", "Through the provider"),
                    ("sso_mfa", "Through the provider, with two factors"),
                    ("sso_code", "Through the provider, and code"),
                    ("sso_recov", "Through the provider, and recovery code"),
                ],
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="signinevent",
            name="kind",
            field=models.CharField(
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
                    ("refused", "Came through the provider and was not let in"),
                    ("linked", "Linked with a sign-in at the provider"),
                    ("unlinked", "No longer linked with the provider"),
                    ("roles", "Roles changed by groups at the provider"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="staffsession",
            name="ending",
            field=models.CharField(
                blank=True,
                choices=[
                    ("signed_out", "signed out"),
                    ("elsewhere", "ended from another device"),
                    ("administrator", "ended by an administrator"),
                    ("surplus", "too many at once"),
                    ("idle", "nothing done for too long"),
                    ("password", "the password was changed"),
                    ("factor", "a second factor was set up"),
                    ("factor_gone", "the second factor was taken away"),
                    ("roles", "the roles changed"),
                ],
                max_length=14,
            ),
        ),
        migrations.AlterField(
            model_name="staffsession",
            name="factor",
            field=models.CharField(
                choices=[
                    ("password", "Password"),
                    ("code", "Password and code"),
                    ("recovery", "Password and recovery code"),
                    ("sso", "Through the provider"),
                    ("sso_mfa", "Through the provider, with two factors"),
                    ("sso_code", "Through the provider, and code"),
                    ("sso_recov", "Through the provider, and recovery code"),
                ],
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="GroupRole",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("group", models.CharField(max_length=200)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("operator", "Operator"),
                            ("dispatcher", "Dispatcher"),
                            ("handler", "Handler"),
                            ("supervisor", "Supervisor"),
                            ("leader", "Leader"),
                            ("admin", "System administrator"),
                            ("steward", "List steward"),
                            ("patrol", "Patrol and grid member"),
                            ("security", "Security administrator"),
                            ("auditor", "Audit administrator"),
                        ],
                        max_length=16,
                    ),
                ),
                ("added_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "added_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.orgunit"
                    ),
                ),
            ],
            options={
                "ordering": ("group", "unit", "role", "pk"),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at", None)),
                        fields=("group", "unit", "role"),
                        name="group_role_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProviderLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("issuer", models.CharField(max_length=200)),
                ("subject", models.CharField(blank=True, max_length=255, null=True)),
                ("login_name", models.CharField(blank=True, max_length=150)),
                ("linked_at", models.DateTimeField()),
                (
                    "linked_by",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="provider_links",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(fields=("issuer", "subject"), name="provider_subject_once"),
                    models.UniqueConstraint(fields=("user", "issuer"), name="provider_link_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("subject", None)),
                        fields=("issuer", "login_name"),
                        name="provider_name_once",
                    ),
                ],
            },
        ),
    ]
