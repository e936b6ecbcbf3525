"""The default route: catches what no other does, opens an incident, pages nobody until a policy is chosen."""

from django.db import migrations


def make(apps, schema_editor):
    route = apps.get_model("triage", "Route")
    if not route.objects.filter(is_default=True).exists():
        route.objects.create(
            position=0, name="Everything else", is_default=True, group_by=["alertname"], group_wait=30
        )


class Migration(migrations.Migration):
    dependencies = [("triage", "0001_initial")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
