"""What an instance is: a picture, a layer of pictures, a document … told by its SOP class (PS3.4 B.5)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class ObjectKind(StrEnum):
    """What one instance is for a reader."""

    PICTURE = "picture"
    SEGMENTATION = "segmentation"
    PARAMETRIC_MAP = "parametric_map"
    DOSE = "dose"
    STRUCTURE_SET = "structure_set"
    PRESENTATION_STATE = "presentation_state"
    KEY_OBJECTS = "key_objects"
    REPORT = "report"
    DOCUMENT = "document"
    VIDEO = "video"
    WAVEFORM = "waveform"
    SPECTRUM = "spectrum"
    REGISTRATION = "registration"
    SURFACE = "surface"
    PLAN = "plan"
    RAW = "raw"
    OTHER = "other"


#: How each kind is called on a screen (singular).
WORDS: Final[dict[ObjectKind, str]] = {
    ObjectKind.PICTURE: "image",
    ObjectKind.SEGMENTATION: "segmentation",
    ObjectKind.PARAMETRIC_MAP: "parametric map",
    ObjectKind.DOSE: "radiotherapy dose",
    ObjectKind.STRUCTURE_SET: "radiotherapy structure set",
    ObjectKind.PRESENTATION_STATE: "presentation state",
    ObjectKind.KEY_OBJECTS: "key object selection",
    ObjectKind.REPORT: "structured report",
    ObjectKind.DOCUMENT: "document",
    ObjectKind.VIDEO: "video",
    ObjectKind.WAVEFORM: "waveform",
    ObjectKind.SPECTRUM: "spectrum",
    ObjectKind.REGISTRATION: "registration",
    ObjectKind.SURFACE: "surface",
    ObjectKind.PLAN: "radiotherapy plan or record",
    ObjectKind.RAW: "raw data",
    ObjectKind.OTHER: "object without an image",
}

_S: Final = "1.2.840.10008.5.1.4.1.1."
_BY_CLASS: Final[dict[str, ObjectKind]] = {
    _S + "66.4": ObjectKind.SEGMENTATION,
    _S + "66.7": ObjectKind.SEGMENTATION,  # Label Map Segmentation
    _S + "66.8": ObjectKind.SEGMENTATION,  # Height Map Segmentation
    _S + "66.5": ObjectKind.SURFACE,
    _S + "66.6": ObjectKind.SURFACE,
    _S + "66": ObjectKind.RAW,
    _S + "30": ObjectKind.PARAMETRIC_MAP,
    _S + "481.2": ObjectKind.DOSE,
    _S + "481.3": ObjectKind.STRUCTURE_SET,
    _S + "481.11": ObjectKind.STRUCTURE_SET,
    _S + "88.59": ObjectKind.KEY_OBJECTS,
    _S + "4.2": ObjectKind.SPECTRUM,
    _S + "78.6": ObjectKind.REPORT,
    _S + "79.1": ObjectKind.REPORT,
    _S + "67": ObjectKind.OTHER,
}
#: Every class whose UID begins so, where the table above does not name it.
_BY_ROOT: Final[tuple[tuple[str, ObjectKind], ...]] = (
    (_S + "11.", ObjectKind.PRESENTATION_STATE),
    (_S + "88.", ObjectKind.REPORT),
    (_S + "104.", ObjectKind.DOCUMENT),
    (_S + "9.", ObjectKind.WAVEFORM),
    (_S + "66.", ObjectKind.REGISTRATION),
    (_S + "68.", ObjectKind.SURFACE),
    (_S + "78.", ObjectKind.REPORT),
)
#: Images by class that are always a motion picture (PS3.3 A.32.5 to A.32.7).
_VIDEO_CLASSES: Final = frozenset({_S + "77.1.1.1", _S + "77.1.2.1", _S + "77.1.4.1"})
#: Compressed video streams (PS3.5 10.11 to 10.14 and 8.2.5 to 8.2.9): MPEG-2, H.264, H.265.
_VIDEO_SYNTAXES: Final = tuple(f"1.2.840.10008.1.2.4.{number}" for number in range(100, 109))
#: Classes with pixels that are no picture of their own but lie over, or are computed from, pictures.
LAYER_CLASSES: Final = tuple(
    uid
    for uid, kind in _BY_CLASS.items()
    if kind in (ObjectKind.SEGMENTATION, ObjectKind.PARAMETRIC_MAP, ObjectKind.DOSE)
)


def is_video(transfer_syntax_uid: str) -> bool:
    """Say whether a transfer syntax is a compressed video stream, in one piece or in fragments."""
    return transfer_syntax_uid.removesuffix(".1") in _VIDEO_SYNTAXES


def object_kind(sop_class_uid: str, transfer_syntax_uid: str = "", *, has_pixels: bool = True) -> ObjectKind:
    """Return what an instance is.

    Args:
        sop_class_uid: of the instance; an unknown class with pixels is a picture, without it is something else.
        transfer_syntax_uid: tells compressed video from pictures.
        has_pixels: the instance has a pixel data element.
    """
    if has_pixels and is_video(transfer_syntax_uid):
        return ObjectKind.VIDEO
    known = _BY_CLASS.get(sop_class_uid)
    if known is None:
        known = next((kind for root, kind in _BY_ROOT if sop_class_uid.startswith(root)), None)
    if known is not None:
        return known
    if has_pixels:
        return ObjectKind.PICTURE
    if sop_class_uid in _VIDEO_CLASSES:
        return ObjectKind.VIDEO
    return ObjectKind.PLAN if sop_class_uid.startswith(_S + "481.") else ObjectKind.OTHER
