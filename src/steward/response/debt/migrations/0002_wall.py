"""The second wall: a supplier's session sees what alerts of its services cost, and answers on its incidents."""

from django.db import migrations

from steward.foundation.database.rowsecurity import policy_sql, undo_policy_sql

THEIR_SERVICE = (
    "EXISTS (SELECT 1 FROM configuration_service s WHERE s.id = service_id AND s.supplier_id = external_org())"
)
THEIR_INCIDENT = (
    "EXISTS (SELECT 1 FROM incidents_incident i WHERE i.id = incident_id AND i.supplier_id = external_org())"
)


def wall(table: str, visible: str) -> migrations.RunSQL:
    return migrations.RunSQL(policy_sql(table, visible), undo_policy_sql(table))


class Migration(migrations.Migration):
    dependencies = [("debt", "0001_initial")]

    operations = [
        wall("debt_line", THEIR_SERVICE),
        wall("debt_dailyfigures", THEIR_SERVICE),
        wall("debt_verdict", THEIR_INCIDENT),
    ]
