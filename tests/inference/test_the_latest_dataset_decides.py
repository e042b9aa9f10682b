"""Who evaluates a version on several datasets does not choose the one that it passed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from annotations.models import DatasetSnapshot
from core.errors import Conflict
from inference.models import EvaluationReport, ModelVersion
from inference.services.promotion import version_promote
from tests.inference.planted_archive import freeze, make_family

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("passed_on", ["earlier", "later"])
def test_a_version_goes_live_by_its_report_on_the_dataset_that_was_frozen_last(
    passed_on: str, project: Project, admin: User
) -> None:
    family, later = make_family(project, admin), freeze(project, {})
    earlier = DatasetSnapshot.objects.create(
        project=project, name="before", digest="b" * 64, manifest_digest=later.manifest_digest,
        question=later.question, label_keys=later.label_keys,
    )  # fmt: skip
    DatasetSnapshot.objects.filter(pk=earlier.pk).update(created_at=later.created_at - timedelta(days=1))
    version = ModelVersion.objects.create(
        family=family, number=1, state="evaluated", weights_digest="a" * 64, card_digest="b" * 64
    )
    for name, snapshot in (("later", later), ("earlier", earlier)):
        EvaluationReport.objects.create(
            version=version, snapshot=snapshot, report={}, gate={"passed": name == passed_on}, outputs_digest="c" * 64,
            digest=name[0] * 64,
        )  # fmt: skip
    report = next(one for one in version.reports.all() if one.gate["passed"])
    if passed_on == "later":
        assert version_promote(version=version, report=report, reason="mine", by=admin).to_version == version
        return
    with pytest.raises(Conflict) as refusal:
        version_promote(version=version, report=report, reason="mine", by=admin)
    assert refusal.value.code == "report_of_older_dataset"
