"""A frozen case is the frames of its manifest, on every worker; one that says nothing of the labels is left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from annotations.models import DatasetSnapshot
from core import blobs
from core.digest import canonical_json, sha256_hex
from core.errors import Conflict
from imaging.models import Instance, Series
from imaging.services.series_index import series_index
from inference.jobs import frozen
from inference.jobs.samples import samples_left_out, snapshot_samples
from inference.models import ModelVersion, TrainingRun
from inference.services.training import training_request
from tests.factories.dicom_files import ct_slice, file_bytes, number_instance, us_cine
from tests.imaging.arriving import arrived
from tests.inference.planted_archive import freeze, make_family, plant, plant_many

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.models import Project, User

pytestmark = pytest.mark.django_db


def _arrive(project: Project, user: User, numbers: Iterable[int]) -> None:
    for number in numbers:
        arrived(file_bytes(ct_slice("frozen", number)), project, user)
    series_index(series=Series.objects.get())


def _row(instance: Instance, frame: int, labels: dict[str, int | None], painted: list[int] | None = None) -> Any:
    mask = {"rows": 16, "columns": 16, "runs": painted}
    region = {"label_key": "a", "kind": "mask", "points_px": None, "mask": mask, "geometry": None}
    return {
        "patient_key": "p", "study_instance_uid": "1.2", "split": "train", "groups": {},
        "series_instance_uid": instance.series.series_instance_uid, "sop_instance_uid": instance.sop_instance_uid,
        "frame_number": frame, "rows": instance.rows, "columns": instance.columns, "labels": labels,
        "provenance": "blind_read", "weight": 1.0, "sampling": 1, "regions": [region] if painted else [],
        "rejected_regions": [], "label_provenance": dict.fromkeys(labels, "blind_read"),
        "label_weights": dict.fromkeys(labels, 1.0), "pixel_digest": instance.pixel_digest,
    }  # fmt: skip


def store_manifest(
    project: Project, rows: list[Any], question: str = "segmentation", labels: list[str] | None = None
) -> DatasetSnapshot:
    """Store these rows as a frozen dataset."""
    manifest = blobs.put(b"".join(canonical_json(row) + b"\n" for row in rows))
    return DatasetSnapshot.objects.create(
        project=project, name="n", digest=sha256_hex(manifest.encode()), manifest_digest=manifest, question=question,
        label_keys=labels or ["a"], counts={},
    )  # fmt: skip


def _ct(project: Project) -> DatasetSnapshot:
    images = Instance.objects.select_related("series").order_by("instance_number")
    return store_manifest(
        project, [_row(one, 1, {"a": int(n == 0)}, [0, 5] if n == 0 else None) for n, one in enumerate(images)]
    )


@pytest.mark.parametrize("worker", ["the same worker", "another worker"])
def test_slices_that_arrive_later_are_no_part_of_a_frozen_volume(
    worker: str, project: Project, radiologist: User
) -> None:
    _arrive(project, radiologist, (1, 2, 3))
    snapshot = _ct(project)
    (before,) = snapshot_samples(snapshot, "train", labels=["a"], dimensions=3)
    pixels, frames = before.load().pixels_kji, before.frames()
    _arrive(project, radiologist, (4, 5))
    if worker == "another worker":
        frozen.frozen_volume.cache_clear()
    (after,) = snapshot_samples(snapshot, "train", labels=["a"], dimensions=3)
    assert after.load().shape_kji == (3, 16, 16)
    assert np.array_equal(after.load().pixels_kji, pixels)
    assert after.frames() == frames
    mask = after.regions["a"]
    assert mask is not None
    assert [int(one.sum()) for one in mask()] == [5, 0, 0]
    # What was asked for before the arrival is as it was, too.
    assert np.array_equal(before.load().pixels_kji, pixels)


def test_a_frozen_volume_that_lacks_a_slice_is_refused_with_a_code(project: Project, radiologist: User) -> None:
    _arrive(project, radiologist, (1, 2, 3))
    snapshot = _ct(project)
    Instance.objects.filter(instance_number=2).delete()
    with pytest.raises(Conflict) as refused:
        snapshot_samples(snapshot, "train", labels=["a"], dimensions=3)
    assert refused.value.code == "snapshot_image_changed"


def test_of_a_clip_only_the_frozen_frames_are_loaded(project: Project, radiologist: User) -> None:
    arrived(file_bytes(us_cine("clip", frames=4)), project, radiologist)
    clip = Instance.objects.select_related("series").get()
    snapshot = store_manifest(project, [_row(clip, frame, {"a": 0}) for frame in (1, 3)])
    (sample,) = snapshot_samples(snapshot, "train", labels=["a"], dimensions=3)
    assert sample.frames() == [(clip.sop_instance_uid, 1), (clip.sop_instance_uid, 3)]
    image = sample.load()
    assert image.shape_kji[0] == 2
    assert not image.even_slices


def test_a_manifest_that_names_a_frame_its_file_lacks_is_refused_with_a_code(
    project: Project, radiologist: User
) -> None:
    _arrive(project, radiologist, (1,))
    snapshot = store_manifest(project, [_row(Instance.objects.select_related("series").get(), 7, {"a": 0})])
    (sample,) = snapshot_samples(snapshot, "train", labels=["a"], dimensions=3)
    with pytest.raises(Conflict) as refused:
        sample.load()
    assert refused.value.code == "snapshot_image_changed"


@pytest.mark.parametrize("question", ["classification", "segmentation"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_case_that_says_nothing_of_the_labels_is_left_out_and_counted(
    dimensions: int, question: str, project: Project, radiologist: User
) -> None:
    for name in ("one", "two", "three"):
        dataset = ct_slice(name)
        number_instance(dataset, 1, name)
        arrived(file_bytes(dataset), project, radiologist)
    first, second, third = Instance.objects.select_related("series").order_by("created_at")
    rows = [_row(first, 1, {"a": 0, "b": None}), _row(second, 1, {"a": None, "b": 0}), _row(third, 1, {"a": 1}, [0, 4])]
    snapshot = store_manifest(project, rows, question)

    def read(labels: list[str]) -> int:
        return len(snapshot_samples(snapshot, "train", labels=labels, dimensions=dimensions))

    def left_out(labels: list[str]) -> int:
        return samples_left_out(snapshot, "train", labels=labels, dimensions=dimensions)

    assert (read(["a"]), left_out(["a"])) == (2, 1)
    assert (read(["b"]), left_out(["b"])) == (1, 2)
    assert (read(["a", "b"]), left_out(["a", "b"])) == (3, 0)


def test_a_training_leaves_out_series_that_were_painted_for_other_labels_and_says_how_many(
    project: Project, admin: User, run_jobs: Callable[[], int]
) -> None:
    family = make_family(project, admin, "segmentation")
    planted = plant_many(project, train=4, validation=2, test=2, all_bright=True)
    planted["train"].append(plant(project, 50, bright=True))
    snapshot = freeze(project, planted, question="segmentation")
    rows = [json.loads(line) for line in blobs.get(snapshot.manifest_digest).splitlines()]
    for row in rows:
        if row["sop_instance_uid"] == planted["train"][-1].instance.sop_instance_uid:
            row["labels"], row["regions"] = {"square": None, "other": 1}, []
    snapshot.manifest_digest = blobs.put(b"".join(canonical_json(row) + b"\n" for row in rows))
    snapshot.save(update_fields=["manifest_digest"])
    chosen = {"image_shape": [32, 48], "epochs": 1, "batch_size": 4, "seed": 1}
    training_request(family=family, snapshot=snapshot, chosen=chosen, reason="", requested_by=admin)
    run_jobs()
    run = TrainingRun.objects.get()
    assert ModelVersion.objects.filter(training_run=run).exists(), run.job and run.job.error_code
    assert run.environment["says_nothing_of_the_labels"] == {"train": 1, "validation": 0}
