"""What a series and its study look like once instances arrived: counts, modalities, geometry. May run any time."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from core import events
from core.event_kinds import EventKind
from imaging.dicom.frame_facts import FrameFacts, frame_facts
from imaging.dicom.geometry import series_geometry
from imaging.models import Instance, Series, Study
from imaging.selectors import displayable_instances, instance_header
from imaging.services.index_rows import study_summarise


def series_index(*, series: Series) -> Series:
    """Bring the counts and geometry of a series, and the counts of its study, up to date. Idempotent."""
    known = series.instances.count()
    facts: list[FrameFacts] = [
        fact for instance in displayable_instances(series) for fact in frame_facts(instance_header(instance))
    ]
    geometry = series_geometry(facts).as_json() if facts else {}
    with transaction.atomic():
        # no_key: senders insert rows that point here meanwhile; nobody waits for the other in a ring.
        study = Study.objects.select_for_update(no_key=True).get(pk=series.study_id)
        series = Series.objects.select_for_update(no_key=True).get(pk=series.pk)
        series.number_of_series_related_instances = series.instances.count()
        series.geometry = geometry
        series.frame_of_reference_uid = str(geometry.get("frame_of_reference_uid") or series.frame_of_reference_uid)
        # An instance that arrived in between leaves the series unindexed: the story's sweep asks again.
        series.indexed_at = timezone.now() if series.number_of_series_related_instances == known else None
        series.save()
        study.number_of_study_related_instances = Instance.objects.filter(series__study=study).count()
        study.save(update_fields=["number_of_study_related_instances"])
        study_summarise(study)
        for project in study.projects.all():
            events.publish(EventKind.STUDY_CHANGED, study.pk, project=project)
    return series
