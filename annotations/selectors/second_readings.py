"""Which cases a blind reading would bring into the locked test, and who could give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from annotations.access import READINGS
from annotations.content.revision_json import person_json
from annotations.models import SnapshotRequest, Workitem
from annotations.rules.lifecycle import SIGNED_OFF
from annotations.rules.second_reading import second_reading_refusal, told_before
from core.access import members
from core.roles import PROJECT_PERMISSIONS

if TYPE_CHECKING:
    from core.models import User

Json = dict[str, Any]
#: So many cases are named at once; the others come when these are read.
MOST: Final = 200


def blind_readings_json(request: SnapshotRequest) -> Json:
    """Return the cases that a preview found to lack a blind reading, as they stand now, and the project's readers.

    Returns:
        ``count`` of all; ``cases``, the oldest first, at most ``MOST``, each with ``why`` by label and, by person,
        why they could not read it blind (``refused``); ``people`` who read in the project.
    """
    wanted: dict[str, dict[str, str]] = (request.result or {}).get("wants_blind_reading", {})
    rows = Workitem.objects.filter(project=request.project, pk__in=[UUID(case) for case in wanted])
    rows = rows.filter(state__in=SIGNED_OFF).select_related("study__patient").prefetch_related(READINGS)
    cases = list(rows.order_by("created_at", "id")[:MOST])
    people = sorted(members(request.project, PROJECT_PERMISSIONS["workitem.claim"]), key=str)
    told = told_before([person.pk for person in people], [case.pk for case in cases])
    return {
        "count": rows.count(),
        "cases": [
            {
                "id": case.pk,
                "version": case.version,
                "patient_id": case.study.patient.patient_id,
                "study_date": case.study.study_date,
                "study_description": case.study.study_description,
                "why": wanted[str(case.pk)],
                "readers": [person_json(one.reader) for one in case.readings_that_count],
                "refused": _refused(case, people, told),
            }
            for case in cases
        ],
        "people": [person_json(person) for person in people],
    }


def _refused(case: Workitem, people: list[User], told: dict[tuple[UUID, UUID], set[str]]) -> dict[str, str]:
    readers = {one.reader_id for one in case.readings_that_count}
    found = {one.pk: second_reading_refusal(one.pk, readers, told[one.pk, case.pk]) for one in people}
    return {str(pk): refusal.code for pk, refusal in found.items() if refusal}
