"""The second wall: what Alertmanager told is nothing for sessions of other organisations."""

from django.db import migrations

from steward.foundation.database.rowsecurity import policy_sql, undo_policy_sql


def wall(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(policy_sql(table, "false"), undo_policy_sql(table))


class Migration(migrations.Migration):
    dependencies = [("shadow", "0001_initial")]

    operations = [wall("shadow_notification"), wall("shadow_receiverpolicy")]
