"""Real images of many kinds and encodings: each is stored and shown, or refused with a code we know of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imaging.dicom import pixels
from imaging.dicom.parsing_pool import shared_pool
from imaging.dicom.refusals import Refused

if TYPE_CHECKING:
    from pathlib import Path

#: These lack UIDs or have hashes in their place.
REFUSED = {
    "HTJ2KLossless_08_RGB.dcm": "missing_uid",
    "HTJ2K_08_RGB.dcm": "missing_uid",
    "JLSL_08_07_0_1F.dcm": "missing_uid",
    "JLSL_16_15_1_1F.dcm": "missing_uid",
    "JLSL_RGB_ILV0.dcm": "missing_uid",
    "JLSN_RGB_ILV0.dcm": "missing_uid",
    "bad_sequence.dcm": "bad_uid",
}


def test_every_real_image_is_read_and_shown_or_refused_with_a_code(real_images: Path, tmp_path: Path) -> None:
    refused: dict[str, str] = {}
    header = tmp_path / "header"
    header.touch()
    files = sorted(path for path in (real_images / "dicom").rglob("*.dcm") if path.is_file())
    assert len(files) > 80
    for path in files:
        try:
            parsed = shared_pool().parse(path, header)
        except Refused as error:
            refused[path.name] = error.code
            continue
        assert parsed.display in {"as_stored", "converted", "no_pixels"}, path.name
        if parsed.display != "no_pixels":
            picture = pixels.picture(path)
            assert picture.shape[:2] == (parsed.instance["rows"], parsed.instance["columns"]), path.name
    assert refused == REFUSED
