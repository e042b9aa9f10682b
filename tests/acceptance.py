"""Acceptance tests tell what they measured; ``make acceptance`` prints it as one table.

A test is one by its marker, ``@pytest.mark.acceptance("Registration", bar="TRE cut by 75 %")``, and says what it found
by the fixture ``measured``. The rows are files, one a test, in the folder that OVERREAD_ACCEPTANCE_ROWS names; without
it nothing is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_TOLD = pytest.StashKey[list[str]]()


def row_name(node: str) -> str:
    """Return the name of the file in which a test's row is kept."""
    return f"{hashlib.sha256(node.encode()).hexdigest()[:16]}.json"


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Say what was measured, before it is asserted; may be called again for more."""
    told: list[str] = request.node.stash.setdefault(_TOLD, [])
    return told.append


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the row of an acceptance test: when it ran, or when it could not begin."""
    report = yield
    folder, marker = os.environ.get("OVERREAD_ACCEPTANCE_ROWS"), item.get_closest_marker("acceptance")
    if folder and marker and (report.when == "call" or (report.when == "setup" and not report.passed)):
        told: list[str] = item.stash.setdefault(_TOLD, [])
        row: dict[str, Any] = {
            "test": item.nodeid,
            "capability": marker.args[0],
            "bar": marker.kwargs["bar"],
            "measured": "; ".join(told),
            "outcome": report.outcome,
            "seconds": round(report.duration, 1),
        }
        Path(folder, row_name(item.nodeid)).write_text(json.dumps(row))
    return report
