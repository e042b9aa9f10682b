"""``make acceptance``: every acceptance test, and one table: capability, bar, measured, pass.

Each test runs in a process of its own. What passed is not run again until the code changes (``--again`` forgets it), so
an interrupted run goes on where it was. The exit status is 0 when every bar is met; a test that could not run here
(no folder of real images) is told as such and fails nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.acceptance import row_name
from tooling.progress import say
from tooling.stamps import ROOT, VENV, content_digest

_ROWS = ROOT / "artefacts-acceptance"
_CODE = ("core", "imaging", "annotations", "inference", "webapp", "tests", "requirements.txt")
_WORDS = {"passed": "yes", "failed": "NO", "skipped": "not run here"}
Row = dict[str, Any]


def _pytest(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run pytest; the same seeds, one thread: what is measured is the same on each run."""
    env = {**os.environ, "OMP_NUM_THREADS": "1", "OVERREAD_LOG_LEVEL": "error"}
    if folder:
        env["OVERREAD_ACCEPTANCE_ROWS"] = str(folder)
    command = [str(VENV / "bin" / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def _tests(chosen: list[str]) -> list[str]:
    found = _pytest("-m", "acceptance", "--collect-only", *chosen)
    return [line for line in found.stdout.splitlines() if "::" in line and not line.startswith(("ERROR", "FAILED"))]


def _row(node: str, folder: Path) -> Row:
    """Run one test and return its row."""
    began = time.monotonic()
    ran = _pytest(node, folder=folder)
    kept = folder / row_name(node)
    if kept.is_file():
        row: Row = json.loads(kept.read_text())
    else:
        row = {"test": node, "capability": node, "bar": "", "measured": "", "outcome": "failed"}
    if row["outcome"] == "failed":
        (folder / f"{row_name(node)}.log").write_text(ran.stdout + ran.stderr)
        row["measured"] = row["measured"] or f"see {(folder / row_name(node)).relative_to(ROOT)}.log"
    row["seconds"] = round(time.monotonic() - began, 1)
    kept.write_text(json.dumps(row))
    return row


def table_of(rows: list[Row]) -> str:
    """Return the rows as a table in Markdown, in the order of capability and test."""
    lines = ["| capability | bar | measured | pass | s |", "|---|---|---|---|---|"]
    for row in sorted(rows, key=lambda one: (one["capability"], one["test"])):
        said = row["measured"] or ("met" if row["outcome"] == "passed" else "–")
        words = (row["capability"], row["bar"], said, _WORDS[row["outcome"]], f"{row['seconds']:.0f}")
        lines.append(f"| {' | '.join(words)} |")
    return "\n".join(lines)


def main() -> int:
    """Run what is not known yet and print the table; returns the exit status."""
    parser = argparse.ArgumentParser(description="Run every acceptance test and print one table.")
    parser.add_argument("tests", nargs="*", help="files or tests; without: all")
    parser.add_argument("--again", action="store_true", help="run also what passed with this code")
    asked = parser.parse_args()
    folder = _ROWS / content_digest(ROOT / one for one in _CODE)[:16]
    if asked.again:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for node in _tests(asked.tests):
        kept = folder / row_name(node)
        row: Row = json.loads(kept.read_text()) if kept.is_file() else {"outcome": "unknown"}
        if row["outcome"] != "passed":
            say(f"→ {node}")
            row = _row(node, folder)
        say(f"{_WORDS[row['outcome']]}: {node} ({row['seconds']:.0f} s)")
        rows.append(row)
    table = table_of(rows)
    (_ROWS / "table.md").write_text(f"{table}\n")
    print(table)
    return 0 if rows and all(row["outcome"] != "failed" for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
