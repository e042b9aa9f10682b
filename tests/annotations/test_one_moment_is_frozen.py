"""A freeze is one moment of the project: a case that is reopened meanwhile is in it as it was signed, or not at all."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from annotations.dataset import rows as dataset_rows
from annotations.models import Finding, Workitem
from annotations.services.reviews import review_record
from annotations.services.revisions import finding_create
from annotations.services.sign_off import workitem_decide, workitem_reopen
from annotations.services.snapshots import snapshot_preview
from tests.factories.reading import image_label, make_label, make_workitem, submit
from tests.patience import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.models import Project, User

pytestmark = pytest.mark.django_db(transaction=True)


def _corrected_meanwhile(workitem: Workitem, admin: User, reviewer: User) -> None:
    """In another connection: reopen the case and say the opposite, without signing it."""

    def run() -> None:
        try:
            now = Workitem.objects.get(pk=workitem.pk)
            workitem_reopen(workitem=now, by=admin, version=now.version, reason="look again")
            finding = Finding.objects.select_related("head").get(workitem=workitem)
            assert finding.head is not None
            content = image_label(present=False)
            review_record(
                finding=finding, reviewer=reviewer, decision="corrected", corrected_content=content,
                if_match=finding.head.digest,
            )  # fmt: skip
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=SECONDS)
    assert not thread.is_alive()


def test_a_case_reopened_and_corrected_during_the_freeze_is_frozen_as_it_was_signed(
    project: Project, radiologist: User, reviewer: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_label(project)
    workitem = make_workitem(project, radiologist)
    finding_create(workitem=workitem, author=radiologist, content=image_label())
    submit(workitem, radiologist)
    signed = Workitem.objects.get(pk=workitem.pk)
    workitem_decide(workitem=signed, by=reviewer, version=signed.version, event="accept")

    def counts() -> Any:
        return snapshot_preview(project=project, question="classification", label_keys=["nodule"])["counts"]["labels"]

    quiet = counts()
    standing_of = dataset_rows.standing_of

    def at_the_worst_time(workitems: Iterable[Workitem]) -> Any:
        # The list of signed-off cases has been read; what they say has not.
        _corrected_meanwhile(workitem, admin, reviewer)
        return standing_of(workitems)

    monkeypatch.setattr(dataset_rows, "standing_of", at_the_worst_time)
    assert counts() == quiet
    assert quiet["nodule"]["positive"] == 1
    assert Finding.objects.get().head.content["present"] is False, "it was corrected in the meantime"
