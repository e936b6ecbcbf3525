"""What senders acknowledge; at home only, as all that is about sources."""

import django.db.models.deletion
from django.db import migrations, models


WALL = """
ALTER TABLE alerts_acknowledgement ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts_acknowledgement FORCE ROW LEVEL SECURITY;
CREATE POLICY external_wall ON alerts_acknowledgement USING (alerts_external_org() IS NULL)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0007_standing'),
    ]

    operations = [
        migrations.CreateModel(
            name='Acknowledgement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('fingerprint', models.BinaryField(max_length=16)),
                ('key', models.CharField(max_length=300)),
                ('received_at', models.DateTimeField(verbose_name='received')),
                ('sender', models.CharField(max_length=60)),
                ('who', models.CharField(blank=True, max_length=200, verbose_name='who')),
                ('note', models.TextField(blank=True, verbose_name='note')),
                ('outcome', models.CharField(choices=[('waiting', 'waiting for its incident'), ('acknowledged', 'incident acknowledged'), ('unknown', 'no such alert'), ('not-firing', 'the alert does not fire'), ('changed', 'the alert began again since'), ('no-incident', 'no open incident holds it')], default='waiting', max_length=16, verbose_name='outcome')),
                ('alert', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='acknowledgements', to='alerts.alert')),
                ('source', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='acknowledgements', to='alerts.source')),
            ],
            options={
                'ordering': ['-received_at', '-id'],
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='ack_due'), models.Index(fields=['source', '-received_at', '-id'], name='ack_recent')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('due_at__isnull', False)), fields=('source', 'fingerprint'), name='one_ack_waits')],
            },
        ),
        migrations.RunSQL(WALL, "DROP POLICY external_wall ON alerts_acknowledgement"),
    ]
