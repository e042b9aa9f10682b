"""What the demo's people said of the drawn cases, through the same services as the browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from annotations.models import Workitem
from annotations.services.revisions import finding_create
from annotations.services.sign_off import workitem_decide
from annotations.services.workitems import workitem_claim, workitem_submit
from webapp.demo.projects import TAUGHT_LABEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.models import User
    from imaging.models import Instance
    from webapp.demo.cases import Case
    from webapp.demo.phantoms import Box, Radiograph


def _label(label_key: str, said: bool) -> dict[str, Any]:
    return {"kind": "image_label", "label_key": label_key, "present": said}


def _box(label_key: str, box_jiji: Box, instance: Instance) -> dict[str, Any]:
    """Return a rectangle in pixel coordinates, corners in order (column, row)."""
    j0, i0, j1, i1 = box_jiji
    return {
        "kind": "rectangle",
        "label_key": label_key,
        "geometry": {
            "space": "image",
            "frame_of_reference_uid": None,
            "sop_instance_uid": instance.sop_instance_uid,
            "frame_number": 1,
            "points": [[i0, j0], [i1, j0], [i1, j1], [i0, j1]],
        },
    }


def case_read(*, workitem: Workitem, case: Case, drawn: Radiograph, instance: Instance, reader: User) -> Workitem:
    """Read a chest: say whether there is a consolidation, and submit it.

    Only where nothing is taught are lesions drawn as well: in test cases, so that where a model looks can be graded.
    """
    marked = drawn.lesions if case.split == "test" or case.use == "waiting" else ()
    return study_read(
        workitem=workitem,
        label_key=TAUGHT_LABEL,
        present=case.said,
        boxes=[(lesion.kind, lesion.box_jiji) for lesion in marked],
        instance=instance,
        reader=reader,
    )


def study_read(
    *,
    workitem: Workitem,
    label_key: str,
    present: bool,
    boxes: Sequence[tuple[str, Box]],
    instance: Instance,
    reader: User,
) -> Workitem:
    """Answer for a label, draw boxes (label key, box in pixels, inclusive), and submit."""
    with transaction.atomic():
        workitem = workitem_claim(workitem=workitem, by=reader, version=workitem.version)
        finding_create(workitem=workitem, author=reader, content=_label(label_key, present))
        for key, box_jiji in boxes:
            finding_create(workitem=workitem, author=reader, content=_box(key, box_jiji, instance))
        return workitem_submit(workitem=workitem, by=reader, version=workitem.version, reading_seconds=20)


def case_signed_off(*, workitem: Workitem, reviewer: User) -> Workitem:
    """Accept a submitted reading as it is."""
    return workitem_decide(workitem=workitem, by=reviewer, version=workitem.version, event="accept")
