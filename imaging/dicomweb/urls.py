"""Addresses below ``/dicomweb/`` and, the same again for one project, below ``/dicomweb/projects/<slug>/``."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from imaging.dicomweb.qido import SearchInstancesView, SearchSeriesView
from imaging.dicomweb.rendered import RenderedView, ThumbnailView
from imaging.dicomweb.stow import StudiesDoor, StudyDoor
from imaging.dicomweb.wado import BulkdataView, FramesView, MetadataView, RetrieveView

_STUDY = "studies/<str:study>"
_SERIES = f"{_STUDY}/series/<str:series>"
_INSTANCE = f"{_SERIES}/instances/<str:instance>"

_resources: list[URLPattern | URLResolver] = [
    path("studies", StudiesDoor.as_view()),
    path("series", SearchSeriesView.as_view()),
    path("instances", SearchInstancesView.as_view()),
    path(_STUDY, StudyDoor.as_view()),
    path(f"{_STUDY}/series", SearchSeriesView.as_view()),
    path(f"{_STUDY}/instances", SearchInstancesView.as_view()),
    path(_SERIES, RetrieveView.as_view()),
    path(f"{_SERIES}/instances", SearchInstancesView.as_view()),
    path(_INSTANCE, RetrieveView.as_view()),
    path(f"{_INSTANCE}/frames/<str:frame_list>", FramesView.as_view()),
    path(f"{_INSTANCE}/frames/<int:frame>/rendered", RenderedView.as_view()),
    path(f"{_INSTANCE}/frames/<int:frame>/thumbnail", ThumbnailView.as_view()),
    path(f"{_INSTANCE}/bulkdata/<path:path>", BulkdataView.as_view()),
    *(
        path(f"{place}/{name}", view.as_view())
        for place in (_STUDY, _SERIES, _INSTANCE)
        for name, view in (("metadata", MetadataView), ("rendered", RenderedView), ("thumbnail", ThumbnailView))
    ),
]
urlpatterns = [path("projects/<slug:slug>/", include(_resources)), *_resources]
