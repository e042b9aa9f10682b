# ruff: noqa: E501  (addresses are as long as they are)
"""Which addresses give away what a model said of a case, address by address, and all that say nothing of it.

Each line is a route and a method. A new route belongs into one of the three; a test holds them to the routes there are.
"""

from __future__ import annotations

from typing import Final

_BELOW: Final = "studies/<str:study>/series/<str:series>"
_LAYER: Final = f"{_BELOW}/instances/<str:instance>/frames/<int:frame>/layers/<str:layer>/<int:number>"

#: What a ``Sight`` calls that which the address sends as soon as the caller may know it.
TELLS: Final[dict[str, str]] = {
    "api/v1/workitems/<uuid:id>/findings GET": "finding",
    "api/v1/findings/<uuid:id> GET": "finding",
    "api/v1/findings/<uuid:id>/revisions GET": "finding",
    "api/v1/workitems/<uuid:id>/agreement GET": "answer",
    "api/v1/workitems/<uuid:id> GET": "score",
    "api/v1/workitems GET": "score",
    "api/v1/workitems/<uuid:id>/predictions GET": "answer",
    "api/v1/workitems/<uuid:id>/comments GET": "finding",
    "api/v1/predictions/<uuid:id>/saliency POST": "map",
    "api/v1/saliency/<uuid:id> GET": "map",
    "api/v1/saliency/<uuid:id>/map GET": "map",
    "api/v1/studies/<str:study>/contents GET": "object",
    f"api/v1/{_BELOW}/layers GET": "object",
    f"api/v1/{_LAYER}/pixels GET": "object",
    f"api/v1/{_LAYER}/lines GET": "object",
    "dicomweb/series GET": "object",
    "dicomweb/instances GET": "object",
    "dicomweb/studies/<str:study> GET": "object",
    "dicomweb/studies/<str:study>/series GET": "object",
    "dicomweb/studies/<str:study>/instances GET": "object",
    "dicomweb/studies/<str:study>/metadata GET": "object",
    "dicomweb/projects/<slug:slug>/series GET": "object",
    "dicomweb/projects/<slug:slug>/instances GET": "object",
    "dicomweb/projects/<slug:slug>/studies/<str:study> GET": "object",
    "dicomweb/projects/<slug:slug>/studies/<str:study>/series GET": "object",
    "dicomweb/projects/<slug:slug>/studies/<str:study>/instances GET": "object",
    "dicomweb/projects/<slug:slug>/studies/<str:study>/metadata GET": "object",
}

#: Tells it with what is done there, to whom may know it then: no sooner.
TELLS_WHEN_DONE: Final = frozenset(
    {
        "api/v1/findings/<uuid:id>/reviews POST",
        "api/v1/models/<uuid:id>/training/preview POST",
        "api/v1/reports/<uuid:id>/examples GET",
        "api/v1/reports/<uuid:id>/gaze GET",
        "api/v1/snapshot-requests/<uuid:id>/blind-readings GET",
        "api/v1/snapshots/<uuid:id>/manifest GET",
        "api/v1/snapshots/<uuid:id>/suspects GET",
        "api/v1/workitems/<uuid:id>/all-negative POST",
        "api/v1/workitems/<uuid:id>/assign POST",
        "api/v1/workitems/<uuid:id>/claim POST",
        "api/v1/workitems/<uuid:id>/decide POST",
        "api/v1/workitems/<uuid:id>/findings POST",
        "api/v1/workitems/<uuid:id>/predictions POST",
        "api/v1/workitems/<uuid:id>/release POST",
        "api/v1/workitems/<uuid:id>/reopen POST",
        "api/v1/workitems/<uuid:id>/submit POST",
        "api/v1/workitems/<uuid:id>/withdraw POST",
        "api/v1/workitems/next GET",
    }
)

