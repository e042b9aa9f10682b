"""However many people promote at once, one version is live and the pointer agrees with it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from django.db import connections

from core.errors import Conflict
from inference.models import EvaluationReport, ModelFamily, ModelVersion, Promotion
from inference.services.promotion import version_promote
from tests.inference.planted_archive import freeze, make_family
from tests.patience import SECONDS

if TYPE_CHECKING:
    from core.models import Project, User


@pytest.mark.django_db(transaction=True)
def test_racing_promotions_leave_exactly_one_live_version(project: Project, admin: User) -> None:
    family, snapshot = make_family(project, admin), freeze(project, {})
    versions = [
        ModelVersion.objects.create(
            family=family, number=number, state="evaluated", weights_digest="a" * 64, card_digest="b" * 64
        )
        for number in range(1, 7)
    ]
    for version in versions:
        EvaluationReport.objects.create(
            version=version, snapshot=snapshot, report={}, gate={"passed": True}, outputs_digest="c" * 64,
            digest=str(version.number) * 64,
        )  # fmt: skip
    barrier, outcomes = threading.Barrier(len(versions)), list[str]()

    def promote(version: ModelVersion) -> None:
        try:
            barrier.wait()
            version_promote(version=version, report=version.reports.get(), reason="mine", by=admin)
            outcomes.append("live")
        except Conflict as refused:
            outcomes.append(refused.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=promote, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=SECONDS)
    assert sorted(outcomes) == ["live"] + ["report_outdated"] * 5
    assert ModelVersion.objects.get(state="live") == ModelFamily.objects.get().live
    assert Promotion.objects.count() == 1
