"""What the training cases of a dataset have in common: sizes, distances, greys, how much of them is marked.

Pure numbers over facts that somebody else has read; knows no torch and no file. nnU-Net (Isensee 2021) calls it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.engine.sample import Image, MaskLoader, Sample

Json = dict[str, Any]
#: Raise it when the same dataset gives other figures.
REVISION: Final = 1
#: Values of an image, and of what is marked on it, that count for its greys.
_VALUES_OF_AN_IMAGE: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class FrameRow:
    """What is known of one training image without decoding it.

    Args:
        series, patient: whose it is.
        rows, columns: of the image.
        modality: DICOM's code.
        colour: three samples a pixel.
        spacing_mm: (between rows, between columns), or None where the image does not prove it.
        known: labels of which is said whether they are there.
        marked: label → how many of its pixels are marked.
    """

    series: str
    patient: str
    rows: int
    columns: int
    modality: str
    colour: bool = False
    spacing_mm: tuple[float, float] | None = None
    known: Mapping[str, int] = field(default_factory=dict)
    marked: Mapping[str, int] = field(default_factory=dict)


@dataclass(kw_only=True)
class Seen:
    """What was found in the images that were decoded: a few, spread evenly over the cases."""

    images: int = 0
    slices: int = 0
    slices_mm: list[float] = field(default_factory=list)
    volumes: int = 0
    even_volumes: int = 0
    values: list[NDArray[np.float32]] = field(default_factory=list)
    marked_values: list[NDArray[np.float32]] = field(default_factory=list)

    def look(self, sample: Sample) -> None:
        """Decode a case and take notes of it."""
        image = sample.load()
        self.images += 1
        self.slices += image.shape_kji[0]
        if image.shape_kji[0] > 1:
            self.volumes += 1
            self.even_volumes += image.even_slices and image.spacing_mm_kji is not None
            if image.spacing_mm_kji is not None and image.spacing_mm_kji[0] is not None:
                self.slices_mm.append(image.spacing_mm_kji[0])
        if image.is_colour:
            return
        self.values.append(_spread(image.pixels_kji.reshape(-1)))
        found = _marked(image, [load for load in sample.regions.values() if load is not None])
        if found is not None and len(found):
            self.marked_values.append(_spread(found))


def _marked(image: Image, loads: Sequence[MaskLoader]) -> NDArray[np.float32] | None:
    marked = np.zeros(image.shape_kji, np.bool_)
    for load in loads:
        marked |= load()
    return image.pixels_kji[marked] if loads else None


def _spread(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values[:: max(1, len(values) // _VALUES_OF_AN_IMAGE)]


def fingerprint_of(rows: Sequence[FrameRow], seen: Seen, labels: Sequence[str]) -> Json:
    """Return the figures, as JSON.

    Args:
        rows: every training image; those without ``spacing_mm`` count as without.
        seen: what decoding a few of them told.
        labels: the keys that are asked for.
    """
    frames = _count(row.series for row in rows)
    spaced = [row for row in rows if row.spacing_mm is not None]
    distances = np.array([row.spacing_mm for row in spaced], float).reshape(-1, 2)
    extents = np.array([(row.rows, row.columns) for row in spaced], float).reshape(-1, 2) * distances
    return {
        "revision": REVISION,
        "images": len(rows),
        "series": len(frames),
        "patients": len({row.patient for row in rows}),
        "modalities": dict(sorted(_count(row.modality for row in rows).items())),
        "colour": sum(row.colour for row in rows),
        "rows": _range([row.rows for row in rows]),
        "columns": _range([row.columns for row in rows]),
        "frames": _range(list(frames.values())),
        "with_spacing": len(spaced),
        "spacing_mm": {
            "rows": _range(distances[:, 0]),
            "columns": _range(distances[:, 1]),
            "slices": _range(seen.slices_mm),
        },
        "extent_mm": {"rows": _range(extents[:, 0]), "columns": _range(extents[:, 1])},
        "states": {label: _states(rows, label) for label in labels},
        "marked": {label: _shares(rows, label) for label in labels},
        "looked_at": {
            "images": seen.images,
            "volumes": seen.volumes,
            "even_volumes": seen.even_volumes,
            "greys": _greys(seen.values),
            "marked_greys": _greys(seen.marked_values),
        },
    }


def _count(names: Iterable[str]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for name in names:
        counted[name] = counted.get(name, 0) + 1
    return counted


def _range(values: Sequence[float] | NDArray[np.float64]) -> Json | None:
    """Return the 5th percentile, the median and the 95th; None of nothing."""
    if len(values) == 0:
        return None
    low, middle, high = np.percentile(np.asarray(values, float), (5, 50, 95))
    return {"p5": _short(low), "median": _short(middle), "p95": _short(high)}


def _states(rows: Sequence[FrameRow], label: str) -> Json:
    said = [row.known.get(label) for row in rows]
    return {"present": said.count(1), "absent": said.count(0), "unknown": said.count(None)}


def _shares(rows: Sequence[FrameRow], label: str) -> Json:
    """Return on how many images a label is marked, and how much of these it covers."""
    shares = [row.marked[label] / (row.rows * row.columns) for row in rows if row.marked.get(label)]
    return {"images": len(shares), "share": _range(shares)}


def _greys(values: Sequence[NDArray[np.float32]]) -> Json | None:
    if not values:
        return None
    low, p5, middle, p95, high = np.percentile(np.concatenate(values), (0.5, 5, 50, 95, 99.5))
    return {
        "p0_5": _short(low), "p5": _short(p5), "median": _short(middle), "p95": _short(p95), "p99_5": _short(high),
    }  # fmt: skip


def _short(value: float) -> float:
    """Return a figure with four digits: more of it would be noise, and less would hide a difference."""
    return float(f"{value:.4g}")
