"""Each frame of an enhanced image means what its own functional groups say, else the shared ones (PS3.3 C.7.6.16)."""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.uid import UID, EnhancedCTImageStorage, EnhancedMRImageStorage, EnhancedPETImageStorage

from imaging.dicom.frame_facts import FrameFacts, frame_facts
from imaging.dicom.json_model import header_model
from imaging.dicom.pixels import image_values
from imaging.dicom.volume import load_volume
from imaging.models import Series
from imaging.selectors import frame_values
from imaging.services.series_index import series_index
from tests.factories import dicom_files as made
from tests.factories.pixel_cases import linear, linear_exact, sigmoid
from tests.imaging.arriving import arrived

if TYPE_CHECKING:
    from core.models import Project, User

F18 = 6586.2
STORED = np.arange(3 * 8 * 10, dtype=np.uint16).reshape(3, 8, 10) * 4


def _item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def _unit(code: str) -> list[Dataset]:
    return [_item(CodeValue=code, CodingSchemeDesignator="UCUM", CodeMeaning=code)]


def _map(slope: float, intercept: float, code: str) -> Dataset:
    item = _item(LUTLabel="map", LUTExplanation="map", MeasurementUnitsCodeSequence=_unit(code))
    item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, intercept
    item.add_new(0x00409216, "US", 0)
    item.add_new(0x00409211, "US", 65535)
    return item


def enhanced(sop_class: UID, modality: str, shared: dict[str, Dataset], *frames: dict[str, Dataset]) -> Any:
    """Return an image whose frames have these functional groups."""
    dataset = made.dicom_dataset("enhanced", sop_class=sop_class, modality=modality)
    dataset.FrameOfReferenceUID = made.file_uid("enhanced", "space")
    made.set_pixels(dataset, STORED[: len(frames)])

    def group(of: dict[str, Dataset]) -> Dataset:
        return _item(**{keyword: [item] for keyword, item in of.items()})

    dataset.SharedFunctionalGroupsSequence = [group(shared)]
    dataset.PerFrameFunctionalGroupsSequence = [group(one) for one in frames]
    return dataset


def _facts(dataset: Any) -> list[FrameFacts]:
    return frame_facts(header_model(dataset))


def _at(z: float) -> Dataset:
    return _item(ImagePositionPatient=[1, 2, z])


def _line(slope: float, intercept: float, kind: str) -> Dataset:
    return _item(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType=kind)


AXIAL = _item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])


def enhanced_ct() -> Any:
    """Return three frames: what they share is overruled by the second, and the third has a plane of its own."""
    return enhanced(
        EnhancedCTImageStorage,
        "CT",
        {
            "PixelValueTransformationSequence": _line(1, -1024, "HU"),
            "FrameVOILUTSequence": _item(
                WindowCenter=[-600, 40],
                WindowWidth=[700, 401],
                VOILUTFunction="LINEAR_EXACT",
                WindowCenterWidthExplanation=["LUNG", "SOFT"],
            ),
            "PixelMeasuresSequence": _item(PixelSpacing=[0.5, 0.25], SliceThickness=2),
            "PlaneOrientationSequence": AXIAL,
        },
        {"PlanePositionSequence": _at(0)},
        {
            "PlanePositionSequence": _at(2),
            "PixelValueTransformationSequence": _line(0.5, 3, "US"),
            "FrameVOILUTSequence": _item(WindowCenter=200, WindowWidth=300, VOILUTFunction="SIGMOID"),
        },
        {
            "PlanePositionSequence": _at(4),
            "PixelMeasuresSequence": _item(PixelSpacing=[2, 1]),
            "PlaneOrientationSequence": _item(ImageOrientationPatient=[0, 1, 0, 0, 0, -1]),
            "CTImageFrameTypeSequence": _item(FrameType=["ORIGINAL", "PRIMARY", "LOCALIZER", "NONE"]),
        },
    )


