"""QIDO-RS: searches for studies, series and instances (PS3.18 10.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet
from django.http import HttpResponse

from imaging.dicom.json_model import Json, dump, first_value
from imaging.dicomweb.door import DICOM_JSON, DicomwebView, Room, require_json, room_of
from imaging.dicomweb.headers import header_of
from imaging.dicomweb.matching import Search, read_search
from imaging.held_back import kept_from, note_sent, whole_series_kept
from imaging.models import Instance, Series
from imaging.search.attributes import ATTRIBUTES, LEVELS, Level, json_value, path_to

if TYPE_CHECKING:
    from rest_framework.request import Request

_ORDER: Final[dict[Level, tuple[str, ...]]] = {
    "study": ("-study_date", "-study_time", "study_instance_uid"),
    "series": ("study__study_instance_uid", "series_number", "series_instance_uid"),
    "instance": ("series__series_instance_uid", "instance_number", "sop_instance_uid"),
}
#: How to find one instance whose header stands for a row of each level.
_ONE_INSTANCE: Final[dict[Level, str]] = {"study": "series__study", "series": "series", "instance": "pk"}


class SearchStudiesView(DicomwebView):
    """``GET /studies``."""

    def get(self, request: Request, slug: str | None = None) -> HttpResponse:
        """Answer the studies that match."""
        room = room_of(request, slug)
        return answer(request, room, "study", room.studies())


class SearchSeriesView(DicomwebView):
    """``GET /series`` and ``GET /studies/{study}/series``."""

    def get(self, request: Request, slug: str | None = None, study: str | None = None) -> HttpResponse:
        """Answer the series that match."""
        room = room_of(request, slug)
        rows = (
            Series.objects.filter(study=room.study(study)) if study else Series.objects.filter(study__in=room.studies())
        )
        return answer(request, room, "series", rows, named=study is not None)


class SearchInstancesView(DicomwebView):
    """``GET /instances``, ``…/studies/{study}/instances`` and ``…/series/{series}/instances``."""

    def get(
        self, request: Request, slug: str | None = None, study: str | None = None, series: str | None = None
    ) -> HttpResponse:
        """Answer the instances that match."""
        room = room_of(request, slug)
        if study and series:
            rows = Instance.objects.filter(series=room.series(study, series))
        elif study:
            rows = Instance.objects.filter(series__study=room.study(study))
        else:
            rows = Instance.objects.filter(series__study__in=room.studies())
        return answer(request, room, "instance", rows, named=study is not None)


def answer(request: Request, room: Room, level: Level, rows: QuerySet[Any], *, named: bool = False) -> HttpResponse:
    """Run a search and write its answer.

    Args:
        request: whose query string is the search.
        room: what may be seen; gives the root of addresses.
        level: of ``rows``.
        rows: what may be searched.
        named: the study (or series) is named in the address, so its own attributes are not repeated.
    """
    require_json(request)
    search = read_search(request.GET, level)
    found = _not_kept(room, level, rows.filter(search.condition)).order_by(*_ORDER[level])
    wanted = [
        attribute
        for attribute in ATTRIBUTES
        if attribute.level == level
        or (
            attribute.keyword in ("StudyInstanceUID", "SeriesInstanceUID")
            and LEVELS.index(attribute.level) < LEVELS.index(level)
        )
        or (
            (not named or search.everything or attribute.tag in search.included)
            and LEVELS.index(attribute.level) < LEVELS.index(level)
        )
    ]
    # Plain tuples: making a row's whole chain of model objects would cost ten times the search itself.
    paths = [path_to(attribute, level) for attribute in wanted]
    answers, keys = [], []
    for key, *values in found.values_list("pk", *paths)[search.offset : search.offset + search.limit]:
        model: Json = {
            attribute.tag: json_value(attribute, value) for attribute, value in zip(wanted, values, strict=True)
        }
        if level == "instance":
            model = _without_empty_image(model)
        model |= _from_header(search, level, key, model)
        model["00081190"] = {"vr": "UR", "Value": [_address(room, model)]}
        model["00080056"] = {"vr": "CS", "Value": ["ONLINE"]}
        answers.append(dict(sorted(model.items())))
        keys.append(key)
    if level != "study":
        note_sent(room.user, Instance.objects.filter(**{f"{_ONE_INSTANCE[level]}__in": keys}))
    response = HttpResponse(dump(answers), content_type=DICOM_JSON)
    if search.ignored:
        response["Warning"] = '299 overread "Some parameters are not searchable here and were ignored."'
    response["Cache-Control"] = "private, no-cache"
    return response


def _not_kept(room: Room, level: Level, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Leave out what is kept from the user: such objects, and series of nothing else. That there are some is told."""
    if level == "study":
        return rows
    kept = kept_from(room.user, Instance.objects.filter(**{f"{_ONE_INSTANCE[level]}__in": rows.values("pk")}))
    return rows.exclude(pk__in=kept if level == "instance" else whole_series_kept(kept))


def _without_empty_image(model: Json) -> Json:
    empty = model["00280010"].get("Value") is None
    return {tag: value for tag, value in model.items() if not (empty and tag.startswith("0028"))}


def _from_header(search: Search, level: Level, key: object, known: Json) -> Json:
    """Return wanted attributes that have no column, from the header of one instance of the row."""
    missing = search.included - known.keys()
    if not missing and not (search.everything and level == "instance"):
        return {}
    instance = Instance.objects.filter(**{_ONE_INSTANCE[level]: key}).order_by("instance_number").first()
    if instance is None:
        return {}
    header = header_of(instance)
    if search.everything and level == "instance":
        return {tag: value for tag, value in header.items() if tag not in known and "BulkDataURI" not in value}
    return {tag: header[tag] for tag in missing if tag in header and "BulkDataURI" not in header[tag]}


def _address(room: Room, model: Json) -> str:
    address = room.root
    for place, tag in (("studies", "0020000D"), ("series", "0020000E"), ("instances", "00080018")):
        uid = first_value(model, tag)
        if uid is not None:
            address = f"{address}/{place}/{uid}"
    return address
