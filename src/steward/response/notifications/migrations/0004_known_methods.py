"""What people are paged through already counts as confirmed: nobody may become unreachable by an upgrade."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


def confirm(apps, _editor):
    methods = apps.get_model("notifications", "ContactMethod")
    methods.objects.filter(verified_at=None).update(verified_at=models.F("created_at"))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0003_ways_to_people")]
    operations = [
        migrations.RunPython(confirm, migrations.RunPython.noop),
        AddIndexConcurrently(
            "attempt",
            models.Index(fields=["reference"], condition=~models.Q(reference=""), name="attempt_reference"),
        ),
    ]
