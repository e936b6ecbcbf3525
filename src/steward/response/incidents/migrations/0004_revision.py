"""A counter of writes for pages that watch an incident, and an index for lists by severity."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0003_number_and_wall")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="revision",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["severity", "-opened_at", "-id"], name="incident_severity"),
        ),
    ]
