import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [('oncall', '0004_rotations_to_layers')]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='schedule',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='schedule',
            name='update_update',
        ),
        migrations.RemoveConstraint(
            model_name='schedule',
            name='schedule_weekday',
        ),
        migrations.RemoveConstraint(
            model_name='schedule',
            name='schedule_weeks',
        ),
        migrations.RemoveField(
            model_name='schedule',
            name='handover_time',
        ),
        migrations.RemoveField(
            model_name='schedule',
            name='handover_weekday',
        ),
        migrations.RemoveField(
            model_name='schedule',
            name='start',
        ),
        migrations.RemoveField(
            model_name='schedule',
            name='weeks',
        ),
        migrations.RemoveField(
            model_name='scheduleevent',
            name='handover_time',
        ),
        migrations.RemoveField(
            model_name='scheduleevent',
            name='handover_weekday',
        ),
        migrations.RemoveField(
            model_name='scheduleevent',
            name='start',
        ),
        migrations.RemoveField(
            model_name='scheduleevent',
            name='weeks',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='schedule',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "oncall_scheduleevent" ("created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "team_id", "time_zone") VALUES (NEW."created_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."slug", NEW."team_id", NEW."time_zone"); RETURN NULL;', hash='07e76354155721f52e53ccca3700d075d37b1c2d', operation='INSERT', pgid='pgtrigger_insert_insert_aa083', table='oncall_schedule', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='schedule',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "oncall_scheduleevent" ("created_at", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "team_id", "time_zone") VALUES (NEW."created_at", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."slug", NEW."team_id", NEW."time_zone"); RETURN NULL;', hash='31e3c31b2e77a28dfbe111373508f4711a12e1fa', operation='UPDATE', pgid='pgtrigger_update_update_cdc78', table='oncall_schedule', when='AFTER')),
        ),
        migrations.DeleteModel(
            name='RotationMember',
        ),
    ]
