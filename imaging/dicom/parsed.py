"""What is known of an instance after its file was parsed in the child process."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from imaging.dicom.refusals import refusal

_UID: Final = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)
_UIDS: Final = ("study_instance_uid", "series_instance_uid", "sop_instance_uid", "sop_class_uid", "transfer_syntax_uid")


@dataclass(frozen=True, slots=True)
class ParsedInstance:
    """Index fields (DICOM keywords in snake_case), where the frames lie, and how the image may be shown.

    Attributes:
        patient: Patient ID (may be empty) with issuer, and name, birth date and sex as stated.
        study: fields of the study; dates as ``YYYY-MM-DD`` or None.
        series: fields of the series.
        instance: fields of the instance that describe its pixels.
        frame_spans: ``[[offset, length], …]`` in bytes; empty when frames are not in one piece each.
        pixel_digest: SHA-256 of the pixel data element's value; empty without pixels.
        decoded_digest: SHA-256 of all frames as decoded, the same in every lossless encoding; empty where not all
            of them were decoded.
        text_code: why letters of its texts may be wrong (see ``imaging.dicom.charsets``); empty when they are right.
        display: as_stored, converted, no_pixels, or undecodable (kept, but no decoder here reads its compression).
        display_code: why it is not shown as stored.
        frames_decoded: how many frames were really decoded to find that out.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    patient: dict[str, Any] = field(default_factory=dict)
    study: dict[str, Any] = field(default_factory=dict)
    series: dict[str, Any] = field(default_factory=dict)
    instance: dict[str, Any] = field(default_factory=dict)
    frame_spans: list[list[int]] = field(default_factory=list)
    pixel_digest: str = ""
    decoded_digest: str = ""
    text_code: str = ""
    display: str = "no_pixels"
    display_code: str = ""
    frames_decoded: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON, to be sent from the child."""
        return asdict(self)

    @classmethod
    def from_json(cls, answer: dict[str, Any]) -> ParsedInstance:
        """Check and return what a child sent: it read hostile bytes and is not believed blindly.

        Raises:
            Refused: bad_uid, or parse_crashed when the answer makes no sense.
        """
        known = {entry.name for entry in fields(cls)}
        if set(answer) != known or answer["display"] not in ("as_stored", "converted", "no_pixels", "undecodable"):
            raise refusal("parse_crashed")
        for name in _UIDS:
            check_uid(answer[name])
        return cls(**answer)


def check_uid(uid: object) -> str:
    """Return a UID that is one (PS3.5 9.1, leading zeros tolerated).

    Raises:
        Refused: missing_uid, bad_uid.
    """
    if not isinstance(uid, str) or not uid:
        raise refusal("missing_uid")
    if len(uid) > 64 or not _UID.fullmatch(uid):
        raise refusal("bad_uid")
    return uid
