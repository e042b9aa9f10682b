"""Long work of this room."""

from __future__ import annotations

from core.errors import NotFound
from core.jobs import JobContext, job
from imaging.models import Series
from imaging.services.looks import series_look
from imaging.services.series_index import series_index


@job(kind="series_index", attempts=5)
def run_series_index(context: JobContext, *, series_id: str) -> None:
    """Index one series, and find out what its pictures look like."""
    series = Series.objects.filter(pk=series_id).first()
    if series is None:
        raise NotFound("series_not_found", "The series was removed before it was indexed.")
    series_look(series_index(series=series))
