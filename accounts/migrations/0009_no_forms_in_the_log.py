from django.db import migrations


class Migration(migrations.Migration):
    """What was typed beside a wrong password stood in the lock's own rows, new passwords and recovery codes among it."""

    moves = "failed sign-ins of the last hours: a few, and whoever writes one meanwhile writes nothing typed"

    dependencies = [
        ("accounts", "0008_identity"),
        ("axes", "0010_accessattemptexpiration"),
    ]

    operations = [
        migrations.RunSQL(
            "UPDATE axes_accessattempt SET get_data = '', post_data = '' WHERE get_data <> '' OR post_data <> ''",
            migrations.RunSQL.noop,
        ),
    ]
