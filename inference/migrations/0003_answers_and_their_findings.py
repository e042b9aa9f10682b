"""Predictions point at the findings they proposed, and know whether they are the present answer."""

from __future__ import annotations


import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("annotations", "0007_superseded_findings"),
        ('core', '0004_what_follows_a_job'),
        ('imaging', '0004_one_home_of_names'),
        ("inference", "0002_recipes_by_their_cards"),
    ]

    operations = [
        migrations.CreateModel(
            name='ProposedFinding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label_key', models.CharField(max_length=64)),
                ('probability', models.FloatField(help_text='Calibrated, 0..1.', null=True)),
                ('threshold', models.FloatField(help_text='Of the version, for this label.', null=True)),
            ],
        ),
        migrations.AddField(
            model_name='prediction',
            name='case_score',
            field=models.FloatField(blank=True, help_text='Highest calibrated probability, 0..1.', null=True),
        ),
        migrations.AddField(
            model_name='prediction',
            name='index_seen_at',
            field=models.DateTimeField(blank=True, help_text="The series' indexed_at for which this was the present input.", null=True),
        ),
        migrations.AddField(
            model_name='prediction',
            name='kept_proposals_digest',
            field=models.CharField(blank=True, help_text='Blob of proposals that came when the study took none; recorded later.', max_length=64),
        ),
        migrations.AddField(
            model_name='prediction',
            name='superseded_at',
            field=models.DateTimeField(blank=True, help_text='When the same version was asked about a newer input of the series.', null=True),
        ),
        migrations.AlterField(
            model_name='prediction',
            name='state',
            field=models.CharField(choices=[('requested', 'Requested'), ('finished', 'Finished'), ('failed', 'Failed'), ('outside', 'Outside')], default='requested', max_length=12),
        ),
        migrations.AddIndex(
            model_name='prediction',
            index=models.Index(condition=models.Q(('kept_proposals_digest', ''), _negated=True), fields=['workitem'], name='prediction_keeps_proposals'),
        ),
        migrations.AddField(
            model_name='proposedfinding',
            name='finding',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotations.finding'),
        ),
        migrations.AddField(
            model_name='proposedfinding',
            name='prediction',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proposed', to='inference.prediction'),
        ),
        migrations.AddConstraint(
            model_name='proposedfinding',
            constraint=models.UniqueConstraint(fields=('prediction', 'finding'), name='proposed_finding_once'),
        ),
    ]
