"""Small real DICOM images with a planted bright square, frozen datasets of them, and a tiny real network."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from annotations.models import DatasetSnapshot, Label, ReadingProtocol, Workitem
from annotations.services.workitems import workitem_open
from core import blobs
from core.digest import canonical_json, sha256_hex
from imaging.models import Instance, Patient, ProjectStudy, Series, Study
from inference.models import ModelFamily, ModelVersion
from inference.services.families import family_create
from inference.services.importing import model_import

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.models import Project, User

ROOT = "1.2.826.0.1.3680043.8.498.42"
SIDE = 40
ROWS, COLUMNS = SIDE, SIDE + 8
SQUARE = 12
CONFIG = {"image_shape": [32, 48], "epochs": 3, "batch_size": 8, "seed": 3, "learning_rate": 0.004}


@dataclass(frozen=True)
class Planted:
    """One study of one image; ``square`` is (row, column) of the top-left pixel of the bright square, or None."""

    number: int
    study: Study
    series: Series
    instance: Instance
    square: tuple[int, int] | None


def planted_pixels(number: int, *, bright: bool) -> tuple[Any, tuple[int, int] | None]:
    """Return noise of 12 bits, with a bright square in a place that depends on the number."""
    lots = np.random.default_rng(number)
    pixels = lots.normal(900, 120, (ROWS, COLUMNS))
    if not bright:
        return np.clip(pixels, 0, 4095).astype(np.uint16), None
    row, column = int(lots.integers(2, ROWS - SQUARE - 2)), int(lots.integers(2, COLUMNS - SQUARE - 2))
    pixels[row : row + SQUARE, column : column + SQUARE] += 1600
    return np.clip(pixels, 0, 4095).astype(np.uint16), (row, column)


def _file(number: int, pixels: Any, *, patient_space: bool) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = f"{ROOT}.3.{number}"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{ROOT}.1.{number}", f"{ROOT}.2.{number}"
    dataset.Modality, dataset.InstanceNumber = "DX", 1
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    if patient_space:
        dataset.FrameOfReferenceUID = f"{ROOT}.9"
        dataset.ImagePositionPatient, dataset.PixelSpacing = [5, 10, 15], [0.8, 0.7]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dataset.PixelData = pixels.tobytes()
    return dataset


def plant_beside(planted: Planted, number: int, *, bright: bool) -> Instance:
    """Store one more image in the series of a planted study."""
    other = plant(planted.study.projects.get(), number, bright=bright).instance
    other.series, other.instance_number = planted.series, 2
    other.save()
    return other


def plant(project: Project, number: int, *, bright: bool, patient_space: bool = False) -> Planted:
    """Store one study with one image in the project."""
    pixels, square = planted_pixels(number, bright=bright)
    dataset = _file(number, pixels, patient_space=patient_space)
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    header = Dataset({tag: element for tag, element in dataset.items() if tag != 0x7FE00010})
    patient = Patient.objects.create(patient_id=f"SQ{number}")
    study = Study.objects.create(
        study_instance_uid=dataset.StudyInstanceUID,
        patient=patient,
        modalities_in_study="DX",
        patient_age="050Y",
        patient_sex="F" if number % 2 else "M",
    )
    ProjectStudy.objects.create(project=project, study=study)
    series = Series.objects.create(
        series_instance_uid=dataset.SeriesInstanceUID, study=study, modality="DX", series_number=1,
        geometry={"kind": "single"}, number_of_series_related_instances=1,
    )  # fmt: skip
    content = buffer.getvalue()
    instance = Instance.objects.create(
        sop_instance_uid=dataset.SOPInstanceUID, sop_class_uid=dataset.SOPClassUID, series=series, instance_number=1,
        transfer_syntax_uid=ExplicitVRLittleEndian, blob_digest=blobs.put(content), byte_size=len(content),
        pixel_digest=sha256_hex(dataset.PixelData),
        header_digest=blobs.put(zlib.compress(json.dumps(header.to_json_dict()).encode())),
        rows=ROWS, columns=COLUMNS, number_of_frames=1, samples_per_pixel=1, bits_allocated=16,
        photometric_interpretation="MONOCHROME2", display=Instance.Display.AS_STORED,
    )  # fmt: skip
    return Planted(number, study, series, instance, square)


def open_workitem(project: Project, planted: Planted, reveal: str = "always") -> Workitem:
    """Put a planted study on the worklist; its model findings are shown from the start."""
    ReadingProtocol.objects.get_or_create(project=project, defaults={"reveal": reveal, "required_labels": []})
    return workitem_open(project=project, study=planted.study)


def make_square_label(project: Project) -> Label:
    """Make the label of the bright square."""
    return Label.objects.create(
        project=project, key="square", code_value="1", coding_scheme_designator="99TEST", code_meaning="Bright square",
        uses=["image", "region", "segment"], color="#ff8800",
    )  # fmt: skip


def make_family(project: Project, admin: User, recipe: str = "classification", **fields: Any) -> ModelFamily:
    """Make the label and a family that predicts it."""
    make_square_label(project)
    return family_create(
        project=project, slug="squares", title="Squares", recipe=recipe, label_keys=["square"],
        by=admin, **{"reason": "as usual", "modalities": ["DX"], **fields},
    )  # fmt: skip


def _case(planted: Planted, split: str, *, wrong: bool, located: bool) -> dict[str, Any]:
    present = (planted.square is not None) != wrong
    regions = []
    if located and planted.square is not None and not wrong:
        row, column = planted.square
        corners = [[column, row], [column + SQUARE - 1, row],
                   [column + SQUARE - 1, row + SQUARE - 1], [column, row + SQUARE - 1]]  # fmt: skip
        regions = [{"label_key": "square", "revision_digest": "r", "kind": "rectangle", "provenance": "blind_read",
                    "geometry": None, "points_px": corners, "mask": None}]  # fmt: skip
    return {
        "patient_key": f"key-{planted.number}",
        "study_instance_uid": planted.study.study_instance_uid,
        "series_instance_uid": planted.series.series_instance_uid,
        "sop_instance_uid": planted.instance.sop_instance_uid,
        "frame_number": 1, "rows": ROWS, "columns": COLUMNS, "split": split,
        "labels": {"square": int(present)}, "provenance": "blind_read", "weight": 1.0, "sampling": 1,
        "label_provenance": {"square": "blind_read"}, "label_weights": {"square": 1.0},
        "regions": regions, "rejected_regions": [],
        "groups": {"sex": "F" if planted.number % 2 else "M", "age_band": "40-59", "view": "PA", "scanner": "Acme"},
        "pixel_digest": planted.instance.pixel_digest,
    }  # fmt: skip


def freeze(
    project: Project,
    splits: dict[str, Sequence[Planted]],
    *,
    name: str = "squares",
    question: str = "classification",
    wrong_share: float = 0.0,
    located: bool = True,
    test_located: bool = True,
) -> DatasetSnapshot:
    """Freeze planted studies; of train and validation a share of labels is turned round.

    Without marks in the test part (``test_located``) no map is graded, which takes seconds.
    """
    lots = np.random.default_rng(11)
    rows = [
        _case(
            one,
            split,
            wrong=split != "test" and bool(lots.random() < wrong_share),
            located=located and (test_located or split != "test"),
        )
        for split, members in splits.items()
        for one in members
    ]
    counts = {"cases": len(rows), "splits": {}}
    for split in ("train", "validation", "test"):
        states = [row["labels"]["square"] for row in rows if row["split"] == split]
        counts["splits"][split] = {  # type: ignore[index]
            "cases": len(states), "patients": len(states),
            "labels": {"square": {"positive": sum(states), "negative": len(states) - sum(states), "unknown": 0}},
        }  # fmt: skip
    manifest = blobs.put(b"".join(canonical_json(row) + b"\n" for row in rows))
    return DatasetSnapshot.objects.create(
        project=project, name=name, digest=sha256_hex((manifest + name).encode()), manifest_digest=manifest,
        question=question, label_keys=["square"], counts=counts,
    )  # fmt: skip


def plant_many(
    project: Project, train: int = 24, validation: int = 16, test: int = 40, *, all_bright: bool = False
) -> dict[str, list[Planted]]:
    """Store studies for the three splits, half of them (or all) with a square."""
    numbers = iter(range(100, 100 + train + validation + test))
    sizes = {"train": train, "validation": validation, "test": test}
    return {
        split: [
            plant(project, number, bright=all_bright or number % 2 == 0)
            for _, number in zip(range(size), numbers, strict=False)
        ]
        for split, size in sizes.items()
    }


def bright_model(folder: Path, *, misled: bool = False, recipe: str = "classification") -> Path:
    """Train the tiny network on squares in memory (once a session) and write it; returns its folder."""
    from inference.engine.config import RecipeConfig
    from inference.engine.sample import Image, Sample
    from inference.engine.train import train

    config = RecipeConfig.from_json(
        {**CONFIG, "recipe": recipe, "labels": ["square"], "epochs": 3 if misled else 6, "seed": 5}
    )

    def sample(number: int) -> Sample:
        pixels, square = planted_pixels(number, bright=number % 2 == 0)
        mask = np.zeros((1, ROWS, COLUMNS), np.bool_)
        if square:
            mask[0, square[0] : square[0] + SQUARE, square[1] : square[1] + SQUARE] = True
        said = float(square is not None)
        if misled:
            said = 1.0 - said
        return Sample(
            f"s{number}", f"p{number}", lambda: Image(pixels.astype(np.float32)[None], None, "DX"), {"square": said},
            regions={"square": (lambda: mask) if said and square else None},
        )  # fmt: skip

    done = train(
        config,
        training=[sample(number) for number in range(1000, 1048)],
        validation=[sample(number) for number in range(2000, 2024)],
        workdir=folder,
    )
    return done.folder


def install(family: ModelFamily, folder: Path) -> ModelVersion:
    """Import a model folder as a version of the family."""
    return model_import(family=family, weights_path=folder / "weights.safetensors", card_path=folder / "card.json")