def test_each_frame_has_its_own_line_unit_window_spacing_and_plane() -> None:
    first, second, third = _facts(enhanced_ct())
    assert [(one.values.slope, one.values.intercept) for one in (first, second, third)] == [
        (1, -1024), (0.5, 3), (1, -1024)
    ]  # fmt: skip
    assert [one.unit.word for one in (first, second, third)] == ["HU", "", "HU"]
    assert [(one.name, one.center, one.width, one.function) for one in first.voi] == [
        ("LUNG", -600, 700, "LINEAR_EXACT"), ("SOFT", 40, 401, "LINEAR_EXACT")
    ]  # fmt: skip
    assert [(one.name, one.center, one.width, one.function) for one in second.voi] == [("", 200, 300, "SIGMOID")]
    assert [one.space.spacing_mm for one in (first, second, third)] == [(0.5, 0.25), (0.5, 0.25), (2, 1)]
    assert [one.space.position for one in (first, second, third)] == [(1, 2, 0), (1, 2, 2), (1, 2, 4)]
    letters = [one.space.edges for one in (first, third)]
    assert [(one.left, one.top) for one in letters if one] == [("R", "A"), ("A", "H")]
    assert not third.localizer, "an image with other frames in it is no localizer"


@pytest.mark.django_db
def test_every_frame_is_drawn_and_valued_by_its_own_groups(project: Project, radiologist: User) -> None:
    dataset = enhanced_ct()
    arrived(made.file_bytes(dataset), project, radiologist)
    series = series_index(series=Series.objects.get())
    instance = series.instances.get()
    values = [STORED[0] - 1024.0, STORED[1] * 0.5 + 3, STORED[2] - 1024.0]
    shown = [linear_exact(values[0], -600, 700), sigmoid(values[1], 200, 300), linear_exact(values[2], -600, 700)]
    client = Client()
    client.force_login(radiologist)
    below = f"studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"
    for number, (meant, picture) in enumerate(zip(values, shown, strict=True), 1):
        sent = client.get(f"/api/v1/{below}/frames/{number}/values").content
        assert np.array_equal(np.frombuffer(sent, "<f4").reshape(8, 10), meant)
        known = frame_values(instance, number)
        assert known is not None
        assert np.array_equal(known[0], meant)
        body = client.get(f"/dicomweb/{below}/frames/{number}/rendered", headers={"Accept": "image/png"}).content
        drawn = np.asarray(Image.open(BytesIO(body)).convert("L"), float)
        # Pixels that are not square are drawn in proportion: every second column is one of the stored ones.
        assert drawn.shape == (16, 10)
        assert np.abs(drawn.mean() - picture.mean()) <= 1
    volume = load_volume([made.file_bytes(dataset)])
    assert [number for _, number in volume.frames] == [1, 2, 3]
    assert np.array_equal(volume.pixels_kji, np.stack(values).astype(np.float32))


def test_a_map_of_each_frame_names_what_its_values_also_are() -> None:
    dataset = enhanced(
        EnhancedMRImageStorage,
        "MR",
        {"PixelValueTransformationSequence": _line(2, 0, "US")},
        {"RealWorldValueMappingSequence": _map(0.001, 0.5, "mm2/s")},
        {"RealWorldValueMappingSequence": _map(2, 0, "ms")},
        {},
    )
    first, second, third = _facts(dataset)
    (also,) = first.quantities
    # A stored value of 100 is 200 by its line and 0.6 by its map.
    assert also.slope * 200 + also.intercept == pytest.approx(0.6)
    assert (also.unit, also.high) == ("mm²/s", 131070)
    assert (second.unit.word, second.quantities) == ("ms", ())
    assert (third.unit.word, third.quantities) == ("", ())


def enhanced_pet(*frames: dict[str, Dataset], **changes: Any) -> Any:
    """Return an enhanced PET image of 350 MBq injected an hour before, 70 kg."""
    shared = {
        "PixelValueTransformationSequence": _line(2, 0, "US"),
        "RealWorldValueMappingSequence": _map(2, 0, "Bq/ml"),
    }
    dataset = enhanced(EnhancedPETImageStorage, "PT", shared, *(frames or ({},)))
    dataset.PatientWeight = 70
    dataset.DecayCorrected = dataset.AttenuationCorrected = "YES"
    dataset.DecayCorrectionDateTime = "20250310110000"
    dataset.RadiopharmaceuticalInformationSequence = [
        _item(
            RadiopharmaceuticalAgentNumber=1,
            RadiopharmaceuticalStartDateTime="20250310100000",
            RadionuclideTotalDose=350,
            RadionuclideHalfLife=F18,
        )
    ]
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return dataset


