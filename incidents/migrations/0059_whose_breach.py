from django.db import migrations, models


class Migration(migrations.Migration):
    """Whose clock it was when it told something: it may go on with another unit."""

    dependencies = [
        ("incidents", "0058_looks_told"),
    ]

    operations = [
        migrations.AddField(
            model_name="firedstage",
            name="unit_code",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
    ]
