"""The SUV factor against the formula written out by hand, and every reason why there is none."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from imaging.dicom.header_values import frame_headers
from imaging.dicom.json_model import header_model
from imaging.dicom.suv import REASONS, Suv, acquired_at, suv_of

F18 = 6586.2


def pet(**changes: Any) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.128", "PT"
    dataset.Units, dataset.DecayCorrection = "BQML", "START"
    dataset.CorrectedImage = ["DECY", "ATTN", "SCAT"]
    dataset.PatientWeight = 70
    dataset.SeriesDate, dataset.SeriesTime = "20250310", "110000"
    dataset.AcquisitionDate, dataset.AcquisitionTime = "20250310", "110000"
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    drug = Dataset()
    drug.RadiopharmaceuticalStartTime, drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = "100000", 3.5e8, F18
    of_drug = {"RadiopharmaceuticalStartTime", "RadiopharmaceuticalStartDateTime", "RadionuclideTotalDose"}
    for keyword, value in changes.items():
        place = drug if keyword in of_drug | {"RadionuclideHalfLife"} else dataset
        if value is None:
            place.pop(keyword, None)
        else:
            setattr(place, keyword, value)
    dataset.RadiopharmaceuticalInformationSequence = Sequence([drug])
    return dataset


def suv(dataset: Dataset, **more: Any) -> Suv:
    line = float(dataset.RescaleSlope), float(dataset.RescaleIntercept)
    found = suv_of(next(frame_headers(header_model(dataset))), line, **more)
    assert found is not None
    return found


def by_hand(seconds: float, half_life: float = F18, *, weight: float = 70, dose: float = 3.5e8) -> float:
    return weight * 1000 / (dose * math.exp(-math.log(2) * seconds / half_life))


@pytest.mark.parametrize(
    ("what", "changes", "right"),
    [
        ("one hour", {}, 0.000292),
        (
            "two days and an hour",
            {"RadiopharmaceuticalStartDateTime": "20250308100000", "RadionuclideHalfLife": 230550.0},
            0.000340,
        ),
        (
            "over midnight, the day told",
            {
                "RadiopharmaceuticalStartDateTime": "20250309233000",
                "SeriesTime": "003000",
                "AcquisitionTime": "003000",
            },
            0.000292,
        ),
        (
            "over midnight, the day not told",
            {"RadiopharmaceuticalStartTime": "233000", "SeriesTime": "003000", "AcquisitionTime": "003000"},
            0.000292,
        ),
    ],
)
def test_the_factor_is_that_of_the_formula_whatever_day_the_injection_was(
    what: str, changes: dict[str, Any], right: float
) -> None:
    found = suv(pet(**changes))
    assert found.factor == pytest.approx(right, rel=0.003), what
    assert (found.unit, found.reason) == ("SUVbw", "")


def test_the_dose_is_decayed_to_the_start_of_the_series_not_of_the_later_bed() -> None:
    later = pet(AcquisitionTime="113000")
    assert suv(later).factor == pytest.approx(by_hand(3600))


def test_a_dose_that_was_corrected_to_the_injection_is_not_decayed() -> None:
    assert suv(pet(DecayCorrection="ADMIN", RadionuclideHalfLife=None)).factor == pytest.approx(70_000 / 3.5e8)


def test_a_series_made_later_is_decayed_to_the_scan_by_the_vendor_or_by_the_frame() -> None:
    made_later = {"SeriesTime": "150000", "AcquisitionTime": "110500"}
    ge = pet(**made_later)
    ge.private_block(0x0009, "GEMS_PETD_01", create=True).add_new(0x0D, "DT", "20250310110000.00")
    assert suv(ge).factor == pytest.approx(by_hand(3600))
    siemens = pet(**made_later)
    # The frame began 300 s after the start and lasted 180 s; its mean count rate is reached a little before its middle.
    rate, lasted = math.log(2) / F18, 180.0
    middle = math.log(rate * lasted / (1 - math.exp(-rate * lasted))) / rate
    siemens.FrameReferenceTime, siemens.ActualFrameDuration = (300 + middle) * 1000, lasted * 1000
    assert suv(siemens).factor == pytest.approx(by_hand(3600), rel=1e-6)
    bare = pet(**made_later)
    beds = [header_model(pet(SeriesTime="150000", AcquisitionTime=time)) for time in ("111000", "110500", "111500")]
    first = min(found for bed in beds if (found := acquired_at(bed)) is not None)
    assert suv(bare, first=first).factor == pytest.approx(by_hand(3900))
    # One moment for all beds of a series, however late the bed.
    assert suv(pet(SeriesTime="150000", AcquisitionTime="111500"), first=first).factor == suv(bare, first=first).factor


def test_philips_counts_become_uptake_by_its_own_factors() -> None:
    counts = pet(Units="CNTS")
    block = counts.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.000551")
    assert suv(counts).factor == pytest.approx(0.000551)
    activity = pet(Units="CNTS")
    block = activity.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0")
    block.add_new(0x09, "DS", "2.5")
    assert suv(activity).factor == pytest.approx(2.5 * by_hand(3600))
    unknown = pet(Units="CNTS")
    unknown.private_block(0x7053, "Philips PET Private Group", create=True).add_new(0x00, "UN", b"0.000551")
    assert suv(unknown).factor == pytest.approx(0.000551)
    assert suv(pet(Units="CNTS")).reason == "suv_units"


@pytest.mark.parametrize(
    ("changes", "unit"),
    [
        ({"Units": "GML"}, "SUVbw"),
        ({"Units": "GML", "SUVType": "LBM"}, "SUVlbm"),
        ({"Units": "CM2ML", "SUVType": "BSA"}, "SUVbsa"),
        ({"Units": "GML", "SUVType": "IBW", "PatientWeight": None}, "SUVibw"),
    ],
)
def test_values_that_are_uptake_already_stay_as_they_are(changes: dict[str, Any], unit: str) -> None:
    assert suv(pet(**changes)) == Suv(1.0, unit)


def test_a_time_zone_is_counted_where_both_are_known() -> None:
    zoned = pet(RadiopharmaceuticalStartDateTime="20250310090000+0000")
    zoned.TimezoneOffsetFromUTC = "+0100"
    assert suv(zoned).factor == pytest.approx(by_hand(3600))
    unknown = pet(RadiopharmaceuticalStartDateTime="20250310100000+0100")
    assert suv(unknown).factor == pytest.approx(by_hand(3600))


def test_a_coded_map_gives_the_factor_where_it_is_in_the_image() -> None:
    mapped = pet(Units="CNTS", RescaleSlope=2)
    item, unit = Dataset(), Dataset()
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "{SUVbw}g/ml", "UCUM", "SUV"
    item.RealWorldValueSlope, item.RealWorldValueIntercept, item.LUTLabel = 0.001, 0.0, "SUV"
    item.RealWorldValueFirstValueMapped, item.RealWorldValueLastValueMapped = 0, 32767
    item["RealWorldValueFirstValueMapped"].VR = item["RealWorldValueLastValueMapped"].VR = "US"
    item.MeasurementUnitsCodeSequence = Sequence([unit])
    mapped.RealWorldValueMappingSequence = Sequence([item])
    assert suv(mapped) == Suv(0.0005, "SUVbw")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"CorrectedImage": ["DECY", "SCAT"]}, "suv_not_attenuation_corrected"),
        ({"CorrectedImage": ["ATTN", "SCAT"]}, "suv_not_decay_corrected"),
        ({"CorrectedImage": None}, "suv_corrections_not_said"),
        ({"DecayCorrection": "NONE"}, "suv_not_decay_corrected"),
        ({"DecayCorrection": None}, "suv_decay_moment_not_said"),
        ({"Units": "PROPCPS"}, "suv_units"),
        ({"Units": None}, "suv_units"),
        ({"PatientWeight": None}, "suv_weight_missing"),
        ({"PatientWeight": 0}, "suv_weight_missing"),
        ({"PatientWeight": 70_000}, "suv_weight_implausible"),
        ({"RadionuclideTotalDose": None}, "suv_dose_missing"),
        ({"RadionuclideTotalDose": 350}, "suv_dose_implausible"),
        ({"RadionuclideHalfLife": None}, "suv_half_life_missing"),
        ({"RadiopharmaceuticalStartTime": None}, "suv_injection_time_missing"),
        ({"RadiopharmaceuticalStartDateTime": "20250310120000"}, "suv_times_implausible"),
        ({"RadiopharmaceuticalStartDateTime": "19000101100000"}, "suv_times_implausible"),
        ({"SeriesTime": None, "AcquisitionTime": None}, "suv_scan_time_missing"),
    ],
)
def test_what_is_not_said_or_cannot_be_true_gives_a_reason_and_no_factor(changes: dict[str, Any], reason: str) -> None:
    found = suv(pet(**changes))
    assert (found.factor, found.reason) == (None, reason)
    assert found.words == REASONS[reason]


def test_two_injections_are_not_mixed_and_other_images_have_no_suv() -> None:
    two = pet()
    two.RadiopharmaceuticalInformationSequence.append(two.RadiopharmaceuticalInformationSequence[0])
    assert suv(two).reason == "suv_several_injections"
    other = pet()
    other.Modality = "NM"
    assert suv_of(next(frame_headers(header_model(other)))) is None