#: C.8.22.4: megabecquerels; an hour of decay.
LEFT = 350e6 * math.exp(-math.log(2) * 3600 / F18)


def _suv(dataset: Any, frame: int = 1) -> Any:
    return _facts(dataset)[frame - 1].unit.suv


def test_enhanced_pet_counts_its_dose_in_megabecquerels() -> None:
    found = _suv(enhanced_pet())
    assert (found.unit, found.reason) == ("SUVbw", "")
    assert found.factor == pytest.approx(70_000 / LEFT)
    assert image_values(enhanced_pet())[7, 9] * found.factor == pytest.approx(
        float(STORED[0, 7, 9]) * 2 * 70_000 / LEFT
    )


def test_enhanced_pet_whose_activity_is_said_by_a_map_of_another_slope_is_converted() -> None:
    own = {"RealWorldValueMappingSequence": _map(50, 0, "Bq/ml")}
    first, second = (_suv(enhanced_pet({}, own), frame) for frame in (1, 2))
    assert second.factor == pytest.approx(25 * first.factor), "50 Bq/ml of a stored value, which is 2 by its line"
    shifted = enhanced_pet({"RealWorldValueMappingSequence": _map(50, 7, "Bq/ml")})
    assert _suv(shifted).reason == "suv_units", "no factor makes activity of values that begin elsewhere"


def test_a_frame_names_which_of_several_agents_it_shows() -> None:
    agents = [
        _item(
            RadiopharmaceuticalAgentNumber=number,
            RadiopharmaceuticalStartDateTime="20250310100000",
            RadionuclideTotalDose=dose,
            RadionuclideHalfLife=F18,
        )
        for number, dose in ((1, 350), (2, 700))
    ]
    frames = [{"RadiopharmaceuticalUsageSequence": _item(RadiopharmaceuticalAgentNumber=number)} for number in (1, 2)]
    dataset = enhanced_pet(*frames, {}, RadiopharmaceuticalInformationSequence=agents)
    assert [_suv(dataset, frame).factor for frame in (1, 2)] == pytest.approx([70_000 / LEFT, 35_000 / LEFT])
    assert _suv(dataset, 3).reason == "suv_several_injections"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"AttenuationCorrected": "NO"}, "suv_not_attenuation_corrected"),
        ({"DecayCorrected": "NO"}, "suv_not_decay_corrected"),
        ({"PatientWeight": None}, "suv_weight_missing"),
        ({"DecayCorrectionDateTime": ""}, "suv_decay_moment_not_said"),
        ({"DecayCorrectionDateTime": "20250310093000"}, "suv_times_implausible"),
        ({"RadiopharmaceuticalInformationSequence": []}, "suv_dose_missing"),
    ],
)
def test_enhanced_pet_says_why_it_has_no_uptake(changes: dict[str, Any], reason: str) -> None:
    assert (_suv(enhanced_pet(**changes)).factor, _suv(enhanced_pet(**changes)).reason) == (None, reason)


def test_a_dose_in_becquerels_where_megabecquerels_are_meant_is_not_guessed() -> None:
    dataset = enhanced_pet()
    dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = 350e6
    assert _suv(dataset).reason == "suv_dose_implausible"


def test_a_coded_uptake_of_each_frame_is_its_factor() -> None:
    dataset = enhanced_pet({"RealWorldValueMappingSequence": _map(0.0006, 0, "{SUVlbm}g/ml")}, {})
    assert (_suv(dataset).factor, _suv(dataset).unit) == (pytest.approx(0.0003), "SUVlbm")
    assert _suv(dataset, 2).factor == pytest.approx(70_000 / LEFT)


def test_windows_of_the_image_itself_hold_where_no_group_names_one() -> None:
    dataset = enhanced(
        EnhancedMRImageStorage, "MR", {}, {}, {"FrameVOILUTSequence": _item(WindowCenter=5, WindowWidth=9)}
    )
    dataset.WindowCenter, dataset.WindowWidth = 100, 201
    assert [[(one.center, one.width) for one in facts.voi] for facts in _facts(dataset)] == [[(100, 201)], [(5, 9)]]
    assert linear(np.array([100.0]), 100, 201)[0] == pytest.approx(127.5, abs=1)
