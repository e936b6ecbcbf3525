"""The second wall: a session of a customer or supplier sees only views of its own organisation."""

from django.db import migrations

from steward.foundation.database.rowsecurity import policy_sql, undo_policy_sql

# The policy of views holds inside this subquery too.
THEIR_VIEW = "EXISTS (SELECT 1 FROM views_savedview v WHERE v.id = view_id)"


class Migration(migrations.Migration):
    dependencies = [("views", "0001_initial")]
    operations = [
        migrations.RunSQL(
            policy_sql("views_savedview", "organisation_id = external_org()"), undo_policy_sql("views_savedview")
        ),
        migrations.RunSQL(policy_sql("views_firstview", THEIR_VIEW), undo_policy_sql("views_firstview")),
    ]
