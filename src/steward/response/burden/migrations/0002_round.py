"""The one row that is the clock of this room."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("burden", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "INSERT INTO burden_round (seen_until, due_at) VALUES (now(), now())", "DELETE FROM burden_round"
        )
    ]
