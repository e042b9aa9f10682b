from django.db import migrations


class Migration(migrations.Migration):
    """What a dataset asks of its pictures is a question; recipes that learn its answers may be several."""

    dependencies = [("annotations", "0018_second_readings")]

    operations = [
        migrations.RenameField("datasetsnapshot", "recipe", "question"),
        migrations.RenameField("snapshotrequest", "recipe", "question"),
    ]
