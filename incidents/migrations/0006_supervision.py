"""Numbers of orders to act, and the indexes of the supervisors' page."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0005_notices")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE incidents_supervision_serial CACHE 1",
            "DROP SEQUENCE incidents_supervision_serial",
        ),
    ]
