"""Every noun of the API, one file each."""

from django.urls import include, path

from webapp.api import schema  # noqa: F401  (registers the security schemes)

urlpatterns = [
    path("", include("webapp.api.auth")),
    path("", include("webapp.api.users")),
    path("", include("webapp.api.audit")),
    path("", include("webapp.api.system")),
    path("", include("webapp.api.uploads")),
    path("", include("webapp.api.projects")),
    path("", include("webapp.api.pictures")),
    path("", include("webapp.api.label_sets")),
    path("", include("webapp.api.first_steps")),
    path("", include("webapp.api.frames")),
    path("", include("webapp.api.layers")),
    path("", include("webapp.api.contents")),
    path("", include("webapp.api.identities")),
    path("", include("webapp.api.conflicts")),
    path("", include("webapp.api.worklist")),
    path("", include("webapp.api.workitems")),
    path("", include("webapp.api.findings")),
    path("", include("webapp.api.comments")),
    path("", include("webapp.api.agreement")),
    path("", include("webapp.api.calibrations")),
    path("", include("webapp.api.snapshots")),
    path("", include("webapp.api.datasheets")),
    path("", include("webapp.api.same_person")),
    path("", include("webapp.api.near_copies")),
    path("", include("webapp.api.withdrawals")),
    path("", include("webapp.api.reviewers")),
    path("", include("webapp.api.suspects")),
    path("", include("webapp.api.second_readings")),
    path("", include("webapp.api.predictions")),
    path("", include("webapp.api.saliency")),
    path("", include("webapp.api.registrations")),
    path("", include("webapp.api.models")),
    path("", include("webapp.api.training")),
    path("", include("webapp.api.training_settings")),
    path("", include("webapp.api.reports")),
]
