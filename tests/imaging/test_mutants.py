"""Damaged copies of good files: each is read or refused with a code, and none kills or stalls its reader."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from imaging.dicom.parsing_pool import ParsingPool
from imaging.dicom.refusals import Refused
from tests.factories import dicom_files as made
from tests.imaging.archive import bundled

if TYPE_CHECKING:
    from pathlib import Path

BUNDLED = (
    "JPEG2000.dcm", "SC_rgb_jpeg_gdcm.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_bigendian.dcm",
    "liver_1frame.dcm", "rtdose_rle.dcm", "nested_priv_SQ.dcm", "test-SR.dcm", "MR_small_implicit.dcm",
)  # fmt: skip
MARKS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\xfe\xff\0\xe0", b"\xfe\xff\xdd\xe0", b"SQ\0\0")


def _good_files() -> list[bytes]:
    own = (made.ct_slice(), made.us_cine(), made.palette_image(), made.report(), made.rle(made.mr_slice()),
           made.deflated(made.dx_image()))  # fmt: skip
    return [made.file_bytes(dataset) for dataset in own] + [bundled(name).read_bytes() for name in BUNDLED]


def _mutant(good: bytes, dice: random.Random) -> bytes:
    content = bytearray(good)
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        at = dice.randrange(132, dice.choice((len(content), min(len(content), 2500))))
        kind = dice.random()
        if kind < 0.5:
            content[at] = dice.randrange(256)
        elif kind < 0.7:
            content[at : at + 4] = dice.choice(MARKS)
        elif kind < 0.85:
            del content[at : at + dice.randrange(1, 40)]
        else:
            content[at:at] = dice.randbytes(dice.randrange(1, 20))
    return bytes(content)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_mutant_kills_or_stalls_its_reader(seed: int, tmp_path: Path) -> None:
    dice, good = random.Random(seed), _good_files()
    path, header = tmp_path / "mutant", tmp_path / "header"
    header.touch()
    pool = ParsingPool(1)
    seen: dict[str, int] = {}
    try:
        for number in range(200):
            path.write_bytes(_mutant(dice.choice(good), dice))
            try:
                code = pool.parse(path, header).display
            except Refused as refused:
                code = refused.code
            assert code not in {"parse_crashed", "parse_timeout"}, f"mutant {number} of seed {seed}"
            seen[code] = seen.get(code, 0) + 1
    finally:
        pool.close()
    assert {"as_stored", "truncated", "missing_uid"} <= set(seen), "the damage is of many kinds"
