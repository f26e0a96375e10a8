import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_accepts_closing"),
        ("incidents", "0028_doors"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EmergencyAlarm",
            fields=[
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="alarm",
                        serialize=False,
                        to="incidents.incident",
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("hotline", "12345热线"),
                            ("resident_form", "居民网页上报"),
                            ("patrol", "巡查"),
                            ("letter_visit", "信访"),
                            ("city_app", "城市应用"),
                            ("sensor", "物联感知"),
                            ("ai_video", "视频AI"),
                            ("council", "街区理事会"),
                        ],
                        max_length=24,
                    ),
                ),
                ("danger", models.CharField(max_length=16)),
                ("phrase", models.CharField(max_length=40)),
                ("false_at", models.DateTimeField(blank=True, null=True)),
                (
                    "false_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reason",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.text",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="ModelSuggestion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("model", models.CharField(max_length=120)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("answered", "Answered"), ("failed", "Failed")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("category_code", models.CharField(blank=True, max_length=8)),
                ("nature", models.CharField(blank=True, max_length=16)),
                ("urgency", models.CharField(blank=True, max_length=16)),
                ("matters", models.JSONField(blank=True, default=list)),
                ("failure", models.CharField(blank=True, max_length=16)),
                ("taken", models.BooleanField(blank=True, null=True)),
                (
                    "asked_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "explanation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="incidents.text",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suggestions",
                        to="incidents.incident",
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.AddIndex(
            model_name="emergencyalarm",
            index=models.Index(fields=["at"], name="alarm_at"),
        ),
        migrations.AddIndex(
            model_name="modelsuggestion",
            index=models.Index(fields=["asked_at"], name="suggestion_asked_at"),
        ),
    ]
