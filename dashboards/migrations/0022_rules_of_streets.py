"""A street may have rules of repeats of its own, stricter than the district's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("dashboards", "0021_forecasts"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="repeatrule", options={"ordering": ("by", "matter_code", "street_code")}
        ),
        migrations.RemoveConstraint(model_name="repeatrule", name="repeat_rule_once"),
        migrations.RemoveIndex(model_name="repeatrulerevision", name="repeat_revision_of"),
        migrations.AddField(
            model_name="repeatrule",
            name="street_code",
            field=models.CharField(blank=True, default="", max_length=15),
        ),
        migrations.AddField(
            model_name="repeatrulerevision",
            name="street_code",
            field=models.CharField(blank=True, default="", max_length=15),
        ),
        migrations.AddConstraint(
            model_name="repeatrule",
            constraint=models.UniqueConstraint(
                fields=("by", "matter_code", "street_code"), name="repeat_rule_once"
            ),
        ),
        migrations.AddIndex(
            model_name="repeatrulerevision",
            index=models.Index(fields=["by", "matter_code", "street_code", "id"], name="repeat_revision_of"),
        ),
    ]
