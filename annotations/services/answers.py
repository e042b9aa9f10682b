"""The answers that a project asks of every reading, given in one act."""

from __future__ import annotations

from django.db import transaction

from annotations.access import locked_workitem
from annotations.models import Finding, Workitem
from annotations.rules.may import Act, require_act
from annotations.rules.protocol import answers_of
from annotations.services.revisions import finding_create
from core.models import User


def answers_all_negative(*, workitem: Workitem, author: User) -> list[Finding]:
    """Say "absent" of every required label that the reader has not answered yet.

    Raises:
        Conflict, Forbidden: the user is not reading this study now.
    """
    with transaction.atomic():
        locked = locked_workitem(workitem.pk)
        require_act(Act.SUBMIT, author, locked)
        reading = locked.reading
        assert reading is not None  # the rule book asked for one's own
        return [
            finding_create(
                workitem=locked,
                author=author,
                content={"kind": Finding.Kind.IMAGE_LABEL, "label_key": key, "present": False},
            )
            for key in answers_of(reading).missing
        ]
