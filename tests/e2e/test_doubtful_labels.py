"""An admin goes through the doubtful labels by keys and has one looked at again; only a person changed anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from annotations.dataset.counts import counts_of
from annotations.models import DatasetSnapshot, Review, Step
from core import blobs
from inference.models import SuspectSearch
from inference.services.suspects import suspects_finish
from tests.e2e.bench import need_the_front_end, reader_at
from tests.e2e.cases import Case, a_case, read_by

if TYPE_CHECKING:
    from pathlib import Path

    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def signed_off(case: Case, reader: User, reviewer: User) -> None:
    """Let a reader say that a lesion is there, and a reviewer accept it."""
    read_by(case, reader, lesion=True, normal=False)
    case.step(reviewer, "decide", {"event": "accept"})


def doubted(snapshot: DatasetSnapshot, case: Case) -> SuspectSearch:
    """Keep a finished search in which the case's answer is suspect, and another one's that is gone since."""
    (series,) = case.workitem.study.series.all()
    image = series.instances.get()
    rows = [
        {
            "sample_id": f"{uid}/1", "label_key": "lesion", "said": 1, "probability": 0.03, "doubt": 0.9 - place,
            "is_suspect": place == 0, "provenance": "blind_read", "study_instance_uid": study, "split": "train",
            "series_instance_uid": series.series_instance_uid, "sop_instance_uid": uid, "frame_number": 1,
        }
        for place, (study, uid) in enumerate(
            [(case.workitem.study.study_instance_uid, image.sop_instance_uid), ("1.2.3.4", "1.2.3.5")]
        )
    ]  # fmt: skip
    search = SuspectSearch.objects.create(snapshot=snapshot, config={}, parts=5, config_digest="0" * 64)
    return suspects_finish(search=search, doubts=rows)


def test_a_doubtful_answer_is_reopened_with_a_reason_by_one_key(
    project: Project, radiologist: User, reviewer: User, admin: User, server_url: str, tmp_path: Path
) -> None:
    need_the_front_end()
    case = a_case(project, admin, server_url, tmp_path)
    signed_off(case, radiologist, reviewer)
    digest = blobs.put(b"one case alone is no dataset that could be frozen")
    snapshot = DatasetSnapshot.objects.create(
        project=project, name="First", digest=digest, manifest_digest=digest, question="classification",
        label_keys=["lesion"], counts=counts_of([], ["lesion"]), frozen_by=admin,
    )  # fmt: skip
    search = doubted(snapshot, case)
    kept = blobs.get(search.result_digest)
    with reader_at(server_url, admin) as desk:
        page = desk.page
        page.goto(f"{server_url}/datasets?project={project.slug}&snapshot={snapshot.pk}")
        page.get_by_test_id("doubtful-link").click()
        rows = page.get_by_test_id("doubt-row")
        expect(rows).to_have_count(2)
        expect(page.get_by_test_id("doubts-said")).to_contain_text("1 of 2 answers are suspect, judged by 5 models")
        expect(rows.nth(0)).to_contain_text("present")
        expect(rows.nth(0)).to_contain_text("suspect")
        expect(rows.nth(1)).to_contain_text("removed")
        desk.picture("doubtful-labels")
        page.keyboard.press("j")
        expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
        page.keyboard.press("r")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.keyboard.press("k")
        page.keyboard.press("r")
        page.get_by_test_id("reason").fill("Models that never saw the patient say the opposite.")
        page.get_by_test_id("reason-confirm").click()
        expect(rows.nth(0)).to_contain_text("looked at again")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/read/{case.workitem.pk}*")
    case.workitem.refresh_from_db()
    assert case.workitem.state == "submitted"
    assert Step.objects.filter(workitem=case.workitem, kind="reopened").count() == 1
    assert not Review.objects.filter(finding__workitem=case.workitem, at_sign_off=False).exists()
    assert blobs.get(search.result_digest) == kept
