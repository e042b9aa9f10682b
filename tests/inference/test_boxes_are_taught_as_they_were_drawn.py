"""What a detector learns of frozen cases: a box a thing, through the slices that it was drawn on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from annotations.models import DatasetSnapshot
from core import blobs
from core.digest import canonical_json, sha256_hex
from imaging.models import Series
from imaging.services.series_index import series_index
from inference.engine.boxes_learned import boxes_known
from inference.jobs.samples import snapshot_samples
from tests.factories.reading import box, image_label, make_label
from tests.factories.scenes import Scene, rows_of
from tests.inference.test_volumes_are_judged_in_millilitres import SPACING, stored

if TYPE_CHECKING:
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db


def _drawn(left: float, top: float, right: float, bottom: float) -> dict[str, Any]:
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return {
        "label_key": "square", "revision_digest": "r", "kind": "rectangle", "provenance": "blind_read",
        "geometry": None, "points_px": corners, "mask": None,
    }  # fmt: skip


def _frozen(project: Project, rows: list[dict[str, Any]]) -> DatasetSnapshot:
    for series in Series.objects.all():
        series_index(series=series)
    manifest = blobs.put(b"".join(canonical_json(row) + b"\n" for row in rows))
    return DatasetSnapshot.objects.create(
        project=project, name="boxes", digest=sha256_hex(manifest.encode()), manifest_digest=manifest,
        question="places", label_keys=["square"], counts={},
    )  # fmt: skip


def test_a_shape_on_one_slice_is_as_deep_as_wide_and_those_on_neighbouring_slices_are_one_thing(
    project: Project, admin: User, tmp_path: Path
) -> None:
    rows = [
        {**row, "split": "train", "labels": {"square": 1}, "regions": []}
        for row in stored(1, project, admin, tmp_path, 0.0)
    ]
    # 16 pixels of 0.5 mm are 8 mm: two and two thirds of a slice of 3 mm.
    rows[1]["regions"] = [_drawn(1.5, 1.5, 17.5, 17.5)]
    rows[3]["regions"] = [_drawn(2.5, 2.5, 8.5, 8.5), _drawn(8.5, 2.5, 14.5, 8.5)]
    rows[4]["regions"] = [_drawn(2.5, 3.5, 7.5, 8.5)]
    (sample,) = snapshot_samples(_frozen(project, rows), "train", labels=["square"], dimensions=3)
    found = boxes_known(sample, "square")
    assert found is not None
    assert sample.load().spacing_mm_kji == pytest.approx(SPACING)
    wanted = [
        [1 - 4 / 3, 1.5, 1.5, 1 + 4 / 3, 17.5, 17.5],
        [2.5, 2.5, 2.5, 4.5, 8.5, 8.5],
        [2.5, 2.5, 8.5, 3.5, 8.5, 14.5],
    ]
    assert np.array(sorted(found.tolist())) == pytest.approx(np.array(sorted(wanted)))


def test_in_flat_cases_only_slices_with_a_shape_and_cases_said_to_be_empty_teach(
    project: Project, admin: User, tmp_path: Path
) -> None:
    marked = [
        {**row, "split": "train", "labels": {"square": 1}, "regions": []}
        for row in stored(1, project, admin, tmp_path, 0.0)
    ]
    marked[2]["regions"] = [_drawn(2.5, 2.5, 8.5, 8.5)]
    empty = [
        {**row, "split": "train", "labels": {"square": 0}, "regions": []}
        for row in stored(2, project, admin, tmp_path, 0.0)
    ]
    samples = snapshot_samples(_frozen(project, marked + empty), "train", labels=["square"], dimensions=2)
    taught = {sample.sample_id: boxes_known(sample, "square") for sample in samples}
    shown = f"{marked[2]['sop_instance_uid']}/1"
    assert set(taught) == {shown, *(f"{row['sop_instance_uid']}/1" for row in empty)}
    assert [None if one is None else one.tolist() for name, one in taught.items() if name == shown] == [
        [[-0.5, 2.5, 2.5, 0.5, 8.5, 8.5]]
    ]
    assert all(one is not None and not len(one) for name, one in taught.items() if name != shown)


def test_who_asks_for_places_gets_pictures_and_series_and_a_drawing_on_one_slice_denies_no_other(
    project: Project, radiologist: User, reviewer: User
) -> None:
    make_label(project)
    flat = Scene.begun(project, radiologist, reviewer)
    flat.reads(box(flat.workitem))
    denied = Scene.begun(project, radiologist, reviewer)
    denied.reads(image_label(present=False))
    for scene in (flat, denied):
        scene.submits().signs()
    rows = {row["study_instance_uid"]: row for row in rows_of(project, "places")}
    of_flat, of_denied = (rows[scene.workitem.study.study_instance_uid] for scene in (flat, denied))
    assert (of_flat["labels"]["nodule"], len(of_flat["regions"])) == (1, 1)
    assert (of_denied["labels"]["nodule"], of_denied["regions"]) == (0, [])
