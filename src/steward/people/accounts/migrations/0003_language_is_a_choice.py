from django.db import migrations, models


def forget_the_default(apps, schema_editor):
    """Until now there was only English, so nobody has chosen it."""
    apps.get_model('accounts', 'User').objects.filter(language='en').update(language='')


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_one_username'),
    ]

    operations = [
        migrations.AlterField(
            model_name='user',
            name='language',
            field=models.CharField(blank=True, default='', max_length=16, verbose_name='language'),
        ),
        migrations.RunPython(forget_the_default, migrations.RunPython.noop),
    ]
