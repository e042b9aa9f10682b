"""Second readings. Of cases that were signed off before: everybody could have seen what was said of them."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from core.append_only import append_only

_BATCH = 500
_SIGNED = ("accepted", "corrected")


def _of_old(apps, _editor):
    """Note of each case that was ever signed off that what was said of it lay open to whoever had an account."""
    Workitem = apps.get_model("annotations", "Workitem")
    Step = apps.get_model("annotations", "Step")
    Glimpse = apps.get_model("annotations", "Glimpse")
    once = Step.objects.filter(workitem=models.OuterRef("pk"), kind__in=_SIGNED)
    cases = Workitem.objects.filter(models.Q(state__in=_SIGNED) | models.Exists(once))
    rows = [Glimpse(workitem_id=pk, what="before") for pk in cases.values_list("pk", flat=True)]
    Glimpse.objects.bulk_create(rows, batch_size=_BATCH)


class Migration(migrations.Migration):

    dependencies = [
        ('annotations', '0017_what_models_looked_for'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='step',
            name='kind',
            field=models.CharField(choices=[('claimed', 'Claimed'), ('released', 'Released'), ('assigned', 'Assigned'), ('submitted', 'Submitted'), ('withdrawn', 'Withdrawn'), ('accepted', 'signed off as it is'), ('corrected', 'signed off with corrections'), ('rejected', 'sent back to its reader'), ('reopened', 'Reopened'), ('read_again', 'given to another reader, who reads it blind'), ('reviewed', 'one finding was judged'), ('revised', 'one finding was drawn or changed after the reading was handed in'), ('proposed', 'a model spoke after the reading was handed in'), ('images_arrived', 'Images Arrived'), ('calibrated', 'an image was calibrated after the reading was handed in')], max_length=16),
        ),
        migrations.CreateModel(
            name='Glimpse',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('what', models.CharField(choices=[('model', 'something of a model'), ('reading', 'what other people said'), ('before', 'whoever had an account by then could see both, before such things were kept')], max_length=8)),
                ('person', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workitem', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='glimpses', to='annotations.workitem')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('workitem', 'person', 'what'), name='glimpse_once'), models.CheckConstraint(condition=models.Q(models.Q(('person__isnull', True), ('what', 'before')), models.Q(models.Q(('what', 'before'), _negated=True), ('person__isnull', False)), _connector='OR'), name='glimpse_is_somebodys')],
            },
        ),
        migrations.RunPython(_of_old, migrations.RunPython.noop),
        append_only("annotations_glimpse", deletable=True),
    ]
