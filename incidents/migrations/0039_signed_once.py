from django.db import migrations, models
from django.db.models import Q


def rename_broker(apps, schema_editor):
    """The line to the broker has a name that no client can have."""
    feeds = apps.get_model("incidents", "AlertFeed").objects.filter(channel="mqtt")
    if not feeds.filter(name="#").exists():
        feeds.filter(name="broker").update(name="#")


class Migration(migrations.Migration):
    dependencies = [("incidents", "0038_open_to_the_public")]

    operations = [
        migrations.RunPython(rename_broker, migrations.RunPython.noop, elidable=True),
        migrations.AddField(
            model_name="chatmessage",
            name="signed_with",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="chatmessage",
            constraint=models.UniqueConstraint(
                condition=~Q(signed_with=""),
                fields=("client", "signed_with"),
                name="chat_signature_once",
            ),
        ),
    ]
