"""Pictures in colour teach in colour: red and green of one luma are two things to a model, by default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from imaging.dicom.volume import load_volume
from imaging.models import Instance
from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.predict import predict
from inference.engine.sample import Image, Sample
from inference.engine.statistics import auc_of
from inference.engine.train import train
from inference.family_facts import training_config, training_defaults
from inference.jobs.images import engine_image, images_seen
from inference.models import ModelVersion
from inference.services.families import family_create
from tests.factories.dicom_files import dicom_dataset, dx_image, file_bytes, palette_image, set_pixels
from tests.imaging.arriving import arrived
from tests.inference.planted_archive import make_square_label

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from core.models import Project, User
    from inference.models import ModelFamily

PHOTOGRAPH = "1.2.840.10008.5.1.4.1.1.77.1.4"
#: Of one luma: 0.299 x 150 + 0.701 x 40 = 72.9 = 0.587 x 96 + 0.413 x 40; far from both ends, where noise is cut.
RED, GREEN = (150, 40, 40), (40, 96, 40)


def photograph(number: int, *, red: bool, photometric: str = "RGB") -> bytes:
    """Return a photograph of skin-like noise with a disc of one luma, red or green."""
    lots = np.random.default_rng(number)
    pixels = lots.integers(50, 70, (32, 32, 3))
    row, column = lots.integers(10, 22, 2)
    j, i = np.indices((32, 32))
    disc = (j - row) ** 2 + (i - column) ** 2 <= 49
    pixels[disc] = np.array(RED if red else GREEN) + lots.integers(-8, 9, (int(disc.sum()), 1))
    rgb = np.clip(pixels, 0, 255).astype(np.uint8)
    if photometric == "YBR_FULL":
        r, g, b = (rgb[..., channel].astype(float) for channel in range(3))
        y = 0.299 * r + 0.587 * g + 0.114 * b
        rgb = np.clip(np.stack([y, (b - y) * 0.564 + 128, (r - y) * 0.713 + 128], axis=-1).round(), 0, 255)
    dataset = dicom_dataset(f"photograph{number}", sop_class=PHOTOGRAPH, modality="XC")
    set_pixels(dataset, rgb.astype(np.uint8), photometric)
    return file_bytes(dataset)


def _image(content: bytes) -> Image:
    return engine_image(load_volume([content]), "XC")


def _samples(start: int, count: int, photometric: str = "RGB") -> list[Sample]:
    def loader(number: int) -> Callable[[], Image]:
        return lambda: _image(photograph(number, red=number % 2 == 0, photometric=photometric))

    numbers = range(start, start + count)
    return [Sample(str(n), f"p{n}", loader(n), {"a": float(n % 2 == 0)}) for n in numbers]


def _auc(folder: Path, channels: int) -> float:
    config = RecipeConfig(
        recipe="classification", labels=("a",), image_shape=(32, 32), channels=channels, epochs=6, batch_size=8,
        learning_rate=4e-3, seed=2, intensity="window", window=(127.5, 255.0),
    )  # fmt: skip
    result = train(config, training=_samples(0, 48), validation=_samples(100, 16), workdir=folder)
    model = load_model(result.folder)
    assert model.card["preprocessing"]["channels"] == channels
    tested = _samples(200, 40)
    scores = [predict(model, sample.load()).labels["a"].probability for sample in tested]
    return auc_of(np.array(scores), np.array([sample.present["a"] for sample in tested]))


def test_three_channels_learn_red_from_green_of_one_luma_and_one_channel_cannot(tmp_path: Path) -> None:
    assert _auc(tmp_path / "colour", 3) > 0.95
    assert _auc(tmp_path / "grey", 1) < 0.8


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_the_engine_gets_three_colours(photometric: str) -> None:
    image = _image(photograph(4, red=True, photometric=photometric))
    assert image.is_colour
    reddest = image.pixels_kji[0][image.pixels_kji[0, ..., 0] > 120]
    assert len(reddest) > 100
    assert np.abs(reddest.mean(axis=0) - RED).max() < 8


def test_a_palette_becomes_three_colours() -> None:
    image = _image(file_bytes(palette_image()))
    assert image.is_colour
    assert image.shape_kji == (1, 16, 16)


def _family(project: Project, admin: User, modality: str) -> ModelFamily:
    return family_create(
        project=project, slug=modality.lower(), title=modality, recipe="classification", label_keys=["square"],
        modalities=[modality], reason="as usual", by=admin,
    )  # fmt: skip


@pytest.mark.django_db
def test_how_many_channels_a_training_has_follows_the_familys_pictures(
    project: Project, admin: User, radiologist: User
) -> None:
    make_square_label(project)
    photographs, films = _family(project, admin, "XC"), _family(project, admin, "DX")
    assert training_defaults(photographs)["channels"] == 1, "nothing is known of its pictures"
    for content in (photograph(1, red=True), photograph(2, red=False, photometric="YBR_FULL"), file_bytes(dx_image())):
        arrived(content, project, radiologist)
    assert (training_defaults(photographs)["channels"], training_defaults(films)["channels"]) == (3, 1)
    chosen: Any = {"channels": 1}
    assert training_config(photographs, chosen).channels == 1, "who chooses has chosen"
    # What is predicted on is in colour as what was learned from.
    version = ModelVersion(family=photographs, number=1)
    series = Instance.objects.select_related("series__study").filter(series__modality="XC").first()
    assert series is not None
    ((image, _),) = images_seen(series.series, version)
    assert image.is_colour


@pytest.mark.django_db
def test_a_palette_picture_counts_as_colour(project: Project, admin: User, radiologist: User) -> None:
    make_square_label(project)
    arrived(file_bytes(palette_image()), project, radiologist)
    assert training_defaults(_family(project, admin, "US"))["channels"] == 3
