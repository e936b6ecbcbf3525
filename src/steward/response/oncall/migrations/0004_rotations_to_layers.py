"""Every schedule's weekly rotation becomes its first layer."""

from django.db import migrations

FORWARDS = """
INSERT INTO oncall_layer (schedule_id, position, name, priority, time_zone, unit, length, start, handover_weekday,
    handover_time, windows, own_zones, created_at)
SELECT id, 0, '', 0, '', 'week', weeks, start, handover_weekday, handover_time, '[]', FALSE, created_at
FROM oncall_schedule;
INSERT INTO oncall_layermember (layer_id, user_id, turn, place)
SELECT layer.id, member.user_id, member.position, 0
FROM oncall_rotationmember member JOIN oncall_layer layer ON layer.schedule_id = member.schedule_id;
"""


class Migration(migrations.Migration):
    dependencies = [("oncall", "0003_layers")]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
