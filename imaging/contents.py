"""Reads of what a study holds besides pictures: documents, reports, layers, videos, each for what it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from core import blobs
from core.errors import NotFound
from imaging.dicom.frames import open_image
from imaging.dicom.json_model import bulk_value, first_value
from imaging.dicom.object_kinds import WORDS, ObjectKind
from imaging.dicom.object_words import Line, object_words
from imaging.models import Instance, Study
from imaging.selectors import header_of_digest, instance_header, shown

PDF: Final = "application/pdf"
OCTETS: Final = "application/octet-stream"
#: How files of documents end that are saved only.
_SUFFIXES: Final = {
    "text/xml": "xml",
    "application/xml": "xml",
    "model/stl": "stl",
    "application/sla": "stl",
    "model/obj": "obj",
    "model/mtl": "mtl",
}
_DOCUMENT, _LENGTH, _MEDIA_TYPE = "00420011", "00420015", "00420012"
_SHOWN_KINDS: Final = {
    ObjectKind.VIDEO: "This is a video. Videos are not shown here; its file can be saved as it was sent.",
    ObjectKind.WAVEFORM: "Waveforms are kept as they were sent; they are not drawn here.",
    ObjectKind.PRESENTATION_STATE: "Presentation states are kept as they were sent; they are not applied here.",
}
_LAYER_REMARK: Final = "It lies over images: open one of its study, and switch it on under Layers."


@dataclass(frozen=True, slots=True)
class HeldObject:
    """One object of a study that is no picture.

    Attributes:
        remark: what is (not) done with it here; empty where its content stands beside.
        is_pdf: it can be opened in the browser.
        may_be_a_models: a model may have made it, so it is held back while models' findings are.
        of_series: of the images it speaks of, as far as this study holds them.
    """

    sop_instance_uid: str
    series_instance_uid: str
    kind: ObjectKind
    kind_words: str
    title: str
    lines: list[Line]
    remark: str
    is_document: bool
    is_pdf: bool
    is_layer: bool
    may_be_a_models: bool
    of_series: list[str]


def held_objects(study: Study) -> list[HeldObject]:
    """Return what the study holds besides pictures, in the order of its series."""
    rows = Instance.objects.filter(series__study=study).select_related("series")
    pictures = set(shown(rows).values_list("pk", flat=True))
    ordered = rows.order_by("series__series_number", "series__series_instance_uid", "instance_number")
    known = set(study.series.values_list("series_instance_uid", flat=True))
    return [_held(row, known) for row in ordered if row.pk not in pictures]


def _held(instance: Instance, known: set[str]) -> HeldObject:
    kind = instance.kind
    header = instance_header(instance)
    words = object_words(kind, header)
    remark = _LAYER_REMARK if words.is_layer else _SHOWN_KINDS.get(kind, "")
    if kind is ObjectKind.PICTURE:
        remark = "No decoder here reads this image's encoding. It is kept as it was sent."
    return HeldObject(
        sop_instance_uid=instance.sop_instance_uid,
        series_instance_uid=instance.series.series_instance_uid,
        kind=kind,
        kind_words=WORDS[kind],
        title=words.title,
        lines=words.lines,
        remark=remark,
        is_document=kind is ObjectKind.DOCUMENT,
        is_pdf=kind is ObjectKind.DOCUMENT and first_value(header, _MEDIA_TYPE) == PDF,
        is_layer=words.is_layer,
        may_be_a_models=words.may_be_a_models,
        of_series=[uid for uid in words.series if uid in known],
    )


def may_be_a_models(instance: Instance) -> bool:
    """Say whether a model may have made an object that is no picture."""
    return _may_be_a_models(instance.header_digest, instance.kind)


@lru_cache(maxsize=4096)
def _may_be_a_models(header_digest: str, kind: ObjectKind) -> bool:
    return object_words(kind, header_of_digest(header_digest)).may_be_a_models


def studies_without_pictures(studies: QuerySet[Study]) -> QuerySet[Study]:
    """Return those that hold nothing which can be read on a screen."""
    pictures = shown(Instance.objects.filter(series__study=OuterRef("pk")))
    return studies.exclude(Exists(pictures)).select_related("patient").order_by("-study_date", "-created_at")


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is given out: its bytes, what they are, and how the file is called."""

    content: bytes
    media_type: str
    file_name: str


def document_of(instance: Instance) -> Document:
    """Return an encapsulated document (PS3.3 C.24).

    Only what says and begins like a PDF is called one; everything else is plain bytes, to be saved and not opened.

    Raises:
        NotFound: the instance holds no document.
    """
    if instance.kind is not ObjectKind.DOCUMENT:
        raise NotFound("document_not_found", "This object holds no document.")
    header = instance_header(instance)
    content = bulk_value(open_image(blobs.local_path(instance.blob_digest)).dataset, _DOCUMENT)
    if content is None:
        raise NotFound("document_not_found", "This object holds no document.")
    length = first_value(header, _LENGTH)
    if isinstance(length, int) and 0 < length <= len(content):
        content = content[:length]
    is_pdf = first_value(header, _MEDIA_TYPE) == PDF and b"%PDF-" in content[:1024]
    suffix = "pdf" if is_pdf else _SUFFIXES.get(str(first_value(header, _MEDIA_TYPE) or "").lower(), "bin")
    name = file_name(object_words(instance.kind, header).title, suffix)
    return Document(content, PDF if is_pdf else OCTETS, name)


def file_name(title: str, suffix: str) -> str:
    """Return what a file is called when it is saved: its title as far as letters, figures and dashes go."""
    kept = re.sub(r"[^\w-]+", " ", title).strip()[:80].strip()
    return f"{kept or 'document'}.{suffix}"


def file_of(instance: Instance) -> tuple[Path, str]:
    """Return the stored file of an object that is no picture, and how it is called when it is saved.

    Raises:
        NotFound: it is a picture, or its file is missing.
    """
    if instance.is_shown:
        raise NotFound("object_not_found", "This is an image; it is read in its case.")
    title = object_words(instance.kind, instance_header(instance)).title
    return blobs.local_path(instance.blob_digest), file_name(title or WORDS[instance.kind], "dcm")
