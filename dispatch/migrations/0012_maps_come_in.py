"""A GeoJSON file of areas takes the way that sheets take into the registers."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dispatch", "0011_audit"),
    ]

    operations = [
        migrations.AddField(
            model_name="registerimport",
            name="crs",
            field=models.CharField(blank=True, db_default="", default="", max_length=8),
        ),
        migrations.AddField(
            model_name="registerimport",
            name="drawing",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="registerimport",
            name="whole_of",
            field=models.CharField(blank=True, db_default="", default="", max_length=15),
        ),
        migrations.AlterField(
            model_name="registerimport",
            name="register",
            field=models.CharField(
                choices=[("facilities", "Facilities"), ("places", "Names of places"), ("areas", "Areas")],
                max_length=12,
            ),
        ),
    ]
