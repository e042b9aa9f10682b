"""What a frozen dataset says becomes exactly what the network is taught."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from annotations.models import DatasetSnapshot
from core import blobs
from core.digest import canonical_json
from inference.jobs.samples import frame_mask, snapshot_samples
from tests.inference.planted_archive import (
    COLUMNS,
    ROWS,
    SQUARE,
    freeze,
    make_square_label,
    plant,
    plant_many,
    planted_pixels,
)

if TYPE_CHECKING:
    from core.models import Project

pytestmark = pytest.mark.django_db


def test_a_sample_has_the_pixels_the_square_and_the_groups_of_its_case(project: Project) -> None:
    make_square_label(project)
    planted = plant(project, 4, bright=True)
    assert planted.square is not None
    snapshot = freeze(project, {"train": [planted], "validation": [plant(project, 5, bright=False)]})
    (sample,) = snapshot_samples(snapshot, "train", labels=["square", "other"], dimensions=2)
    image = sample.load()
    pixels, _ = planted_pixels(4, bright=True)
    assert image.shape_kji == (1, ROWS, COLUMNS)
    assert np.array_equal(image.pixels_kji[0], pixels.astype(np.float32))
    assert (dict(sample.present), sample.groups["view"]) == ({"square": 1.0, "other": None}, "PA")
    load = sample.regions["square"]
    assert load is not None
    mask = load()[0]
    row, column = planted.square
    assert mask.shape == (ROWS, COLUMNS)
    assert mask[row : row + SQUARE - 1, column : column + SQUARE - 1].all()
    assert mask.sum() <= SQUARE * SQUARE
    (empty,) = snapshot_samples(snapshot, "validation", labels=["square"], dimensions=2)
    assert (empty.present["square"], dict(empty.regions)) == (0.0, {})


def test_patients_of_one_split_never_appear_in_another(project: Project) -> None:
    snapshot = freeze(project, plant_many(project, train=4, validation=3, test=2))
    keys = [
        {sample.patient_key for sample in snapshot_samples(snapshot, split, labels=["square"], dimensions=2)}
        for split in ("train", "validation", "test")
    ]
    assert [len(one) for one in keys] == [4, 3, 2]
    assert len(keys[0] | keys[1] | keys[2]) == 9


def test_frames_of_a_series_become_one_volume_where_three_dimensions_are_asked_for(project: Project) -> None:
    snapshot = freeze(project, {"train": [plant(project, 4, bright=True)]}, question="segmentation")
    (sample,) = snapshot_samples(snapshot, "train", labels=["square"], dimensions=3)
    load = sample.regions["square"]
    assert load is not None
    assert sample.load().shape_kji == load().shape == (1, ROWS, COLUMNS)


@pytest.mark.parametrize(
    ("region", "inside", "outside"),
    [
        ({"kind": "point", "points_px": [[10, 20]]}, (20, 10), (25, 10)),
        ({"kind": "ellipse", "points_px": [[10, 5], [10, 15], [5, 10], [15, 10]]}, (10, 10), (5, 5)),
        ({"kind": "polygon", "points_px": [[2, 2], [12, 2], [12, 12]]}, (4, 9), (9, 4)),
        ({"kind": "mask", "points_px": None, "mask": {"runs": [0, 3]}}, (0, 2), (0, 3)),
    ],
)
def test_every_kind_of_region_covers_what_was_drawn(
    region: dict[str, Any], inside: tuple[int, int], outside: tuple[int, int]
) -> None:
    mask = frame_mask([{"mask": None, **region}], (ROWS, COLUMNS))
    assert mask[inside]
    assert not mask[outside]


def refrozen(snapshot: DatasetSnapshot, **changes: Any) -> DatasetSnapshot:
    """Return the dataset with other facts in its one row."""
    (row,) = [json.loads(line) for line in blobs.get(snapshot.manifest_digest).splitlines()]
    manifest = blobs.put(canonical_json({**row, **changes}) + b"\n")
    return DatasetSnapshot.objects.create(
        project=snapshot.project, name="again", digest=manifest, manifest_digest=manifest, question=snapshot.question,
        label_keys=snapshot.label_keys, counts=snapshot.counts,
    )  # fmt: skip


def rectangle(left: int, top: int, right: int, bottom: int, **more: Any) -> dict[str, Any]:
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return {"label_key": "square", "kind": "rectangle", "points_px": corners, "mask": None, **more}


@pytest.mark.parametrize("dimensions", [2, 3])
def test_each_label_has_its_own_weight_and_draws_and_rejected_places_of_its_own(
    dimensions: int, project: Project
) -> None:
    frozen = freeze(project, {"train": [plant(project, 4, bright=True)]}, question="segmentation")
    frozen = refrozen(
        frozen,
        labels={"square": 1, "other": 0},
        label_provenance={"square": "consensus", "other": "human_added"},
        label_weights={"square": 1.5, "other": 1.0},
        label_sampling={"square": 1, "other": 3},
        sampling=3,
        rejected_regions=[
            rectangle(2, 3, 6, 8, sampling=2, weight=1.0),
            {**rectangle(2, 3, 6, 8, sampling=2, weight=0.7), "label_key": "third"},
        ],
    )
    (sample,) = snapshot_samples(frozen, "train", labels=["square", "other"], dimensions=dimensions)
    assert dict(sample.weights) == {"square": 1.5, "other": 1.0, "third": 0.7}
    assert dict(sample.draws) == {"square": 1.0, "other": 3.0}
    assert sample.rejected_draws == 2.0
    assert set(sample.rejected) == {"square"}
    mask = sample.rejected["square"]()
    assert mask.shape == (1, ROWS, COLUMNS)
    assert mask[0, 3:8, 2:6].all()
    rows, columns = np.nonzero(mask[0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 7, 2, 5), "pixels whose centre lies inside"


def test_a_dataset_of_before_says_its_draws_once_for_the_label_that_asked_for_them(project: Project) -> None:
    frozen = refrozen(
        freeze(project, {"train": [plant(project, 4, bright=True)]}),
        labels={"square": 1, "other": 0},
        provenance="human_added",
        label_provenance={"square": "human_added", "other": "blind_read"},
        label_weights={"square": 1.0, "other": 1.0},
        sampling=3,
    )
    (sample,) = snapshot_samples(frozen, "train", labels=["square", "other"], dimensions=2)
    assert dict(sample.draws) == {"square": 3.0, "other": 1.0}
    assert (dict(sample.rejected), sample.rejected_draws) == ({}, 1.0)
