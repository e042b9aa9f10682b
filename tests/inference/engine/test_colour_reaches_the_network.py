"""A model of three channels sees colours: red and green of one luma are two things to it, and one to a grey model."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from imaging.dicom.volume import load_volume
from inference.engine.preprocess import Preprocessing
from inference.engine.sample import Image
from tests.factories.dicom_files import dicom_dataset, file_bytes, set_pixels

SC = "1.2.840.10008.5.1.4.1.1.7"


def _prepared(channels: int) -> torch.Tensor:
    """Return the tensor of a picture: left red, right green, both of luma 59.8 (0.299 × 200 = 0.587 × 101.9)."""
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, :16], pixels[:, 16:] = (200, 0, 0), (0, 102, 0)
    pixels[0, 0], pixels[0, 1] = 0, 255
    dataset = dicom_dataset("colour", sop_class=SC, modality="XC")
    set_pixels(dataset, pixels, "RGB")
    volume = load_volume([file_bytes(dataset)])
    image = Image(volume.pixels_kji, volume.spacing_mm_kji, "XC", volume.even_slices, volume.aspect_ji)
    preprocessing = Preprocessing(
        dimensions=2,
        fit="letterbox",
        shape=(32, 32),
        channels=channels,
        spacing_mm=None,
        intensity="window",
        window=(127.5, 255.0),
    )
    return preprocessing.apply(image).tensor


def test_three_channels_tell_red_from_green_of_the_same_luma() -> None:
    tensor = _prepared(3)
    assert tensor.shape == (3, 32, 32)
    red, green = tensor[:, 16, 8], tensor[:, 16, 24]
    # From 0…255 to −2…2.
    assert red.tolist() == pytest.approx([200 / 255 * 4 - 2, -2, -2], abs=0.01)
    assert green.tolist() == pytest.approx([-2, 102 / 255 * 4 - 2, -2], abs=0.01)


def test_one_channel_sees_their_luma() -> None:
    tensor = _prepared(1)
    assert tensor.shape == (1, 32, 32)
    assert float(tensor[0, 16, 8]) == pytest.approx(59.8 / 255 * 4 - 2, abs=0.02)
    assert float(tensor[0, 16, 24]) == pytest.approx(59.87 / 255 * 4 - 2, abs=0.02)
