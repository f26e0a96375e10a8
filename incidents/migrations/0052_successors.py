from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0048_audit"),
    ]

    operations = [
        migrations.AlterField(
            model_name="assignment",
            name="end_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("closed", "Closed"),
                    ("returned", "Returned"),
                    ("redispatched", "Sent elsewhere"),
                    ("reopened", "Reopened"),
                    ("merged", "Merged"),
                    ("withdrawn", "Withdrawn"),
                    ("raised", "Moved up a level"),
                    ("made_safe", "Made safe"),
                    ("recalled", "Taken back"),
                    ("succeeded", "With the successor"),
                    ("answered", "Answered"),
                    ("declined", "Declined"),
                    ("released", "Released"),
                ],
                max_length=12,
            ),
        ),
    ]
