"""Changes of alerts are stored by month, and a foreign key would have to name the month (decision 0014)."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("triage", "0002_default_route")]
    # While the constraint is there, the table cannot be divided.
    run_before = [("alerts", "0009_partitions")]

    operations = [
        migrations.AlterField(
            model_name="decision",
            name="change",
            field=models.ForeignKey(
                db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE,
                related_name="decisions", to="alerts.alertchange",
            ),
        ),
    ]
