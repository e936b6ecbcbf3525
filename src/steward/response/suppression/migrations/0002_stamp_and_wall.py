"""The first stamp, and the second wall: outside organisations see no silences, and of windows those of their services."""

from django.db import migrations

from steward.foundation.database.rowsecurity import policy_sql, undo_policy_sql

OURS = "suppression_maintenancewindow"
SERVICE = """EXISTS (SELECT 1 FROM configuration_service s
  WHERE s.id = service_id AND s.supplier_id = external_org())"""
ITEM = """EXISTS (SELECT 1 FROM configuration_configurationitem i JOIN configuration_service s ON s.id = i.service_id
  WHERE i.id = configurationitem_id AND s.supplier_id = external_org())"""
WINDOW = f"""EXISTS (SELECT 1 FROM {OURS}_services m WHERE m.maintenancewindow_id = {OURS}.id)
  OR EXISTS (SELECT 1 FROM {OURS}_items m WHERE m.maintenancewindow_id = {OURS}.id)"""


def wall(table: str, visible: str) -> migrations.RunSQL:
    return migrations.RunSQL(policy_sql(table, visible), undo_policy_sql(table))


class Migration(migrations.Migration):
    dependencies = [("suppression", "0001_initial"), ("configuration", "0002_wall")]

    operations = [
        migrations.RunSQL(
            "INSERT INTO suppression_stamp (token) VALUES (gen_random_uuid())", "DELETE FROM suppression_stamp"
        ),
        wall(f"{OURS}_services", SERVICE),
        wall(f"{OURS}_items", ITEM),
        wall(OURS, WINDOW),
        wall(f"{OURS}event", "false"),
        wall("suppression_silence", "false"),
        wall("suppression_silenceevent", "false"),
        wall("suppression_stamp", "false"),
    ]
