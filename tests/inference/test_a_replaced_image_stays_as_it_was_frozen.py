"""An admin shows another version of an image after the freeze: the frozen dataset goes on reading the one it froze."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest

from annotations.dataset.rows import snapshot_rows
from annotations.models import ReadingProtocol
from annotations.services.revisions import finding_create
from annotations.services.sign_off import workitem_decide
from annotations.services.workitems import workitem_claim, workitem_open
from core import blobs
from core.digest import canonical_json
from core.errors import Conflict
from imaging.models import Instance, InstanceConflict, Series
from imaging.services.conflicts import conflict_decide
from imaging.services.series_index import series_index
from inference.jobs import frozen
from inference.jobs.samples import snapshot_samples
from tests.factories.dicom_files import ct_slice, file_bytes
from tests.factories.reading import image_label, make_label, submit
from tests.imaging.arriving import arrived, told
from tests.inference.test_frozen_is_frozen import store_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from annotations.models import DatasetSnapshot
    from core.models import Project, User
    from inference.engine.sample import Image

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["drawn", "real"])
def slices(request: pytest.FixtureRequest) -> list[pydicom.Dataset]:
    """Three slices of a CT series."""
    if request.param == "drawn":
        return [pydicom.dcmread(pydicom.filebase.DicomBytesIO(file_bytes(ct_slice("held", n)))) for n in (1, 2, 3)]
    folder: Path = request.getfixturevalue("real_images")
    return [pydicom.dcmread(path) for path in sorted((folder / "dicom" / "ct-head-tilted").glob("*.dcm"))[:3]]


@pytest.fixture
def snapshot(slices: list[pydicom.Dataset], project: Project, radiologist: User, reviewer: User) -> DatasetSnapshot:
    """A dataset of these slices, read and signed off as showing no nodule."""
    for one in slices:
        [verdict] = arrived(file_bytes(one), project, radiologist)
        assert verdict.instance is not None, verdict.message
    make_label(project)
    ReadingProtocol.objects.create(project=project, required_labels=[])
    series_index(series=Series.objects.get())
    workitem = workitem_open(project=project, study=Series.objects.get().study)
    workitem = workitem_claim(workitem=workitem, by=radiologist, version=workitem.version)
    finding_create(workitem=workitem, author=radiologist, content=image_label(present=False))
    workitem = submit(workitem, radiologist)
    workitem_decide(workitem=workitem, by=reviewer, version=workitem.version, event="accept")
    return _frozen(project)


def _frozen(project: Project) -> DatasetSnapshot:
    return store_manifest(
        project, snapshot_rows(project=project, question="segmentation", label_keys=["nodule"]).rows, labels=["nodule"]
    )


def _forgets_files(snapshot: DatasetSnapshot) -> None:
    """Let the manifest be as it was written before it named files."""
    rows = [json.loads(line) for line in blobs.get(snapshot.manifest_digest).splitlines()]
    rows = [{key: row[key] for key in row if key not in ("file_digest", "modality")} for row in rows]
    snapshot.manifest_digest = blobs.put(b"".join(canonical_json(row) + b"\n" for row in rows))


def _replaced(one: pydicom.Dataset, project: Project, user: User, admin: User, **values: Any) -> str:
    for keyword, value in values.items():
        setattr(one, keyword, value)
    [(outcome, code)] = told(arrived(file_bytes(one), project, user))
    assert outcome == "conflict"
    conflict_decide(conflict=InstanceConflict.objects.latest("created_at"), verdict="supersede", reason="x", by=admin)
    series_index(series=Series.objects.get())
    return code


def _another_worker() -> None:
    frozen._whole.cache_clear()
    frozen.frozen_volume.cache_clear()


def _images(snapshot: DatasetSnapshot) -> list[Image]:
    _another_worker()
    split = json.loads(blobs.get(snapshot.manifest_digest).splitlines()[0])["split"]
    return [
        sample.load() for n in (2, 3) for sample in snapshot_samples(snapshot, split, labels=["nodule"], dimensions=n)
    ]


def _same(before: list[Image], after: list[Image]) -> bool:
    return all(
        np.array_equal(a.pixels_kji, b.pixels_kji)
        and (a.spacing_mm_kji, a.aspect_ji, a.modality, a.even_slices)
        == (b.spacing_mm_kji, b.aspect_ji, b.modality, b.even_slices)
        for a, b in zip(before, after, strict=True)
    )


@pytest.mark.parametrize("names_files", [True, False], ids=["its file is named", "frozen before files were named"])
def test_another_header_on_the_same_pixels_changes_no_value_of_what_was_frozen(
    names_files: bool, slices: list[pydicom.Dataset], snapshot: DatasetSnapshot, project: Project, radiologist: User,
    admin: User,
) -> None:  # fmt: skip
    if not names_files:
        _forgets_files(snapshot)
    before = _images(snapshot)
    spacing = [2 * float(value) for value in slices[0].PixelSpacing]
    changes = ({"RescaleSlope": 3}, {"PixelSpacing": spacing}, {"RescaleSlope": 5, "RescaleIntercept": 7})
    for one, change in zip(slices, changes, strict=True):
        assert _replaced(one, project, radiologist, admin, **change) == "same_pixels_other_header"
    again = slices[2]
    assert _replaced(again, project, radiologist, admin, RescaleSlope=9) == "same_pixels_other_header"
    assert _same(before, _images(snapshot))
    assert not _same(before, _images(_frozen(project))), "a dataset that is frozen now has the new values"


def test_other_pixels_change_nothing_of_what_was_frozen(
    slices: list[pydicom.Dataset], snapshot: DatasetSnapshot, project: Project, radiologist: User, admin: User
) -> None:
    before = _images(snapshot)
    painted = bytes(len(slices[0].PixelData))
    assert _replaced(slices[0], project, radiologist, admin, PixelData=painted) == "duplicate_uid_other_content"
    assert _same(before, _images(snapshot))


def test_a_dataset_whose_frozen_file_is_gone_is_refused_with_words(
    slices: list[pydicom.Dataset], snapshot: DatasetSnapshot, project: Project, radiologist: User, admin: User
) -> None:
    first = Instance.objects.order_by("instance_number").values_list("blob_digest", flat=True)[0]
    _replaced(slices[0], project, radiologist, admin, RescaleSlope=3)
    blobs.local_path(first).unlink()
    with pytest.raises(Conflict, match="no longer stored as it was") as refused:
        _images(snapshot)
    assert refused.value.code == "snapshot_image_changed"
    assert len(_images(_frozen(project))) == 4, "a dataset of what is shown now is whole"