#: Says nothing of what a model said of a case. Of objects of the archive: none but the one that is named.
SILENT: Final = frozenset(
    """
    api/v1/audit GET
    api/v1/audit/verify POST
    api/v1/auth/login POST
    api/v1/auth/logout POST
    api/v1/auth/me GET
    api/v1/auth/me PATCH
    api/v1/auth/password POST
    api/v1/auth/tokens GET
    api/v1/auth/tokens POST
    api/v1/auth/tokens/<str:id> DELETE
    api/v1/conflicts GET
    api/v1/conflicts/<uuid:id>/decide POST
    api/v1/conflicts/<uuid:id>/picture/<str:version> GET
    api/v1/findings/<uuid:id> DELETE
    api/v1/findings/<uuid:id>/restore POST
    api/v1/findings/<uuid:id>/revisions POST
    api/v1/identities GET
    api/v1/identities/<uuid:id>/decide POST
    api/v1/instances/<str:instance>/document GET
    api/v1/instances/<str:instance>/file GET
    api/v1/jobs GET
    api/v1/jobs/<uuid:id>/cancel POST
    api/v1/models GET
    api/v1/models POST
    api/v1/models/<uuid:id> GET
    api/v1/models/<uuid:id>/plans GET
    api/v1/models/<uuid:id>/plans POST
    api/v1/models/<uuid:id>/promotions GET
    api/v1/models/<uuid:id>/proof POST
    api/v1/models/<uuid:id>/roll-back POST
    api/v1/models/<uuid:id>/training POST
    api/v1/models/<uuid:id>/training/estimate POST
    api/v1/models/<uuid:id>/training/proposal POST
    api/v1/models/plan-entries GET
    api/v1/near-copies GET
    api/v1/near-copies/<uuid:id>/decide POST
    api/v1/projects GET
    api/v1/projects POST
    api/v1/projects/<slug:slug> GET
    api/v1/projects/<slug:slug> PATCH
    api/v1/projects/<slug:slug>/label-set GET
    api/v1/projects/<slug:slug>/label-set POST
    api/v1/projects/<slug:slug>/label-set/copy POST
    api/v1/projects/<slug:slug>/labels POST
    api/v1/projects/<slug:slug>/labels/<slug:key> PATCH
    api/v1/projects/<slug:slug>/members/<uuid:user_id> DELETE
    api/v1/projects/<slug:slug>/members/<uuid:user_id> PUT
    api/v1/projects/<slug:slug>/pictures/preview POST
    api/v1/projects/<slug:slug>/reviewers GET
    api/v1/projects/<slug:slug>/snapshots GET
    api/v1/projects/<slug:slug>/snapshots POST
    api/v1/projects/<slug:slug>/snapshots/preview POST
    api/v1/projects/<slug:slug>/snapshots/requests GET
    api/v1/questions GET
    api/v1/recipes GET
    api/v1/registrations/<uuid:id> GET
    api/v1/registrations/<uuid:id>/cancel POST
    api/v1/registrations/<uuid:id>/decide POST
    api/v1/registrations/<uuid:id>/instances/<str:instance>/frames/<int:frame>/inconsistency GET
    api/v1/registrations/<uuid:id>/instances/<str:instance>/frames/<int:frame>/moved GET
    api/v1/reports/<uuid:id> GET
    api/v1/same-person GET
    api/v1/same-person/decide POST
    api/v1/schema GET
    api/v1/snapshot-requests/<uuid:id> GET
    api/v1/snapshot-requests/<uuid:id>/cancel POST
    api/v1/snapshots/<uuid:id> GET
    api/v1/snapshots/<uuid:id>/datasheet GET
    api/v1/snapshots/<uuid:id>/suspects POST
    api/v1/studies/<str:study>/series/<str:series>/frames GET
    api/v1/studies/<str:study>/series/<str:series>/instances/<str:instance>/frames/<int:frame>/colors GET
    api/v1/studies/<str:study>/series/<str:series>/instances/<str:instance>/frames/<int:frame>/overlays/<int:group> GET
    api/v1/studies/<str:study>/series/<str:series>/instances/<str:instance>/frames/<int:frame>/values GET
    api/v1/studies/<str:study>/series/<str:series>/instances/<str:instance>/frames/<int:frame>/voi-tables/<int:table> GET
    api/v1/studies/without-pictures GET
    api/v1/system/first-steps GET
    api/v1/system/health GET
    api/v1/system/status GET
    api/v1/teaching GET
    api/v1/training GET
    api/v1/training/<uuid:id> GET
    api/v1/training/<uuid:id>/cancel POST
    api/v1/training/<uuid:id>/resume POST
    api/v1/uploads POST
    api/v1/uploads/<uuid:id> GET
    api/v1/uploads/<uuid:id>/files POST
    api/v1/uploads/<uuid:id>/finish POST
    api/v1/workitems/<uuid:id>/read-again POST
    api/v1/users GET
    api/v1/users POST
    api/v1/users/<uuid:id> PATCH
    api/v1/users/<uuid:id>/cases GET
    api/v1/versions/<uuid:id> GET
    api/v1/versions/<uuid:id>/claims GET
    api/v1/versions/<uuid:id>/evaluate POST
    api/v1/versions/<uuid:id>/promote POST
    api/v1/versions/<uuid:id>/refuse POST
    api/v1/versions/<uuid:id>/reports GET
    api/v1/withdrawals GET
    api/v1/withdrawals POST
    api/v1/workitems/<uuid:id>/alignable GET
    api/v1/workitems/<uuid:id>/calibrations GET
    api/v1/workitems/<uuid:id>/calibrations POST
    api/v1/workitems/<uuid:id>/calibrations/<uuid:calibration_id> DELETE
    api/v1/workitems/<uuid:id>/comments POST
    api/v1/workitems/<uuid:id>/history GET
    api/v1/workitems/<uuid:id>/registrations GET
    api/v1/workitems/<uuid:id>/registrations POST
    dicomweb/projects/<slug:slug>/studies GET
    dicomweb/projects/<slug:slug>/studies POST
    dicomweb/projects/<slug:slug>/studies/<str:study> POST
    dicomweb/projects/<slug:slug>/studies/<str:study>/rendered GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series> GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/instances GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/instances/<str:instance> GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/instances/<str:instance>/bulkdata/<path:path> GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/instances/<str:instance>/frames/<int:frame>/rendered GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/instances/<str:instance>/frames/<int:frame>/thumbnail GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/instances/<str:instance>/frames/<str:frame_list> GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/instances/<str:instance>/metadata GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/instances/<str:instance>/rendered GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/instances/<str:instance>/thumbnail GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/metadata GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/rendered GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/series/<str:series>/thumbnail GET
    dicomweb/projects/<slug:slug>/studies/<str:study>/thumbnail GET
    dicomweb/studies GET
    dicomweb/studies POST
    dicomweb/studies/<str:study> POST
    dicomweb/studies/<str:study>/rendered GET
    dicomweb/studies/<str:study>/series/<str:series> GET
    dicomweb/studies/<str:study>/series/<str:series>/instances GET
    dicomweb/studies/<str:study>/series/<str:series>/instances/<str:instance> GET
    dicomweb/studies/<str:study>/series/<str:series>/instances/<str:instance>/bulkdata/<path:path> GET
    dicomweb/studies/<str:study>/series/<str:series>/instances/<str:instance>/frames/<int:frame>/rendered GET
    dicomweb/studies/<str:study>/series/<str:series>/instances/<str:instance>/frames/<int:frame>/thumbnail GET
    dicomweb/studies/<str:study>/series/<str:series>/instances/<str:instance>/frames/<str:frame_list> GET
    dicomweb/studies/<str:study>/series/<str:series>/instances/<str:instance>/metadata GET
    dicomweb/studies/<str:study>/series/<str:series>/instances/<str:instance>/rendered GET
    dicomweb/studies/<str:study>/series/<str:series>/instances/<str:instance>/thumbnail GET
    dicomweb/studies/<str:study>/series/<str:series>/metadata GET
    dicomweb/studies/<str:study>/series/<str:series>/rendered GET
    dicomweb/studies/<str:study>/series/<str:series>/thumbnail GET
    dicomweb/studies/<str:study>/thumbnail GET
    """.strip().split("\n    ")
)
