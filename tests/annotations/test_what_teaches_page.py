"""The page for study leads says what the program does: its tables are those that the statements are looked up in."""

from __future__ import annotations

from annotations.dataset.teaching import ACTS, MODEL_REJECTED, PERSON_REJECTED, PROVENANCE
from annotations.models import Review
from tooling.what_teaches import PAGE, page, tables


def test_the_page_holds_the_tables_of_the_program() -> None:
    text = PAGE.read_text()
    assert page(text) == text, "run: .venv/bin/python tooling/what_teaches.py"


def test_each_act_each_reason_and_each_provenance_has_its_line() -> None:
    assert set(MODEL_REJECTED) == set(PERSON_REJECTED) == set(Review.Reason.values)
    lines = [line for table in tables().values() for line in table]
    for row in (*ACTS.values(), *MODEL_REJECTED.values(), *PERSON_REJECTED.values()):
        assert any(line.startswith(f"| {row.words} |") for line in lines)
    cells = [cell for row in (*ACTS.values(), *MODEL_REJECTED.values()) for cell in (row.answer, row.drawing)]
    assert {cell.provenance for cell in cells} - {""} <= set(PROVENANCE)


def test_no_nod_may_test_and_every_reading_that_tests_was_blind_or_adjudicated() -> None:
    rows = (*ACTS.values(), *MODEL_REJECTED.values(), *PERSON_REJECTED.values())
    testing = {cell.provenance for row in rows for cell in (row.answer, row.drawing) if cell.tests}
    assert testing == {
        "consensus", "adjudicated", "human_rejected", "blind_read", "human_added", "ai_corrected", "ai_rejected",
    }  # fmt: skip
