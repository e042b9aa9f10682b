"""What lies over pictures: one segment, one map, one dose grid or one outlined region is one layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from imaging.dicom.frame_space import FrameSpace
from imaging.dicom.geometry import normal_of
from imaging.dicom.header_values import FrameHeader, numbers
from imaging.dicom.json_model import Json, items
from imaging.dicom.plane import Plane

#: (SOP Instance UID, frame number from 1, or 0 for an image as a whole).
Source = tuple[str, int]
#: Millimetres and pixels that are no distance but rounding.
ROUNDING: Final = 1e-3
_PARALLEL: Final = 1e-4


class LayerKind(StrEnum):
    """How a layer is drawn."""

    SEGMENT = "segment"
    MAP = "map"
    DOSE = "dose"
    OUTLINES = "outlines"


@dataclass(frozen=True, slots=True)
class LayerFrame:
    """One frame of a layer's object.

    Attributes:
        number: from 1.
        plane: where it lies in the patient, or None.
        sources: the images it was made of.
    """

    number: int
    plane: Plane | None
    sources: frozenset[Source] = frozenset()


@dataclass(frozen=True, slots=True)
class Contour:
    """One line of an outlined region (PS3.3 C.8.8.6).

    Attributes:
        points: LPS mm, shape (n, 3).
        closed: its last point is joined to its first.
        sources: the images it was drawn on.
    """

    points: NDArray[np.float64]
    closed: bool
    sources: frozenset[Source] = frozenset()


@dataclass(frozen=True, slots=True)
class Stack:
    """The frames of a layer that lie in one direction, one at each place.

    Attributes:
        normal: unit vector, LPS.
        heights: of the frames along it, mm, rising.
    """

    normal: NDArray[np.float64]
    heights: NDArray[np.float64]
    frames: tuple[LayerFrame, ...]


@dataclass(frozen=True)
class Layer:
    """One thing that can be laid over pictures.

    Attributes:
        number: of the segment, the region or the map in its object.
        color: ``#rrggbb``; empty where values are shown in colours.
        unit: of its values; empty where nothing names one.
        algorithm_type: MANUAL, SEMIAUTOMATIC, AUTOMATIC (PS3.3 C.8.20.2); empty where nothing says it.
        maker: the algorithm; of maps and dose the equipment.
        rows, columns: of its frames; 0 for outlines.
        slab_mm: how thick a frame is: up to half of it above and below it holds.
    """

    number: int
    kind: LayerKind
    label: str
    color: str
    unit: str
    algorithm_type: str
    maker: str
    frame_of_reference_uid: str
    rows: int = 0
    columns: int = 0
    frames: tuple[LayerFrame, ...] = ()
    contours: tuple[Contour, ...] = ()
    slab_mm: float = 1.0

    @cached_property
    def stacks(self) -> tuple[Stack, ...]:
        """The placed frames by their direction; of several at one place the first."""
        groups: list[tuple[NDArray[np.float64], list[LayerFrame]]] = []
        for frame in self.frames:
            if frame.plane is None:
                continue
            own = np.asarray(frame.plane.orientation)
            for known, members in groups:
                if float(np.abs(known - own).max()) < _PARALLEL:
                    members.append(frame)
                    break
            else:
                groups.append((own, [frame]))
        found = []
        for orientation, members in groups:
            normal = normal_of(tuple(orientation))
            heights = np.array([np.dot(one.plane.position, normal) for one in members if one.plane is not None])
            order = np.argsort(heights, kind="stable")
            first = np.concatenate([[True], np.diff(heights[order]) > ROUNDING])
            kept = order[first]
            found.append(Stack(normal, heights[kept], tuple(members[int(at)] for at in kept)))
        return tuple(found)

    @property
    def may_be_a_models(self) -> bool:
        """Say whether a model may have made it: all but dose and what says that a person drew it."""
        return self.kind is not LayerKind.DOSE and self.algorithm_type != "MANUAL"

    @property
    def made_by(self) -> str:
        """Who made it, in words."""
        if self.kind in (LayerKind.MAP, LayerKind.DOSE):
            return f"Made with {self.maker}" if self.maker else "Does not say what made it"
        how = _MADE.get(self.algorithm_type, "Does not say who or what made it")
        return f"{how}: {self.maker}" if self.maker else how


_MADE: Final = {
    "MANUAL": "Drawn by a person",
    "SEMIAUTOMATIC": "Made by a person with an algorithm",
    "AUTOMATIC": "Made by an algorithm",
}
#: Of what names no colour of its own, in turn.
COLORS: Final = ("#4fb3e8", "#e9b949", "#4cc38a", "#f2706b", "#b48cf2", "#f29ad1", "#7fd6c2", "#d6d34f")


def plane_of(space: FrameSpace) -> Plane | None:
    """Return where a frame lies in the patient, or None where its header does not prove it."""
    mm = space.spacing_mm
    if space.position is None or space.orientation is None or mm is None or space.spacing.unit != "mm":
        return None
    return Plane(space.position, space.orientation, mm)


def sources_of(header: FrameHeader) -> frozenset[Source]:
    """Return the images that a frame was made of (PS3.3 C.7.6.16.2.6, C.12.4.1)."""
    found: set[Source] = set()
    for group in (*header.groups, header.instance):
        for derivation in items(group, "00089124"):
            found |= set(referenced(derivation, "00082112"))
    return frozenset(found or referenced(header.instance, "00082112"))


def referenced(place: Json, sequence: str) -> Iterator[Source]:
    """Yield the images that a sequence of references names."""
    for item in items(place, sequence):
        uid = str((item.get("00081155", {}).get("Value") or [""])[0] or "")
        frames = numbers(item.get("00081160", {}).get("Value") or []) or [0]
        for frame in frames if uid else []:
            yield uid, int(frame)


def thickness_mm(header: FrameHeader, default: float = 1.0) -> float:
    """Return how thick a frame says it is, in mm: the distance of slices before their thickness."""
    for tag in ("00180088", "00180050"):
        found = numbers(header.values("00289110", tag))
        if found and abs(found[0]) > 0:
            return abs(found[0])
    return default
