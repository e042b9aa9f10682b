"""The DICOM JSON model (PS3.18 annex F) of a data set without its pixels, and the RGB face of converted images."""

from __future__ import annotations

import base64
import json
import math
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from imaging.dicom.charsets import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Binary values above this many bytes are left to the bulk data route.
INLINE_LIMIT: Final = 1024
_BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "OB or OW", "US or OW", "US or SS or OW"})
_MEMO_LIMIT: Final = 20_000
_MEMO_VALUE_LIMIT: Final = 256
_PIXELS: Final = frozenset({0x7FE00001, 0x7FE00002, 0x7FE00008, 0x7FE00009, 0x7FE00010})
_MAX_DEPTH: Final = 24

Json = dict[str, Any]
_memo: OrderedDict[tuple[object, ...], Json] = OrderedDict()
_memo_lock = Lock()


def header_model(dataset: Dataset) -> Json:
    """Return the data set as DICOM JSON without pixel data and file meta information.

    Binary values above 1 KiB become a relative ``BulkDataURI`` ``bulkdata/<tag>[/<item>/<tag>…]``, which the
    metadata view completes. An element whose value cannot be understood is left out, the others stay.

    Args:
        dataset: the data set; deferred large values are not read.

    Returns:
        One JSON object, keys in tag order; to be written with ``dump``.
    """
    return _object(dataset, "bulkdata", 0)


def dump(model: object) -> bytes:
    """Write a model as compact, valid JSON (NaN and infinity as null)."""
    try:
        return json.dumps(model, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    except ValueError:
        text = json.dumps(_finite(model), separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return text.encode("utf-8", "replace")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return value


def _object(dataset: Dataset, where: str, depth: int) -> Json:
    result: Json = {}
    for tag in sorted(dataset.keys()):
        if int(tag) in _PIXELS or tag.element == 0 or tag.group < 0x0008:
            continue
        try:
            result[f"{int(tag):08X}"] = _element(dataset, tag, f"{where}/{int(tag):08X}", depth)
        except RecursionError:
            raise
        except Exception:  # One unreadable element must not hide the image: it is left out.
            continue
    return result


def _element(dataset: Dataset, tag: BaseTag, where: str, depth: int) -> Json:
    raw: Any = dataset.get_item(tag)
    if isinstance(raw, RawDataElement):
        if raw.value is None and raw.length and raw.length > INLINE_LIMIT:
            vr = raw.VR or _dictionary_vr(tag)
            if vr in _BINARY:
                return {"vr": _plain_vr(vr), "BulkDataURI": where}
        # Private elements take their VR from a dictionary keyed by their creator, so they are not shared.
        small = isinstance(raw.value, bytes) and len(raw.value) <= _MEMO_VALUE_LIMIT
        if small and raw.VR != "SQ" and not tag.is_private:
            charset = str(getattr(dataset, "_character_set", ""))
            ambiguous = dataset.get("PixelRepresentation") if raw.VR in (None, "US", "SS", "UN") else None
            key = (int(tag), raw.VR, raw.value, charset, raw.is_little_endian, raw.is_implicit_VR, ambiguous)
            with _memo_lock:
                known = _memo.get(key)
            if known is None:
                known = _value(dataset[tag], where, depth)
                with _memo_lock:
                    _memo[key] = known
                    if len(_memo) > _MEMO_LIMIT:
                        _memo.popitem(last=False)
            return known
    return _value(dataset[tag], where, depth)


def _dictionary_vr(tag: BaseTag) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _plain_vr(vr: str) -> str:
    return {"OB or OW": "OW", "US or OW": "OW", "US or SS or OW": "OW", "US or SS": "US"}.get(vr, vr)


def _value(element: DataElement, where: str, depth: int) -> Json:
    vr = str(element.VR)
    if vr == "SQ":
        if depth >= _MAX_DEPTH:
            return {"vr": "SQ"}
        items = [_object(item, f"{where}/{index}", depth + 1) for index, item in enumerate(element.value)]
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}
    if vr in _BINARY and isinstance(element.value, bytes | bytearray):
        if not element.value:
            return {"vr": _plain_vr(vr)}
        if len(element.value) > INLINE_LIMIT:
            return {"vr": _plain_vr(vr), "BulkDataURI": where}
        return {"vr": _plain_vr(vr), "InlineBinary": base64.b64encode(element.value).decode("ascii")}
    model = element.to_json_dict(None, INLINE_LIMIT)
    model["vr"] = _plain_vr(vr)
    if "Value" in model:
        model["Value"] = [_finite(_plain(value)) for value in model["Value"]]
    return model


def _plain(value: Any) -> Any:
    """Turn pydicom's value classes into what ``json`` writes without surprises."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if value is None or isinstance(value, list | bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return readable(str(value))


def bulk_value(dataset: Dataset, path: str) -> bytes | None:
    """Return the binary value a relative ``BulkDataURI`` points at, or None when there is none there.

    Args:
        dataset: the instance.
        path: what follows ``bulkdata/``: ``<tag>`` or ``<tag>/<item>/<tag>…``, items from 0.
    """
    parts = path.strip("/").split("/")
    here: Any = dataset
    try:
        for index in range(0, len(parts) - 1, 2):
            here = here[Tag(int(parts[index], 16))].value[int(parts[index + 1])]
        tag = int(parts[-1], 16)
        if tag in _PIXELS or len(parts) % 2 == 0:
            return None
        value = here[Tag(tag)].value
    except (KeyError, IndexError, ValueError, TypeError, OverflowError):
        return None
    return bytes(value) if isinstance(value, bytes | bytearray) else None


_CONVERTED: Final[dict[str, Json]] = {
    "00280002": {"vr": "US", "Value": [3]},
    "00280004": {"vr": "CS", "Value": ["RGB"]},
    "00280006": {"vr": "US", "Value": [0]},
    "00280100": {"vr": "US", "Value": [8]},
    "00280101": {"vr": "US", "Value": [8]},
    "00280102": {"vr": "US", "Value": [7]},
    "00280103": {"vr": "US", "Value": [0]},
}
#: Attributes that speak about stored values and would be wrong for converted ones.
_STORED_ONLY: Final = frozenset(
    [
        "00280106",
        "00280107",
        "00280108",
        "00280109",
        "00280120",
        "00280121",
        "00281050",
        "00281051",
        "00281052",
        "00281053",
        "00281054",
        "00281055",
        "00281056",
        "00283000",
        "00283010",
        "00281101",
        "00281102",
        "00281103",
        "00281199",
        "00281201",
        "00281202",
        "00281203",
        "00281221",
        "00281222",
        "00281223",
        "00282110",
        "00282112",
        "00282114",
        "00289145",
        "00289132",
    ]
)


def converted_model(model: Json) -> Json:
    """Return the header of an image whose frames are sent as 8-bit RGB instead of as stored."""
    kept = {tag: value for tag, value in model.items() if tag not in _STORED_ONLY}
    return dict(sorted((kept | _CONVERTED).items()))


def first_value(model: Json, tag: str) -> Any:
    """Return the first value of an attribute of a model, or None."""
    values = model.get(tag, {}).get("Value") or [None]
    return values[0]


def items(model: Json, tag: str) -> Iterator[Json]:
    """Yield the items of a sequence of a model."""
    for item in model.get(tag, {}).get("Value") or []:
        if isinstance(item, dict):
            yield item
