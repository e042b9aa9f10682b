"""README's story, sentence by sentence, with three people in a browser, against real worker processes.

Each sentence of README's steps has one act here, taken in README's order. A changed README fails until what it says
now is acted here as well.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.e2e import acts_of_reading as reading
from tests.e2e import acts_of_retraining as retraining
from tests.e2e.story import Story
from tests.e2e.told import story_told

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.long]

ACTS: dict[str, Callable[[Story], None]] = {
    "**Read** (log in as `demo-radiologist`).": reading.reader_logs_in,
    "Project *Synthetic chest radiographs*, status *open*: take the first case.": reading.first_open_case_is_taken,
    "Is there a hazy bright patch in a lung?": reading.the_question_is_asked,
    "`Alt+1` says present or absent; `R` draws a box around it.": reading.keys_answer_and_draw,
    "`Ctrl+Enter` submits.": reading.reading_is_submitted,
    "Now the model's answer appears beside yours; `S` shows what moved it, or says that no map has passed its test.": (
        reading.model_answers_with_its_reasons
    ),
    "**Review** (log in as `demo-reviewer`).": reading.reviewer_logs_in,
    "The second reader's work was opened again after an audit, the most doubtful first (status *submitted*, "
    "highest priority).": reading.most_doubtful_case_comes_first,
    "Press `J` to select a finding.": reading.a_key_selects_a_finding,
    "The model's: `A` if it is right, `X` and the number of a reason if not.": reading.model_is_judged,
    "The reader's: `A`, or `C`, `Alt+1`, `Enter` to correct it.": reading.reader_is_judged,
    "`Ctrl+Enter` signs off, `N` is the next case.": reading.signed_off_and_on_to_the_next,
    "Do ten.": reading.ten_are_done,
    "What you leave unreviewed stays out of the next dataset.": reading.unreviewed_work_is_left,
    "Too patient a job?": reading.patience_ends,
    "`make demo-second-reading` reads all of them again as the careful reviewer, through the same services, recorded "
    "as theirs.": reading.second_reading_reads_the_rest,
    "**Retrain** (log in as `demo-admin`).": retraining.admin_logs_in,
    "*Datasets*: freeze what is signed off now.": retraining.signed_off_work_is_frozen,
    "*Models → Consolidation → Train* on it, with the settings as they are; watch it learn (about a minute on two "
    "cores).": retraining.model_is_trained_on_it,
    "**Compare.**": retraining.the_report_comes,
    "*Look at the report*: the new version beside the live one, with ROC AUC and its intervals, calibration, "
    "subgroups, and whether the gate passes and why.": retraining.the_report_compares,
    "**Promote** with a reason.": retraining.it_is_promoted,
    "Open a case again: the new version's findings say so; every case that is not signed off gets them by itself, and "
    "the old version's need no decision any more.": retraining.new_findings_say_so,
    "**Roll back** is one click and a reason.": retraining.it_is_rolled_back,
    "*Audit* shows who did what, and verifies that nothing was altered.": retraining.the_audit_is_whole,
}  # fmt: skip


def test_every_sentence_of_readme_has_its_act() -> None:
    assert story_told() == list(ACTS)


def test_three_people_live_the_whole_story(house: str, chromium: Browser) -> None:
    with ExitStack() as stack:
        story = Story(chromium, house, stack)
        for sentence in story_told():
            print(sentence)
            ACTS[sentence](story)
