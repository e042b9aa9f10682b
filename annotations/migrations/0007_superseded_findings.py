"""A model's finding may be superseded by a newer answer."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("annotations", "0006_calibrations"),
    ]

    operations = [
        migrations.AddField(
            model_name='finding',
            name='superseded_at',
            field=models.DateTimeField(blank=True, help_text="When a newer answer took the place of this model's finding; undecided, it needs no decision.", null=True),
        ),
        migrations.AlterField(
            model_name='finding',
            name='proposal_key',
            field=models.CharField(blank=True, help_text='Opaque: the same proposal has the same key, so proposing twice is once.', max_length=64),
        ),
    ]
