"""Datasheets: what a frozen dataset holds, from whom, what was left out, and whether it is still what was frozen."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, ConfigDict
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotations import selectors
from annotations.access import access_snapshot
from webapp.api.base import caller

_Split = Literal["train", "validation", "test"]


class _Out(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class GroupAnswersOut(_Out):
    """How often a label is present and absent."""

    positive: int
    negative: int


class FiguresOut(_Out):
    """What one subgroup has in one split."""

    cases: int
    patients: int
    labels: dict[str, GroupAnswersOut]


class AgreementFiguresOut(_Out):
    """How two readers of one case answered; ``kappa`` is null where it says nothing."""

    pairs: int
    both_present: int
    both_absent: int
    differ: int
    kappa: float | None
    low: float | None
    high: float | None


class SheetPersonsOut(_Out):
    """How many patient numbers count as one person's, and why."""

    persons: int
    numbers: int
    persons_with_several_numbers: int
    reasons: dict[str, int]
    images_in_a_stricter_split: dict[str, int]
    undecided_identities: int
    without_patient_id: int


class SheetCopiesOut(_Out):
    """Pictures that came under several patients."""

    pictures: int
    images: int
    patients: int
    left_out: int


class SheetNearCopiesOut(_Out):
    """Pairs of pictures of different patients that look alike."""

    pairs: int
    one_picture: int
    different: int
    not_judged: int
    bits: int
    revision: int


class SheetComparedOut(_Out):
    """How many pictures could be compared with others."""

    pictures: int
    without_decoded_digest: int
    without_looks: int
    why_without_looks: dict[str, int]


class SheetMovedOut(_Out):
    """A study that stood in another split in an older dataset."""

    study_instance_uid: str
    patient_key: str
    from_split: _Split
    to_split: _Split
    in_dataset: str


class SheetRulesOut(_Out):
    """By which revisions of the rules the dataset was made."""

    teaching: int
    pixels: str
    looks: int
    near_bits: int
    software: str


class SheetOut(_Out):
    """The datasheet as it was written with the dataset."""

    version: int
    subgroups: dict[str, dict[str, dict[_Split, FiguresOut]]]
    provenance: dict[str, dict[_Split, dict[str, int]]]
    weights: dict[str, dict[_Split, float]]
    unsettled: dict[str, dict[str, int]]
    agreement: dict[str, AgreementFiguresOut]
    rules: SheetRulesOut
    persons: SheetPersonsOut
    copies: SheetCopiesOut
    near_copies: SheetNearCopiesOut
    compared: SheetComparedOut
    moved: list[SheetMovedOut]


class SheetChecksOut(_Out):
    """Whether what is stored has the digests by which it is named; ``datasheet`` is null where none was kept."""

    manifest: bool
    digest: bool
    datasheet: bool | None


class DatasheetOut(_Out):
    """A dataset's sheet, and whether all of it is still what was frozen."""

    snapshot_id: UUID
    sheet: SheetOut | None
    checks: SheetChecksOut


def sheet_out(sheet: dict[str, Any]) -> SheetOut:
    """Return a stored sheet in the API's shape."""
    moved = [{**one, "from_split": one["from"], "to_split": one["to"]} for one in sheet["moved"]]
    return SheetOut.model_validate({**sheet, "moved": moved})


class Datasheet(APIView):
    """The datasheet of a dataset."""

    @extend_schema(operation_id="snapshots_datasheet", responses=DatasheetOut)
    def get(self, request: Request, id: str) -> Response:
        """Return what was written with the dataset, and check its digests now."""
        snapshot = access_snapshot(caller(request), "snapshot.read", id=id)
        found = selectors.datasheet_json(snapshot)
        shown = DatasheetOut(
            snapshot_id=snapshot.pk,
            sheet=sheet_out(found["sheet"]) if found["sheet"] else None,
            checks=SheetChecksOut.model_validate(found["checks"]),
        )
        return Response(shown.model_dump(mode="json"))


urlpatterns = [path("snapshots/<uuid:id>/datasheet", Datasheet.as_view())]
