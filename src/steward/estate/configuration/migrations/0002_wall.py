"""The second wall: a supplier's session sees only the services assigned to it, their items and what joins those.

The policies of services and items hold inside these subqueries too. Histories are nobody's but ours.
"""

from django.db import migrations

from steward.foundation.database.rowsecurity import policy_sql, undo_policy_sql

THEIR_SERVICE = "EXISTS (SELECT 1 FROM configuration_service s WHERE s.id = {} AND s.supplier_id = external_org())"
THEIR_ITEM = "EXISTS (SELECT 1 FROM configuration_configurationitem i WHERE i.id = {})"


def wall(table: str, visible: str) -> migrations.RunSQL:
    return migrations.RunSQL(policy_sql(table, visible), undo_policy_sql(table))


def end(side: str) -> str:
    return f"({THEIR_SERVICE.format(f'{side}_service_id')} OR {THEIR_ITEM.format(f'{side}_item_id')})"


class Migration(migrations.Migration):
    dependencies = [("configuration", "0001_initial")]

    operations = [
        wall("configuration_service", "supplier_id = external_org()"),
        wall("configuration_configurationitem", THEIR_SERVICE.format("service_id")),
        wall("configuration_relation", f"{end('source')} AND {end('target')}"),
        wall("configuration_serviceevent", "false"),
        wall("configuration_configurationitemevent", "false"),
        wall("configuration_relationevent", "false"),
    ]
