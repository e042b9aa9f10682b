"""Copies: one picture under several patients is taught in one split only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from annotations.dataset.sides import Union
from annotations.dataset.split import SPLITS, split_of

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]
Name = tuple[str, str, int]


def picture_names(confirmed: Iterable[tuple[str, str]]) -> Union:
    """Return which SOP Instance UIDs a person said to be one picture, over any number of steps."""
    joined = Union()
    for one, other in confirmed:
        joined.join(one, other)
    return joined


def without_copies(rows: list[Json], decoded: dict[str, str], confirmed: Union) -> list[Json]:
    """Keep an image that came under several patients in the strictest split only, so that nothing leaks.

    Images are copies that are stored alike, or decode alike (one may have come as it is, the other compressed), or
    that a person said to be one picture. Of copies whose patients stand on one side by now, because they count as one
    person, those stay that stood there by their own number.

    Args:
        decoded: digest of the decoded pixels by SOP Instance UID; empty where they have none.
        confirmed: from ``picture_names``.
    """
    names = [_names_of(row, decoded.get(row["sop_instance_uid"], ""), confirmed) for row in rows]
    own = [(SPLITS.index(row["split"]), SPLITS.index(split_of(row["patient_key"]))) for row in rows]
    strictest: dict[Name, tuple[int, int]] = {}
    settled = False
    while not settled:  # what is stored like one image and decodes like another joins the two
        settled = True
        for level, known in zip(own, names, strict=True):
            highest = max((level, *(strictest.get(name, (0, 0)) for name in known)))
            for name in known:
                settled = settled and strictest.get(name) == highest
                strictest[name] = highest
    return [
        row
        for row, level, known in zip(rows, own, names, strict=True)
        if all(strictest[name] == level for name in known)
    ]


def copies_among(rows: list[Json], decoded: dict[str, str], confirmed: Union) -> Json:
    """Return how many pictures came more than once under several patients: ``{pictures, images, patients}``."""
    joined, patients = Union(), dict[str, set[str]]()
    for row in rows:
        own = f"image\0{row['sop_instance_uid']}"
        for kind, digest, _ in _names_of(row, decoded.get(row["sop_instance_uid"], ""), confirmed):
            joined.join(own, f"{kind}\0{digest}")
    images: dict[str, set[str]] = {}
    for row in rows:
        top = joined.top(f"image\0{row['sop_instance_uid']}")
        patients.setdefault(top, set()).add(row["patient_key"])
        images.setdefault(top, set()).add(row["sop_instance_uid"])
    several = [top for top, keys in patients.items() if len(keys) > 1]
    return {
        "pictures": len(several),
        "images": sum(len(images[top]) for top in several),
        "patients": len(set().union(*(patients[top] for top in several))) if several else 0,
    }


def _names_of(row: Json, decoded: str, confirmed: Union) -> list[Name]:
    seen_as = confirmed.top(row["sop_instance_uid"])
    named = [("stored", row["pixel_digest"]), ("decoded", decoded)]
    if seen_as != row["sop_instance_uid"] or confirmed.stands_for_others(seen_as):
        named.append(("confirmed", seen_as))
    return [(kind, digest, row["frame_number"]) for kind, digest in named if digest]
