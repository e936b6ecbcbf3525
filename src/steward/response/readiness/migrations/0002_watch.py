"""The one row that is the clock of this room."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("readiness", "0001_initial")]
    operations = [
        migrations.RunSQL("INSERT INTO readiness_watch (due_at) VALUES (now())", "DELETE FROM readiness_watch")
    ]
