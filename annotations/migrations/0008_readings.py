"""One row for each reader's reading of a case, and one for each step of its life."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

from core.append_only import append_only


def _lifted(table):
    """The guards of what is written once are taken off for the change of shape, and put back when it is done."""
    guarded = append_only(table, deletable=True)
    return migrations.RunPython(guarded.reverse_code, guarded.code)


class Migration(migrations.Migration):

    dependencies = [
        ('annotations', '0007_superseded_findings'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        _lifted('annotations_revision'),
        _lifted('annotations_review'),
        migrations.CreateModel(
            name='Reading',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('state', models.CharField(choices=[('claimed', 'being read'), ('submitted', 'handed in'), ('returned', 'sent back by the reviewer'), ('abandoned', 'given up before it counted')], default='claimed', max_length=12)),
                ('version', models.PositiveIntegerField(default=1)),
                ('reveal', models.CharField(choices=[('after_own_answer', 'model findings appear when the reader has submitted'), ('always', 'model findings are shown from the start'), ('never', 'readers never see model findings; reviewers do')], help_text="The protocol's rule when the case was claimed; it holds for this reading, whatever is set later.", max_length=20)),
                ('blind', models.BooleanField(default=True, help_text='Before the answer nothing could have shown the reader what a model said of the case.')),
                ('claimed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('submitted_at', models.DateTimeField(blank=True, null=True)),
                ('abandoned_at', models.DateTimeField(blank=True, null=True)),
                ('ending', models.CharField(blank=True, choices=[('released', 'given back'), ('reassigned', 'given to somebody else'), ('reader_left', "the reader's account was switched off, or they left the project or their role")], help_text='Why it was abandoned.', max_length=16)),
                ('seconds', models.PositiveIntegerField(default=0, help_text='Active seconds of reading.')),
                ('images_digest', models.CharField(blank=True, help_text='Blob: the SOP Instance UIDs that were there when it was handed in.', max_length=64)),
            ],
            options={
                'ordering': ['claimed_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('version', models.PositiveIntegerField(help_text='Of the work item after it.')),
                ('kind', models.CharField(choices=[('claimed', 'Claimed'), ('released', 'Released'), ('assigned', 'Assigned'), ('submitted', 'Submitted'), ('withdrawn', 'Withdrawn'), ('accepted', 'signed off as it is'), ('corrected', 'signed off with corrections'), ('rejected', 'sent back to its reader'), ('reopened', 'Reopened'), ('reviewed', 'one finding was judged'), ('revised', 'one finding was drawn or changed after the reading was handed in'), ('proposed', 'a model spoke after the reading was handed in'), ('images_arrived', 'Images Arrived')], max_length=16)),
                ('remark', models.TextField(blank=True, help_text='The reason or the words that came with it.')),
                ('content_digest', models.CharField(blank=True, help_text='Of a sign-off: heads, standing decisions and images that were signed.', max_length=64)),
            ],
            options={
                'ordering': ['version'],
            },
        ),
        migrations.AddField(
            model_name='label',
            name='successor',
            field=models.ForeignKey(blank=True, help_text='Used instead of it now.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='annotations.label'),
        ),
        migrations.AddField(
            model_name='label',
            name='version',
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddField(
            model_name='readingprotocol',
            name='required_labels',
            field=models.JSONField(blank=True, help_text='Keys of labels a reader must answer; null: all that are said of an image.', null=True),
        ),
        migrations.AddField(
            model_name='readingprotocol',
            name='show_abandoned',
            field=models.BooleanField(default=False, help_text='The next reader sees what an abandoned reading had said.'),
        ),
        migrations.AddField(
            model_name='readingprotocol',
            name='version',
            field=models.PositiveIntegerField(default=1, help_text="Of the project's title, description and protocol."),
        ),
        migrations.AddField(
            model_name='review',
            name='round',
            field=models.PositiveSmallIntegerField(default=1, help_text="The work item's when it was made; it counts in it."),
        ),
        migrations.AddField(
            model_name='workitem',
            name='images_digest',
            field=models.CharField(blank=True, help_text='Of the images when it was last looked at.', max_length=64),
        ),
        migrations.AddField(
            model_name='workitem',
            name='round',
            field=models.PositiveSmallIntegerField(default=1, help_text='Of the review; each reopening begins a new one.'),
        ),
        migrations.AlterField(
            model_name='workitem',
            name='version',
            field=models.PositiveIntegerField(default=1, help_text='Moves with each step; see Step.'),
        ),
        migrations.AddField(
            model_name='reading',
            name='reader',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reading',
            name='workitem',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='readings', to='annotations.workitem'),
        ),
        migrations.AddField(
            model_name='finding',
            name='reading',
            field=models.ForeignKey(blank=True, help_text="It was said in; null for a model's finding and for what a reviewer added.", null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='findings', to='annotations.reading'),
        ),
        migrations.AddField(
            model_name='step',
            name='by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='step',
            name='finding',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotations.finding'),
        ),
        migrations.AddField(
            model_name='step',
            name='reading',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotations.reading'),
        ),
        migrations.AddField(
            model_name='step',
            name='workitem',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='annotations.workitem'),
        ),
        migrations.AddIndex(
            model_name='reading',
            index=models.Index(fields=['reader', 'state'], name='annotations_reader__695f04_idx'),
        ),
        migrations.AddConstraint(
            model_name='reading',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'abandoned'), _negated=True), fields=('workitem', 'reader'), name='reading_live_once'),
        ),
        migrations.AddConstraint(
            model_name='reading',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('abandoned_at__isnull', False), ('state', 'abandoned')), models.Q(models.Q(('state', 'abandoned'), _negated=True), ('abandoned_at__isnull', True)), _connector='OR'), name='reading_abandoned_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='step',
            constraint=models.UniqueConstraint(fields=('workitem', 'version'), name='step_version_once'),
        ),
    ]
