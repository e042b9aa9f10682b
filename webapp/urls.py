"""Addresses: the API, DICOMweb, and the single page everywhere else."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView

from webapp.shell import not_an_address, shell

urlpatterns = [
    path("api/v1/schema", SpectacularJSONAPIView.as_view()),
    path("api/v1/", include("webapp.api.urls")),
    path("dicomweb/", include("imaging.dicomweb.urls")),
    re_path(r"^(?:api|dicomweb|static|live)(?:/|$)", not_an_address),
    re_path(r"^.*$", shell),
]
handler400 = "webapp.api.errors.bad_request"
handler404 = "webapp.api.errors.not_found"
handler500 = "webapp.api.errors.server_error"
