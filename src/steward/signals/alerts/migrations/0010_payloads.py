"""The requests behind changes of alerts, by month like these (decision 0014), and the last ones of every source."""

import django.db.models.deletion
from django.db import migrations, models

from steward.foundation import clock
from steward.signals.alerts import partitions

# The body comes compressed where that helps: PostgreSQL need not try again.
TABLES = """
CREATE TABLE alerts_payload (
  id bigint NOT NULL, at timestamptz NOT NULL, source_id bigint NOT NULL, endpoint varchar(300) NOT NULL,
  context jsonb NOT NULL, size integer NOT NULL CHECK (size >= 0), packed boolean NOT NULL, body bytea NOT NULL,
  PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
ALTER TABLE alerts_payload ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE alerts_payload ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY external_wall ON alerts_payload USING (alerts_external_org() IS NULL OR false);
CREATE TABLE alerts_payload_kept PARTITION OF alerts_payload DEFAULT;
ALTER TABLE alerts_payload_kept ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY external_wall ON alerts_payload_kept USING (alerts_external_org() IS NULL OR false);
"""
LAST = """
ALTER TABLE alerts_lastpayload ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE alerts_lastpayload ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY external_wall ON alerts_lastpayload USING (alerts_external_org() IS NULL OR false);
"""


def months(_apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        partitions.make_ahead(cursor, clock.now(), partitions.PAYLOADS)


REQUEST = [
    ("endpoint", models.CharField(max_length=300)),
    ("context", models.JSONField(default=dict)),
    ("size", models.PositiveIntegerField(verbose_name="size")),
    ("packed", models.BooleanField(default=False)),
    ("body", models.BinaryField()),
]


class Migration(migrations.Migration):
    dependencies = [("alerts", "0009_partitions")]

    operations = [
        migrations.AddField("alert", "payload_id", models.BigIntegerField(editable=False, null=True)),
        migrations.AddField("alertchange", "payload_id", models.BigIntegerField(null=True)),
        migrations.CreateModel(
            name="LastPayload",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                *REQUEST,
                ("at", models.DateTimeField(verbose_name="received")),
                (
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="last_payloads",
                        to="alerts.source",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["source", "-id"], name="last_payload")],
            },
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="Payload",
                    fields=[
                        *REQUEST,
                        ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("at", models.DateTimeField(verbose_name="received")),
                        (
                            "source",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="alerts.source",
                            ),
                        ),
                    ],
                )
            ],
            database_operations=[migrations.RunSQL(TABLES, "DROP TABLE alerts_payload")],
        ),
        migrations.RunSQL(LAST, migrations.RunSQL.noop),
        migrations.RunPython(months, migrations.RunPython.noop),
    ]
