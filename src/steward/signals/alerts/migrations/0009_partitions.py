"""Changes of alerts by month (decision 0014), and how long a source's history is kept.

Nothing is copied: the table as it was becomes the default partition, and months begin with the next one that has no
rows yet. Foreign keys to the table go: one to a partitioned table would have to name the month too.
"""

from django.db import migrations, models

from steward.foundation import clock
from steward.signals.alerts import partitions

UNREFERENCED = """
DO $$ DECLARE c record; BEGIN
  FOR c IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint
    WHERE contype = 'f' AND confrelid = 'alerts_alertchange'::regclass
  LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.owner, c.conname); END LOOP;
END $$
"""
RENAMED = """
ALTER TABLE alerts_alertchange RENAME TO alerts_alertchange_kept;
ALTER INDEX change_due RENAME TO alerts_alertchange_kept_due;
ALTER INDEX change_alert RENAME TO alerts_alertchange_kept_alert;
ALTER INDEX change_time RENAME TO alerts_alertchange_kept_time;
ALTER TABLE alerts_alertchange_kept DROP CONSTRAINT alerts_alertchange_pkey;
ALTER TABLE alerts_alertchange_kept ADD CONSTRAINT alerts_alertchange_kept_pkey PRIMARY KEY (id, at);
ALTER TABLE alerts_alertchange_kept ALTER COLUMN id DROP IDENTITY IF EXISTS;
"""
# A sequence and not an identity column, which partitioned tables only have since PostgreSQL 17.
PARTITIONED = """
CREATE TABLE alerts_alertchange (LIKE alerts_alertchange_kept INCLUDING DEFAULTS) PARTITION BY RANGE (at);
CREATE SEQUENCE alerts_alertchange_id_seq AS bigint OWNED BY alerts_alertchange.id;
SELECT setval('alerts_alertchange_id_seq', COALESCE((SELECT max(id) FROM alerts_alertchange_kept), 0) + 1, false);
ALTER TABLE alerts_alertchange ALTER COLUMN id SET DEFAULT nextval('alerts_alertchange_id_seq');
ALTER TABLE alerts_alertchange_kept ALTER COLUMN id SET DEFAULT nextval('alerts_alertchange_id_seq');
ALTER TABLE alerts_alertchange ADD CONSTRAINT alerts_alertchange_pkey PRIMARY KEY (id, at);
CREATE INDEX change_due ON alerts_alertchange (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX change_alert ON alerts_alertchange (alert_id, id);
CREATE INDEX change_time ON alerts_alertchange USING brin (at) WITH (autosummarize = true, pages_per_range = 32);
ALTER TABLE alerts_alertchange ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY external_wall ON alerts_alertchange USING (alerts_external_org() IS NULL OR
  EXISTS (SELECT 1 FROM alerts_alert a WHERE a.id = alerts_alertchange.alert_id));
ALTER TABLE alerts_alertchange ATTACH PARTITION alerts_alertchange_kept DEFAULT;
"""


def divide(_apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        # What waits for the end of the transaction would forbid the changes of the tables.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in (UNREFERENCED, RENAMED, PARTITIONED):
            cursor.execute(statement)
        partitions.make_ahead(cursor, clock.now(), partitions.CHANGES)


class Migration(migrations.Migration):
    dependencies = [("alerts", "0008_acknowledgements")]

    operations = [
        migrations.AddField(
            model_name="source",
            name="history_days",
            field=models.PositiveIntegerField(
                blank=True, null=True, verbose_name="history (days)"
            ),
        ),
        migrations.RunPython(divide),
    ]
