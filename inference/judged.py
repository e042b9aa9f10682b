"""What was judged: the masks of a test case, kept as runs, so that a report shows exactly what it counted."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from annotations.geometry.rasters import mask_to_runs, runs_to_mask
from core import blobs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inference.engine.sample import Sample

Json = dict[str, Any]


def masks_keep(sample: Sample, masks: Mapping[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]) -> str:
    """Keep the masks of a case; returns the blob's digest, or "" where nothing is painted and nothing is there.

    Args:
        sample: the case.
        masks: label key → (painted, true), bool [K, J, I] each.
    """
    some = {key: pair for key, pair in masks.items() if pair[0].any() or pair[1].any()}
    if not some or sample.frames is None:
        return ""
    shape = next(iter(some.values()))[0].shape
    kept = {
        "rows": shape[1],
        "columns": shape[2],
        "frames": [list(frame) for frame in sample.frames()],
        "labels": {key: _label(*pair) for key, pair in some.items()},
    }
    return blobs.put(zlib.compress(json.dumps(kept).encode(), 6))


def _label(painted: NDArray[np.bool_], true: NDArray[np.bool_]) -> Json:
    either = np.flatnonzero((painted | true).any(axis=(1, 2)))
    wrong = {int(k): int(np.count_nonzero(painted[k] != true[k])) for k in either}
    sizes = {int(k): int(np.count_nonzero(painted[k] | true[k])) for k in either}
    return {
        # The slice that is shown: where the two differ most; of equal ones that with most to see.
        "shown": max(wrong, key=lambda k: (wrong[k], sizes[k])),
        "slices": [[int(k), mask_to_runs(painted[k]), mask_to_runs(true[k])] for k in either],
    }


def masks_kept(digest: str) -> Json:
    """Return what ``masks_keep`` kept."""
    kept: Json = json.loads(zlib.decompress(blobs.get(digest)))
    return kept


def shown_slice(kept: Json, label: str) -> tuple[tuple[str, int], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the slice of a case that is shown: (SOP Instance UID, frame number), and painted_ji and true_ji there."""
    found, shape = kept["labels"][label], (kept["rows"], kept["columns"])
    k = found["shown"]
    painted, true = next((one[1], one[2]) for one in found["slices"] if one[0] == k)
    uid, number = kept["frames"][k]
    return (uid, number), runs_to_mask(painted, shape), runs_to_mask(true, shape)
