"""Series that may hold localizers are looked at again: what is said of their space is said without them."""

from django.apps.registry import Apps
from django.db import migrations


def ask_again(apps: Apps, _editor: object) -> None:
    series = apps.get_model("imaging", "Series")
    for one in series.objects.filter(modality="CT", indexed_at__isnull=False).iterator():
        mixed = {"several_orientations", "several_image_sizes"} & set(one.geometry.get("warnings", ()))
        if mixed or one.geometry.get("frames", 0) <= 3:
            series.objects.filter(pk=one.pk).update(indexed_at=None)


class Migration(migrations.Migration):
    dependencies = [("imaging", "0006_versions_of_first_arrival")]
    operations = [migrations.RunPython(ask_again, migrations.RunPython.noop)]
