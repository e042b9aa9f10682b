"""From maps and masks to outlines a reader can accept or correct."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

from inference.engine.outlines import pixel_outlines, signed_area
from inference.engine.results import Region

MOST_POINTS = 200
_SMALLEST_PIXELS = 4
_TOLERANCE = 0.25
_MOST_REGIONS = 20


def outline(field: NDArray[np.floating], level: float) -> tuple[tuple[float, float], ...]:
    """Return the longest outline of ``field`` at ``level`` as (column, row) points, pixel centres at whole numbers.

    Args:
        field: [J, I]; above ``level`` is inside.
        level: of the outline.

    Returns:
        At least 3 and at most 200 points, closed without repeating the first; empty where there is none.
    """
    # One row and column of outside all around, so that what touches the border is closed too: mirrored at the level,
    # so that the outline runs halfway, along the border of the outermost pixels.
    padded = np.pad(field.astype(np.float64), 1, mode="edge")
    edge = np.ones(padded.shape, np.bool_)
    edge[1:-1, 1:-1] = False
    padded[edge] = np.minimum(padded[edge], 2 * level - padded[edge]) - 1e-9
    lines: list[NDArray[np.float64]] = find_contours(padded, level)  # type: ignore[no-untyped-call]
    if not lines:
        return ()
    line = _short_enough(_simplified(max(lines, key=_enclosed), _TOLERANCE))
    return _closed([(round(float(i) - 1, 3), round(float(j) - 1, 3)) for j, i in line])


def mask_outline(mask_ji: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """Return the outer line round the largest part of a mask, along the edges of its pixels: as of ``outline``.

    It encloses exactly the areas of the part's pixels (and its holes), unless that takes more than 200 points.
    """
    loops = pixel_outlines(mask_ji)
    if not loops:
        return ()
    longest = max(loops, key=signed_area)
    if len(longest) <= MOST_POINTS:
        return _closed(longest)
    return _closed([(float(i), float(j)) for i, j in _short_enough(np.array([*longest, longest[0]]))])


def regions_of_map(
    values: NDArray[np.float32], *, label: str, frame: int, level: float, probability: float
) -> list[Region]:
    """Turn a location map into proposed regions.

    Args:
        values: [J, I], 0…1, the image's own grid.
        label: of the map.
        frame: it belongs to.
        level: inside is at or above it.
        probability: calibrated, of the label on this frame; the strongest region has it, weaker ones have it in
            proportion to their peak.
    """
    parts, _ = ndimage.label(values >= level)
    top = float(values.max())
    found = []
    for number, (where, inside) in enumerate(_parts(parts), start=1):
        peak = float(values[where][inside].max())
        if inside.sum() < _SMALLEST_PIXELS:
            continue
        # The part of its own only, with the values around it so that the outline runs between the pixels.
        wide = tuple(slice(max(0, s.start - 1), s.stop + 1) for s in where)
        field = np.where((parts[wide] == number) | (parts[wide] == 0), values[wide], 0.0)
        own = probability * peak / top if top > 0 else 0.0
        found.append(_region(outline(field, level), wide, label, frame, float(inside.sum()), own))
    return _strongest(found)


def regions_of_mask(mask_kji: NDArray[np.bool_], probability_kji: NDArray[np.float32], *, label: str) -> list[Region]:
    """Turn a mask into one region for each connected part, outlined on the frame where it is largest.

    Args:
        mask_kji: bool [K, J, I].
        probability_kji: float32 [K, J, I]; the mean inside a part is its probability.
        label: of the mask.
    """
    parts, _ = ndimage.label(mask_kji)
    found = []
    for where, inside in _parts(parts):
        if inside.sum() < _SMALLEST_PIXELS:
            continue
        largest = int(inside.sum(axis=(1, 2)).argmax())
        section = inside[largest]
        probability = float(probability_kji[where][inside].mean())
        frame = where[0].start + largest
        found.append(_region(mask_outline(section), where[1:], label, frame, float(section.sum()), probability))
    return _strongest(found)


def _parts(parts: NDArray[np.integer]) -> list[tuple[tuple[slice, ...], NDArray[np.bool_]]]:
    return [
        (where, parts[where] == number)
        for number, where in enumerate(ndimage.find_objects(parts), start=1)
        if where is not None
    ]


def _region(
    polygon: tuple[tuple[float, float], ...],
    where: tuple[slice, ...],
    label: str,
    frame: int,
    area: float,
    probability: float,
) -> Region | None:
    if not polygon:
        return None
    top, left = where[0].start, where[1].start
    points = tuple((x + left, y + top) for x, y in polygon)
    columns, rows = [x for x, _ in points], [y for _, y in points]
    box = (min(columns), min(rows), max(columns), max(rows))
    return Region(label, frame, points, box, area, probability)


def _strongest(found: list[Region | None]) -> list[Region]:
    regions = [region for region in found if region is not None]
    return sorted(regions, key=lambda region: (-region.probability, -region.area_pixels))[:_MOST_REGIONS]


def _short_enough(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out points that matter least, until there are few enough."""
    tolerance, short = _TOLERANCE, line
    while len(short) > MOST_POINTS:
        tolerance *= 1.5
        short = _simplified(line, tolerance)
    return short


def _closed(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return points without the first one repeated at the end; none where they enclose nothing."""
    if len(points) > 1 and points[0] == points[-1]:
        points = points[:-1]
    return tuple(points) if len(points) >= 3 else ()


def _simplified(line: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    return np.asarray(approximate_polygon(line, tolerance))  # type: ignore[no-untyped-call]


def _enclosed(line: NDArray[np.float64]) -> float:
    rows, columns = line[:, 0], line[:, 1]
    return float(abs(np.dot(rows, np.roll(columns, 1)) - np.dot(columns, np.roll(rows, 1))) / 2)
