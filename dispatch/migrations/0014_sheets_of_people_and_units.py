"""People and units come in as sheets."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0013_categories_are_kept_here")]

    operations = [
        migrations.AddField(
            model_name="registerimport",
            name="reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
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
                    ("units", "Units"),
                    ("people", "People"),
                ],
                max_length=12,
            ),
        ),
    ]
