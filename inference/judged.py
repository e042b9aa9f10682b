"""What was judged: masks (as runs) or boxes of a test case, kept so that a report shows exactly what it counted."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from annotations.geometry.rasters import mask_to_runs, runs_to_mask
from core import blobs
from inference.engine.boxes import Box, Boxes, centred_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inference.engine.sample import Sample

Json = dict[str, Any]
Lines = list[list[list[float]]]


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


def boxes_keep(
    sample: Sample, shape_kji: tuple[int, int, int], boxes: Mapping[str, tuple[Sequence[Box], Sequence[Box]]]
) -> str:
    """Keep the boxes of a case; returns the blob's digest, or "" where there are none.

    Args:
        sample: the case.
        shape_kji: of its image.
        boxes: label key → (said, true), as of ``inference.engine.boxes``.
    """
    some = {key: pair for key, pair in boxes.items() if pair[0] or pair[1]}
    if not some or sample.frames is None:
        return ""
    labels = {key: {"said": list(map(list, said)), "true": list(map(list, true))} for key, (said, true) in some.items()}
    frames = [list(frame) for frame in sample.frames()]
    kept = {"rows": shape_kji[1], "columns": shape_kji[2], "frames": frames, "labels": labels}
    return blobs.put(zlib.compress(json.dumps(kept).encode(), 6))


def boxes_on_shown_slice(kept: Json, label: str) -> tuple[int, Lines, Lines]:
    """Return the slice k of a case that is shown, and the boxes that reach it: said, and true, each as a closed line.

    The slice through the middle of what was missed, else of what lies beside, else of the first true box.
    """
    said, true = (np.array(kept["labels"][label][name], np.float64).reshape(-1, 6) for name in ("said", "true"))
    hit = centred_in(said, true)
    wrong = [*true[~hit.any(axis=0)], *said[~hit.any(axis=1)], *true, *said]
    k = min(max(0, round(float(wrong[0][0] + wrong[0][3]) / 2)), len(kept["frames"]) - 1)

    def lines(boxes: Boxes) -> Lines:
        here = boxes[(boxes[:, 0] < k + 0.5) & (boxes[:, 3] > k - 0.5)]
        return [[[i0, j0], [i1, j0], [i1, j1], [i0, j1]] for _, j0, i0, _, j1, i1 in here.tolist()]

    return k, lines(said), lines(true)
