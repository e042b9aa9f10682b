"""What a series and its study say of themselves after their instances arrived."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from core.jobs import job_request, run_waiting_jobs
from imaging.models import Series, Study
from imaging.selectors import series_volume
from imaging.services.series_index import series_index
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.models import Project, User

pytestmark = pytest.mark.django_db


def test_a_series_knows_its_count_and_its_space(project: Project, radiologist: User) -> None:
    for content in reversed(made.ct_series(slices=4)):
        arrived(content, project, radiologist)
    series = series_index(series=Series.objects.get())
    assert series.number_of_series_related_instances == 4
    assert series.indexed_at is not None
    assert series.geometry["kind"] == "volume"
    assert series.geometry["length_unit"] == "mm"
    assert series.geometry["slice_spacing_mm"] == pytest.approx(2.0)
    assert series.geometry["pixel_spacing_mm"] == [0.5, 0.5]
    volume = series_volume(series)
    assert volume.pixels_kji.shape == (4, 16, 16)
    assert volume.pixels_kji[1, 2, 2] == pytest.approx(900 - 1024)
    assert volume.affine_lps is not None
    assert [uid for uid, _ in volume.frames] == [made.ct_slice(number=number).SOPInstanceUID for number in range(1, 5)]


def test_a_study_counts_all_its_series(project: Project, radiologist: User) -> None:
    arrived(made.ct_series(slices=1)[0], project, radiologist)
    note = made.report("ct")
    note.SeriesInstanceUID = made.file_uid("ct", "notes")
    note.SOPInstanceUID = note.file_meta.MediaStorageSOPInstanceUID = made.file_uid("ct", "note")
    arrived(made.file_bytes(note), project, radiologist)
    for series in Series.objects.all():
        series_index(series=series)
        series_index(series=series)
    study = Study.objects.get()
    assert (study.number_of_study_related_series, study.number_of_study_related_instances) == (2, 2)
    assert (study.modalities_in_study, study.body_parts_examined) == ("CT\\SR", "CHEST")
    assert Series.objects.get(modality="SR").geometry == {}


def test_the_job_indexes_a_series_and_may_run_twice(project: Project, radiologist: User) -> None:
    arrived(made.file_bytes(made.us_cine()), project, radiologist)
    series = Series.objects.get()
    for _ in range(2):
        job = job_request(kind="series_index", arguments={"series_id": str(series.pk)}, project=project)
        run_waiting_jobs()
        job.refresh_from_db()
        assert job.state == "succeeded"
    series.refresh_from_db()
    assert (series.geometry["kind"], series.geometry["frames"]) == ("cine", 3)


def test_an_instance_that_arrives_later_leaves_its_series_to_be_indexed_again(
    project: Project, radiologist: User
) -> None:
    first, second = made.ct_series(slices=2)
    arrived(first, project, radiologist)
    assert series_index(series=Series.objects.get()).indexed_at is not None
    arrived(first, project, radiologist)
    assert Series.objects.get().indexed_at is not None, "the same file again changes nothing"
    arrived(second, project, radiologist)
    assert Series.objects.get().indexed_at is None
    assert series_index(series=Series.objects.get()).indexed_at is not None


@pytest.mark.django_db(transaction=True)
def test_indexing_while_instances_arrive_ends_with_the_right_count(project: Project, radiologist: User) -> None:
    files = made.ct_series(slices=6)
    arrived(files[0], project, radiologist)
    series, sent = Series.objects.get(), threading.Event()
    failures: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    def send() -> None:
        for content in files[1:]:
            arrived(content, project, radiologist)
        sent.set()

    def index() -> None:
        while not sent.is_set() and not failures:
            series_index(series=series)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (send, index, send)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    series.refresh_from_db()
    if series.indexed_at is None:
        series = series_index(series=series)
    assert series.number_of_series_related_instances == 6
    assert Study.objects.get().number_of_study_related_instances == 6
