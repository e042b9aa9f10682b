"""Copies: one picture under several patients is taught in one split only."""

from __future__ import annotations

from typing import Any

from annotations.dataset.split import SPLITS

Json = dict[str, Any]


def without_copies(rows: list[Json], decoded: dict[str, str]) -> list[Json]:
    """Keep an image that came under several patients in the strictest split only, so that nothing leaks.

    Images are copies that are stored alike, or decode alike: one may have come as it is, the other compressed.

    Args:
        decoded: digest of the decoded pixels by SOP Instance UID; empty where they have none.
    """
    names = [_names_of(row, decoded[row["sop_instance_uid"]]) for row in rows]
    own = [SPLITS.index(row["split"]) for row in rows]
    strictest: dict[tuple[str, str, int], int] = {}
    settled = False
    while not settled:  # what is stored like one image and decodes like another joins the two
        settled = True
        for level, known in zip(own, names, strict=True):
            highest = max((level, *(strictest.get(name, 0) for name in known)))
            for name in known:
                settled = settled and strictest.get(name, -1) == highest
                strictest[name] = highest
    return [
        row
        for row, level, known in zip(rows, own, names, strict=True)
        if all(strictest[name] == level for name in known)
    ]


def _names_of(row: Json, decoded: str) -> list[tuple[str, str, int]]:
    named = [("stored", row["pixel_digest"]), ("decoded", decoded)]
    return [(kind, digest, row["frame_number"]) for kind, digest in named if digest]
