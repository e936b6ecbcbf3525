"""Numbers from a sequence, and the second wall: a supplier's session sees only incidents assigned to it."""

from django.db import migrations

from steward.foundation.database.rowsecurity import policy_sql, undo_policy_sql

THEIRS = "EXISTS (SELECT 1 FROM incidents_incident i WHERE i.id = incident_id AND i.supplier_id = external_org())"


def wall(table: str, visible: str) -> migrations.RunSQL:
    return migrations.RunSQL(policy_sql(table, visible), undo_policy_sql(table))


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE incident_number", "DROP SEQUENCE incident_number"),
        wall("incidents_incident", "supplier_id = external_org()"),
        wall("incidents_timelineentry", THEIRS),
        wall("incidents_incidentalert", THEIRS),
    ]
