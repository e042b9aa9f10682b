"""A conflict names both versions."""

from django.apps.registry import Apps
from django.db import migrations, models


def fill(apps: Apps, _editor: object) -> None:
    for conflict in apps.get_model("imaging", "InstanceConflict").objects.select_related("instance"):
        conflict.first_digest = conflict.instance.blob_digest
        conflict.first_header_digest = conflict.instance.header_digest
        conflict.save(update_fields=["first_digest", "first_header_digest"])


class Migration(migrations.Migration):
    dependencies = [("imaging", "0005_instance_version")]
    operations = [
        migrations.AddField(
            "instanceconflict",
            "first_digest",
            models.CharField(
                max_length=64, default="", help_text="The file that was shown when the other version came."
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "instanceconflict", "first_header_digest", models.CharField(max_length=64, default=""), preserve_default=False
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
