"""The second wall: a supplier's session sees only the alerts of services assigned to it, and their changes.

Not by ``policy_sql``: a condition that is looked up at run time would stand in front of every search of these large
tables, and PostgreSQL then keeps operators that are not leak-proof (the search by labels among them) from using their
index. ``alerts_external_org`` is marked immutable so that the planner settles it once a statement: at home nothing of
the policy is left. That is sound because the pages' connections keep no prepared statements (Django's default), so
every statement is planned under the setting that it runs under; ingest's own connection is always at home.
"""

from django.db import migrations

from steward.foundation.database.rowsecurity import SETTING

FUNCTION = f"""
CREATE FUNCTION alerts_external_org() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT NULLIF(current_setting('{SETTING}', true), '')::bigint $$
"""
ALERT = """EXISTS (SELECT 1 FROM configuration_service s
  WHERE s.id = alerts_alert.service_id AND s.supplier_id = alerts_external_org())"""
CHANGE = "EXISTS (SELECT 1 FROM alerts_alert a WHERE a.id = alerts_alertchange.alert_id)"


def wall(table: str, visible: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY external_wall ON {table} USING (alerts_external_org() IS NULL OR {visible})",
        f"DROP POLICY external_wall ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
    )


class Migration(migrations.Migration):
    dependencies = [("alerts", "0003_cheaper_writes"), ("configuration", "0002_wall")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION alerts_external_org()"),
        wall("alerts_alert", ALERT),
        wall("alerts_alertchange", CHANGE),
        wall("alerts_parkedpayload", "false"),
    ]
