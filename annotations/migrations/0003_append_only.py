"""Revisions and reviews are written once."""

from django.db import migrations

from core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("annotations", "0002_initial")]
    operations = [
        append_only("annotations_revision", deletable=True),
        append_only("annotations_review", deletable=True),
    ]
