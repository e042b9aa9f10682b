"""Pictures that look alike are found, strangers are not, and nobody has to compare every picture with every other."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image
from scipy import ndimage

from core.errors import Invalid, PreconditionFailed
from imaging.dicom.looks import NEAR, near_pairs, picture_bits
from imaging.models import Instance, NearCopy, NearCopyDecision, PictureHash
from imaging.services.looks import near_copies_find, near_copy_decide, series_look
from tests.factories import dicom_files as made
from tests.imaging.arriving import arrived
from webapp.demo.phantoms import draw_radiograph

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from core.models import Project, User

Grey = Any


def _apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _picture(seed: int) -> NDArray[np.float64]:
    """Return a smooth picture of its own, 256 × 256, 0…1."""
    lots = np.random.default_rng(seed)
    j, i = np.mgrid[:256, :256] / 256
    waves = np.zeros((256, 256))
    for _ in range(60):
        waves += lots.normal() * np.cos(2 * np.pi * (lots.uniform(0, 6) * j + lots.uniform(-6, 6) * i) + lots.uniform())
    found: NDArray[np.float64] = (waves - waves.min()) / (waves.max() - waves.min())
    return found


ALTERED: dict[str, Callable[[Grey], Grey]] = {
    "in another window": lambda grey: np.clip(grey, 0.05, 0.95) ** 1.7,
    "shifted by a pixel": lambda grey: np.roll(grey, (1, 1), (0, 1)),
    "at half its size": lambda grey: grey.reshape(128, 2, 128, 2).mean((1, 3)),
    "with noise": lambda grey: grey + np.random.default_rng(1).normal(0, 0.02, grey.shape),
}


@pytest.mark.parametrize("how", ALTERED)
def test_the_same_picture_is_near_itself_however_it_was_altered_and_far_from_all_others(how: str) -> None:
    pictures = [_picture(seed) for seed in range(12)]
    bits = [picture_bits(grey) for grey in pictures]
    altered = [picture_bits(ALTERED[how](grey)) for grey in pictures]
    assert max(map(_apart, bits, altered)) <= NEAR
    assert min(_apart(bits[a], altered[b]) for a in range(12) for b in range(12) if a != b) > NEAR


@pytest.mark.parametrize("plain", [np.zeros((64, 64)), np.full((64, 64), np.nan), np.eye(64) > 2])
def test_a_plain_picture_looks_like_nothing(plain: Grey) -> None:
    assert picture_bits(plain) == ""


def test_the_search_finds_every_pair_within_the_limit_and_no_other() -> None:
    lots = np.random.default_rng(3)
    bits = lots.integers(0, 2, (700, 256), dtype=np.uint8)
    for place in range(600, 700):
        bits[place] = bits[place - 600]
        bits[place, lots.choice(256, (place - 600) % (NEAR + 2), replace=False)] ^= 1
    names = [np.packbits(row).tobytes().hex() for row in bits]
    everybody = [
        (one, other, apart)
        for one in range(700)
        for other in range(one + 1, 700)
        if (apart := _apart(names[one], names[other])) <= NEAR
    ]
    assert near_pairs(names) == everybody
    assert len(everybody) == 100 - 1, "of the hundred the one that lies a bit too far is none"
    assert near_pairs([]) == near_pairs(names[:1]) == []


def _sent(project: Project, by: User, number: int, grey: NDArray[Any], **stated: Any) -> Instance:
    dataset = made.dx_image(f"near {number}")
    dataset.PatientID, dataset.PatientName = f"NEAR{number}", f"Near^Nr{number}"
    for keyword, value in stated.items():
        setattr(dataset, keyword, value)
    made.set_pixels(dataset, (grey * 4000 + 10).astype(np.uint16))
    [verdict] = arrived(made.file_bytes(dataset), project, by)
    assert verdict.instance is not None, verdict.message
    return Instance.objects.select_related("series").get(pk=verdict.instance.pk)


@pytest.mark.django_db
def test_near_copies_of_different_patients_are_kept_for_a_person_and_equal_pictures_are_not(
    project: Project, radiologist: User, admin: User
) -> None:
    grey = _picture(0)
    first = _sent(project, radiologist, 1, grey)
    second = _sent(project, radiologist, 2, grey**1.7)
    equal = _sent(project, radiologist, 3, grey)
    _sent(project, radiologist, 4, grey**1.5, PatientID="NEAR1", PatientName="Near^Nr1")
    _sent(project, radiologist, 5, _picture(5))
    Instance.objects.filter(pk=second.pk).update(decoded_digest="")
    for image in Instance.objects.select_related("series"):
        series_look(image.series)
    assert Instance.objects.get(pk=second.pk).decoded_digest, "what was stored before the digest has one now"
    assert series_look(first.series) == 0, "nobody looks twice"
    found = near_copies_find()
    pairs = {frozenset((row.first_id, row.second_id)) for row in NearCopy.objects.all()}
    assert frozenset((first.pk, second.pk)) in pairs
    assert frozenset((first.pk, equal.pk)) not in pairs, "equal to the last sample: a copy, and nobody is asked"
    patients = Instance.objects.values_list("pk", "series__study__patient_id")
    owner = dict(patients)
    assert all(len({owner[pk] for pk in pair}) == 2 for pair in pairs)
    assert (found, near_copies_find()) == (len(pairs), 0)
    near = NearCopy.objects.get(first__in=[first, second], second__in=[first, second])
    seen = (near.first.blob_digest, near.second.blob_digest)
    said: dict[str, Any] = {"near_copy": near, "remark": "the same ribs", "by": admin}
    with pytest.raises(Invalid):
        near_copy_decide(**said, verdict="perhaps", seen=seen)
    with pytest.raises(PreconditionFailed):
        near_copy_decide(**said, verdict="one_picture", seen=(seen[1], seen[0]))
    near_copy_decide(**said, verdict="one_picture", seen=seen)
    assert NearCopyDecision.objects.get().remark == "the same ribs"


@pytest.mark.django_db
def test_an_archive_from_before_is_compared_by_a_command(
    project: Project, radiologist: User, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, grey in enumerate((_picture(0), _picture(0) ** 1.7, np.full((256, 256), 0.5))):
        _sent(project, radiologist, number, grey)
    Instance.objects.update(decoded_digest="")
    call_command("compare_pictures")
    told = capsys.readouterr().out
    assert "2 compared, 1 plain" in told
    assert "1 new pairs look alike; 1 wait" in told
    assert not Instance.objects.filter(decoded_digest="").exists()
    assert sorted(PictureHash.objects.values_list("code", flat=True)) == ["", "", "plain"]


def _jpeg(quality: int) -> Callable[[Grey], Grey]:
    def packed(grey: Grey) -> Grey:
        file = BytesIO()
        Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file), np.float32)

    return packed


def _cut(share: float) -> Callable[[Grey], Grey]:
    def cut(grey: Grey) -> Grey:
        j, i = (round(side * share) for side in grey.shape)
        return grey[j : grey.shape[0] - j, i : grey.shape[1] - i]

    return cut


def _with_marker(grey: Grey) -> Grey:
    """Return the picture with an L burnt in at the top right, a twelfth of its height."""
    j, i, size = round(grey.shape[0] * 0.03), round(grey.shape[1] * 0.85), grey.shape[0] // 12
    marked = grey.copy()
    marked[j : j + size, i : i + size // 3] = 250
    marked[j + 2 * size // 3 : j + size, i : i + size] = 250
    return marked


def _smaller(grey: Grey) -> Grey:
    size = (round(grey.shape[1] * 0.7), round(grey.shape[0] * 0.7))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BILINEAR), np.float32)


#: How a picture comes a second time, and of how many the copy has to be found; measured in decision 0028.
COPIED: dict[str, tuple[Callable[[Grey], Grey], float]] = {
    "packed hard": (_jpeg(30), 1.0),
    "at 0.7 of its size": (_smaller, 1.0),
    "darker": (lambda grey: (grey / 255) ** 2 * 255, 1.0),
    "in a narrow window": (lambda grey: np.clip((grey - 40) / 175, 0, 1) * 255, 0.85),
    "turned by 2 degrees": (lambda grey: ndimage.rotate(grey, 2, reshape=False, order=1, mode="nearest"), 0.95),
    "cut by 2 % on each side": (_cut(0.02), 0.9),
    "with a marker burnt in": (_with_marker, 0.8),
}


@lru_cache(maxsize=1)
def _drawn() -> dict[str, list[Grey]]:
    """Return pictures of the demo, of a patient each, in 8 bits."""
    found = {}
    for number in range(80):
        lesions: Any = [(), ("nodule",), ("opacity",)][number % 3]
        drawn = draw_radiograph(seed=900 + number, lesions=lesions)
        found[f"drawn {number}"] = [(drawn.pixels_ji / 16).astype(np.float32)]
    return found


def _real(folder: Path, pattern: str) -> dict[str, list[Grey]]:
    """Return real pictures by person: the file's name begins with the person's number."""
    found: dict[str, list[Grey]] = {}
    for path in sorted(folder.rglob(pattern)):
        picture = np.asarray(Image.open(path).convert("L"), np.float32)
        found.setdefault(f"{pattern} {path.name.split('_')[0]}", []).append(picture)
    if len(found) < 50:
        pytest.skip("the real pictures are not here")
    return found


def _found_again(pictures: dict[str, list[Grey]], how: str) -> float:
    alter, _ = COPIED[how]
    some = [several[0] for several in pictures.values()][:60]
    return float(np.mean([_apart(picture_bits(one), picture_bits(alter(one))) <= NEAR for one in some]))


def _strangers_that_look_alike(pictures: dict[str, list[Grey]]) -> list[tuple[str, str]]:
    owners = [owner for owner, several in pictures.items() for _ in several]
    near = near_pairs([picture_bits(one) for several in pictures.values() for one in several])
    return [(owners[one], owners[other]) for one, other, _ in near if owners[one] != owners[other]]


@pytest.mark.parametrize("how", COPIED)
def test_copies_of_drawn_radiographs_are_found(how: str) -> None:
    assert _found_again(_drawn(), how) >= COPIED[how][1]


def test_no_two_drawn_patients_look_alike() -> None:
    assert _strangers_that_look_alike(_drawn()) == []


@pytest.mark.parametrize("how", COPIED)
def test_copies_of_real_films_are_found(real_images: Path, how: str) -> None:
    assert _found_again(_real(real_images / "classify" / "cxr-pneumonia", "*.jpg"), how) >= COPIED[how][1]


@pytest.mark.parametrize("how", [how for how in COPIED if how != "in a narrow window"])
def test_copies_of_real_ultrasound_are_found(real_images: Path, how: str) -> None:
    assert _found_again(_real(real_images / "segment" / "fetal-head-us" / "images", "*HC.jpg"), how) >= COPIED[how][1]


def test_no_two_people_look_alike_in_films_ultrasound_and_drawings(real_images: Path) -> None:
    films = _real(real_images / "classify" / "cxr-pneumonia", "*.jpg")
    planes = _real(real_images / "segment" / "fetal-head-us" / "images", "*HC.jpg")
    assert _strangers_that_look_alike({**films, **planes, **_drawn()}) == []
