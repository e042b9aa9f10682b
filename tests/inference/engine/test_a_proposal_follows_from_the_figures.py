"""Each rule of the proposed settings, on figures that are made up so that the answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inference.engine.config import RecipeConfig
from inference.engine.fingerprint import FrameRow, Seen, fingerprint_of
from inference.engine.proposed_settings import Proposed, proposed_settings, with_values
from inference.engine.sample import Image, Sample


def seen_of(pixels: np.ndarray, mask: np.ndarray | None = None, spacing: Any = None) -> Seen:
    seen = Seen()
    regions = {"liver": (lambda: mask) if mask is not None else None}
    seen.look(Sample("one", "p", lambda: Image(pixels.astype(np.float32), spacing, "CT"), {}, regions))
    return seen


def proposed(
    rows: list[FrameRow], seen: Seen, recipe: str = "segmentation", words: str = "liver"
) -> dict[str, Proposed]:
    usual = RecipeConfig.for_preset(recipe, ("liver",))
    found = proposed_settings(fingerprint_of(rows, seen, ["liver"]), usual, [words])
    preset = RecipeConfig.for_preset(
        recipe, ("liver",), dimensions={one.name: one.value for one in found}.get("dimensions")
    )
    RecipeConfig.from_json(with_values(preset.to_json(), {one.name: one.value for one in found}))
    assert all(one.reason.endswith(".") for one in found)
    return {one.name: one for one in found}


def slices(count: int, series: int, marked: int = 2000, *, modality: str = "CT", read: int = 1) -> list[FrameRow]:
    return [
        FrameRow(
            series=f"s{number}", patient=f"p{number}", rows=512, columns=512, modality=modality, spacing_mm=(0.7, 0.7),
            known={"liver": 1} if k % read == 0 else {}, marked={"liver": marked} if k % read == 0 else {},
        )
        for number in range(series)
        for k in range(count)
    ]  # fmt: skip


def volume() -> tuple[np.ndarray, np.ndarray]:
    pixels = np.full((20, 64, 64), -1000.0)
    pixels[:, 16:48, 16:48] = 40
    mask = np.zeros(pixels.shape, bool)
    mask[:, 20:40, 20:40] = True
    pixels[mask] = np.linspace(50, 150, mask.sum())
    return pixels, mask


def test_ct_is_seen_through_the_window_of_what_readers_marked() -> None:
    pixels, mask = volume()
    found = proposed(slices(20, 8), seen_of(pixels, mask, (3.0, 0.7, 0.7)))
    assert found["intensity"].value == "window"
    centre, width = found["window"].value
    assert (centre, width) == (100, 100)
    assert "What readers marked: 50 to 150 HU" in found["window"].reason
    assert "intensity" not in proposed(slices(20, 8, modality="MR"), seen_of(pixels, mask, (3.0, 0.7, 0.7)))


def test_volumes_are_read_as_such_where_their_slices_are_even_and_read() -> None:
    pixels, mask = volume()
    found = proposed(slices(20, 8), seen_of(pixels, mask, (3.0, 0.7, 0.7)))
    assert (found["dimensions"].value, found["dimensions"].preset) == (3, 2)
    # 20 x 512 x 512 voxels: made smaller along the longest axes, the patch is what the preset has.
    assert "image_shape" not in found
    whole = proposed(slices(40, 8), seen_of(pixels, mask, (3.0, 0.7, 0.7)))
    assert whole["image_shape"].value == [48, 48, 64]
    assert "dimensions" not in proposed(slices(20, 8, read=3), seen_of(pixels, mask, (3.0, 0.7, 0.7)))
    assert "dimensions" not in proposed(slices(20, 8), seen_of(pixels, mask))


@pytest.mark.parametrize("words", ["Left lung", "Kidney, right", "lung_left"])
def test_pictures_are_mirrored_only_where_no_label_names_a_side(words: str) -> None:
    rows = slices(1, 20, marked=20_000, modality="US")
    seen = seen_of(np.random.default_rng(0).normal(size=(1, 32, 32)))
    assert proposed(rows, seen, words="Fetal head")["augmentation.flip_left_right"].value is True
    assert "augmentation.flip_left_right" not in proposed(rows, seen, words=words)
    assert "augmentation.flip_left_right" not in proposed(slices(1, 20, 20_000, modality="DX"), seen)


def test_small_structures_are_learned_from_patches_and_large_ones_from_whole_pictures() -> None:
    seen = seen_of(np.random.default_rng(0).normal(size=(1, 32, 32)))
    large, small = (proposed(slices(1, 40, marked=n, modality="US"), seen) for n in (30_000, 300))
    assert large["whole_picture"].value is True
    assert "marked_share" not in large
    assert "whole_picture" not in small
    assert small["marked_share"].value == pytest.approx(0.67)
    assert "covers 0.1% of its pictures" in small["marked_share"].reason


def test_an_empty_dataset_asks_for_nothing() -> None:
    assert (
        proposed_settings(
            fingerprint_of([], Seen(), ["liver"]), RecipeConfig.for_preset("segmentation", ("liver",)), []
        )
        == []
    )
