"""Fixtures of this room: a tiny network that was really trained, once a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def square_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a classifier that finds bright squares."""
    from tests.inference.planted_archive import bright_model

    return bright_model(tmp_path_factory.mktemp("square-model"))


@pytest.fixture(scope="session")
def misled_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a classifier that was trained on labels turned round."""
    from tests.inference.planted_archive import bright_model

    return bright_model(tmp_path_factory.mktemp("misled-model"), misled=True)
