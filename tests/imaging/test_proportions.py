"""What is square in the patient is square in the picture that the server draws, and in the thumbnail."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imaging.dicom.pixels import render_frame
from tests.factories import dicom_files as made


def _with_square(**spacing: Any) -> bytes:
    """Return an image whose bright block is 60 x 60 in the patient when a pixel is as high and wide as said."""
    height, width = spacing.pop("pixel")
    dataset = made.dx_image()
    del dataset.ImagerPixelSpacing
    pixels = np.zeros((128, 128), np.uint16)
    pixels[6 : 6 + round(60 / height), 4 : 4 + round(60 / width)] = 4000
    made.set_pixels(dataset, pixels)
    dataset.BitsStored, dataset.HighBit, dataset.WindowCenter, dataset.WindowWidth = 12, 11, 2000, 4000
    for keyword, value in spacing.items():
        setattr(dataset, keyword, value)
    return made.file_bytes(dataset)


@pytest.mark.parametrize(
    ("spacing", "pixel"),
    [
        ({"PixelAspectRatio": [2, 1]}, (2, 1)),
        ({"PixelAspectRatio": [1, 2]}, (1, 2)),
        ({"PixelSpacing": [1.0, 0.5]}, (1.0, 0.5)),
        ({"PixelSpacing": [0.5, 1.0]}, (0.5, 1.0)),
        ({"ImagerPixelSpacing": [1.0, 2.0]}, (1.0, 2.0)),
        ({}, (1, 1)),
    ],
)
@pytest.mark.parametrize("size", [None, (128, 128)])
def test_a_square_is_drawn_square(spacing: dict[str, Any], pixel: tuple[float, float], size: Any) -> None:
    drawn = render_frame(_with_square(**spacing, pixel=pixel), size=size, image_format="png")
    picture = np.asarray(Image.open(BytesIO(drawn)).convert("L"))
    rows, columns = (np.flatnonzero((picture > 128).any(axis=axis)) for axis in (1, 0))
    assert len(rows) == pytest.approx(len(columns), abs=2)
    assert len(rows) > 20
    if size is None:
        # Nothing was thrown away: the finer side has its own pixels.
        assert min(picture.shape) == 128
        assert picture.shape[0] / picture.shape[1] == pytest.approx(pixel[0] / pixel[1])
