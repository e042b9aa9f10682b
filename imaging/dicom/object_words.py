"""What an object without a picture of its own says of itself, in words, read from its header (DICOM JSON model)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from imaging.dicom.object_kinds import ObjectKind

Json = dict[str, Any]
_MOST_LINES: Final = 400
_MOST_DEPTH: Final = 12
_LAYERS: Final = frozenset(
    {ObjectKind.SEGMENTATION, ObjectKind.PARAMETRIC_MAP, ObjectKind.DOSE, ObjectKind.STRUCTURE_SET}
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an object's content; ``depth`` from 0 is how far it stands to the right."""

    depth: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ObjectWords:
    """What an object says of itself.

    Attributes:
        title: its own title; empty where it has none.
        lines: what it holds, line by line.
        series: Series Instance UIDs of the images it speaks of.
        is_layer: it lies over those images, rather than beside them.
        may_be_a_models: a model may have made it: nothing says that a person did, of what models make.
    """

    title: str = ""
    lines: list[Line] = field(default_factory=list)
    series: list[str] = field(default_factory=list)
    is_layer: bool = False
    may_be_a_models: bool = False


def object_words(kind: ObjectKind, header: Json) -> ObjectWords:
    """Return what an object says of itself.

    Args:
        kind: of the object.
        header: its DICOM JSON header.
    """
    title = next(filter(None, (_text(header, tag) for tag in _TITLES)), "")
    lines = list(_lines(kind, header))[:_MOST_LINES]
    if kind in (ObjectKind.REPORT, ObjectKind.KEY_OBJECTS):
        title = _meaning(header, "0040A043") or title
    return ObjectWords(title, lines, sorted(set(_series(header))), kind in _LAYERS, _may_be_a_models(kind, header))


#: Reports of computer-aided detection: of mammograms, chests and colons.
_CAD_REPORTS: Final = tuple(f"1.2.840.10008.5.1.4.1.1.88.{number}" for number in (50, 65, 69))
_OBSERVER_TYPE, _DEVICE = "121005", "121007"


def _may_be_a_models(kind: ObjectKind, header: Json) -> bool:
    if kind is ObjectKind.PARAMETRIC_MAP:
        return True
    if kind in (ObjectKind.SEGMENTATION, ObjectKind.SURFACE):
        return any(_text(item, "00620008").upper() != "MANUAL" for item in _items(header, "00620002"))
    if kind is ObjectKind.STRUCTURE_SET:
        return any(_text(item, "30060036").upper() != "MANUAL" for item in _items(header, "30060020"))
    if kind is ObjectKind.REPORT:
        observers = [_code(item, "0040A168") for item in _items(header, "0040A730") if _is_observer(item)]
        return _text(header, "00080016") in _CAD_REPORTS or _DEVICE in observers
    return False


def _is_observer(item: Json) -> bool:
    return _code(item, "0040A043") == _OBSERVER_TYPE


#: Document Title, Content Description, Content Label, Structure Set Label, RT Plan Label.
_TITLES: Final = ("00420010", "00700081", "00700080", "30060002", "300A0002", "0008103E")


def _lines(kind: ObjectKind, header: Json) -> Iterator[Line]:
    if kind is ObjectKind.SEGMENTATION:
        for item in _items(header, "00620002"):
            how = _text(item, "00620008").lower()
            yield Line(0, _text(item, "00620005") or _meaning(item, "0062000F"), f"{how} segment".strip())
    elif kind is ObjectKind.STRUCTURE_SET:
        for item in _items(header, "30060020"):
            yield Line(0, _text(item, "30060026"), "region of interest")
    elif kind in (ObjectKind.REPORT, ObjectKind.KEY_OBJECTS):
        yield from _content(header, 0)
        if kind is ObjectKind.KEY_OBJECTS:
            marked = sum(
                len(_items(series, "00081199"))
                for study in _items(header, "0040A375")
                for series in _items(study, "00081115")
            )
            yield Line(0, "Marked", f"{marked} objects" if marked != 1 else "1 object")
    elif kind is ObjectKind.WAVEFORM:
        for item in _items(header, "54000100"):
            rate, samples = _number(item, "003A001A"), _number(item, "003A0010")
            seconds = f", {samples / rate:g} s" if rate and samples else ""
            yield Line(0, "Recording", f"{_number(item, '003A0005') or 0:g} channels{seconds}")
    elif kind is ObjectKind.DOSE:
        yield Line(0, "Dose", " ".join(filter(None, (_text(header, "30040004"), _text(header, "30040002")))))
    elif kind is ObjectKind.DOCUMENT:
        yield Line(0, "Type", _text(header, "00420012") or "not said")
    elif kind is ObjectKind.VIDEO:
        rows, columns, count = (_text(header, tag) for tag in ("00280010", "00280011", "00280008"))
        yield Line(0, "Video", f"{columns} × {rows}, {count or 'unknown number of'} frames")


def _content(item: Json, depth: int) -> Iterator[Line]:
    """Yield the content tree of a report (PS3.3 C.17.3), depth first."""
    if depth > _MOST_DEPTH:
        return
    for child in _items(item, "0040A730"):
        yield Line(depth, _meaning(child, "0040A043"), _value(child))
        yield from _content(child, depth + 1)


def _value(item: Json) -> str:
    kind = _text(item, "0040A040")
    if kind == "CODE":
        return _meaning(item, "0040A168")
    if kind == "NUM":
        measured = next(iter(_items(item, "0040A300")), {})
        return " ".join(filter(None, (_text(measured, "0040A30A"), _code(measured, "004008EA"))))
    tags = {"TEXT": "0040A160", "PNAME": "0040A123", "DATE": "0040A121", "TIME": "0040A122", "DATETIME": "0040A120"}
    if kind in tags:
        return _text(item, tags[kind])
    return {"IMAGE": "(an image)", "WAVEFORM": "(a waveform)", "COMPOSITE": "(an object)"}.get(kind, "")


def _series(header: Json) -> Iterator[str]:
    for item in _items(header, "00081115"):
        yield _text(item, "0020000E")
    for evidence in ("0040A375", "0040A385"):
        for study in _items(header, evidence):
            for item in _items(study, "00081115"):
                yield _text(item, "0020000E")
    for frame in _items(header, "30060010"):
        for study in _items(frame, "30060012"):
            for item in _items(study, "30060014"):
                yield _text(item, "0020000E")


def _items(header: Json, tag: str) -> list[Json]:
    return [item for item in header.get(tag, {}).get("Value") or [] if isinstance(item, dict)]


def _text(header: Json, tag: str) -> str:
    value = (header.get(tag, {}).get("Value") or [""])[0]
    if isinstance(value, dict):
        value = value.get("Alphabetic") or value.get("Ideographic") or ""
    return str("" if value is None else value).replace("^", " ").strip()


def _number(header: Json, tag: str) -> float | None:
    try:
        return float(_text(header, tag))
    except ValueError:
        return None


def _meaning(header: Json, tag: str) -> str:
    return next((_text(item, "00080104") for item in _items(header, tag)), "")


def _code(header: Json, tag: str) -> str:
    return next((_text(item, "00080100") for item in _items(header, tag)), "")
