"""Run the checks: ``.venv/bin/python tooling/check.py lint|test|long|slow [pytest arguments]``.

Every check runs even when an earlier one failed; the closing line of pytest is the last thing printed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tooling.bootstrap import find_npm
from tooling.progress import StepFailed, run_step, say
from tooling.stamps import ROOT, VENV

_BIN = VENV / "bin"
_FRONTEND = ROOT / "frontend"
#: Where the closing line of the last run is kept, for .ci/run to print it last.
CLOSING_LINE = ROOT / "artefacts" / "closing-line.txt"
#: The tests of a file stay together; the files come in the order that tests/conftest.py gives them.
_IN_OUR_ORDER = ("--dist", "loadfile", "--no-loadscope-reorder")


def lint() -> list[str]:
    """Run every linter, type checker and the front end's unit tests; returns the titles of those that failed."""
    npm = find_npm()
    checks: list[tuple[str, list[str | Path], Path]] = [
        ("ruff", [_BIN / "ruff", "check", "."], ROOT),
        ("ruff format", [_BIN / "ruff", "format", "--check", "."], ROOT),
        ("import contracts", [_BIN / "lint-imports", "--no-cache"], ROOT),
        ("mypy (strict)", [_BIN / "mypy"], ROOT),
        ("tsc (strict)", [*npm, "run", "--silent", "typecheck"], _FRONTEND),
        ("biome", [*npm, "run", "--silent", "lint"], _FRONTEND),
        ("vitest", [*npm, "run", "--silent", "test"], _FRONTEND),
    ]
    failed = []
    for title, command, folder in checks:
        try:
            run_step(title, command, cwd=folder, env={"CI": "1"})
        except StepFailed as error:
            print(error, flush=True)
            failed.append(title)
    return failed


def run_pytest(arguments: list[str], *, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run pytest with its output shown; returns its exit code and its closing line."""
    # One more than cores: a test of the browser waits for it half of its time.
    workers = os.environ.get("OVERREAD_TEST_WORKERS", str(min(4, (os.cpu_count() or 1) + 1)))
    told = ("--durations=40", "--durations-min=2")
    command = [str(_BIN / "python"), "-m", "pytest", "-q", "-n", workers, *_IN_OUR_ORDER, *told, *arguments]
    settled = {"OMP_NUM_THREADS": "1", "OVERREAD_LOG_LEVEL": "error", **(env or {})}
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **settled}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    closing = "pytest wrote nothing"
    for line in process.stdout:
        print(line, end="", flush=True)
        closing = line.strip() or closing
    return process.wait(), closing


def main() -> int:
    """Run what is asked; returns the exit code."""
    parser = argparse.ArgumentParser(description="Check Overread.")
    parser.add_argument("what", choices=["lint", "test", "long", "slow"])
    chosen, arguments = parser.parse_known_args()
    if chosen.what == "long":
        return run_pytest(["-m", "long and not slow", *arguments])[0]
    shutil.rmtree(ROOT / "artefacts", ignore_errors=True)
    if chosen.what == "slow":
        return run_pytest(["-m", "slow or long", *arguments])[0]
    failed = lint()
    if chosen.what == "lint":
        say(f"✗ lint: {', '.join(failed)}" if failed else "✓ lint")
        return 1 if failed else 0
    say("→ pytest")
    code, closing = run_pytest(["-m", "not slow and not long", *arguments])
    CLOSING_LINE.parent.mkdir(exist_ok=True)
    CLOSING_LINE.write_text(closing)
    if failed:
        print(f"✗ lint: {', '.join(failed)}")
    print(closing)
    return code or (1 if failed else 0)


if __name__ == "__main__":
    sys.exit(main())
