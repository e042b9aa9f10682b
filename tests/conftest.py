"""Fixtures of the whole suite: a data folder of its own for each test, real users, a real server on demand."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.hashers import make_password

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.models import Project, User

PASSWORD = "correct-horse-battery"
ROOT = Path(__file__).resolve().parent.parent


@cache
def _hashed_password() -> str:
    """Argon2 is slow on purpose: once a session is enough."""
    return make_password(PASSWORD)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: a whole story that begins last leaves every other worker idle."""
    items.sort(key=lambda item: [item.get_closest_marker(name) is None for name in ("e2e", "browser")])


@pytest.fixture(scope="module", autouse=True)
def browser_of_one_file() -> Iterator[None]:
    """End the browser that the tests of a file shared, if any began one."""
    yield
    from tests.browser import browser_close

    browser_close()


@pytest.fixture(scope="session")
def real_images() -> Path:
    """The folder of real medical images; the test is skipped where it is not mounted."""
    folder = Path(os.environ.get("OVERREAD_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "README.md").is_file():
        pytest.skip("the folder of real images is not here")
    return folder


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, settings: object) -> Path:
    """Give each test an empty data folder (blobs, staging, training)."""
    settings.OVERREAD_DATA_DIR = tmp_path / "data"  # type: ignore[attr-defined]
    settings.OVERREAD_DATA_DIR.mkdir()  # type: ignore[attr-defined]
    return tmp_path / "data"


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Make users: ``make_user("ann", role="radiologist", project=…, project_role=…)``."""
    from core.models import Membership, User

    def make(
        username: str, role: str = "radiologist", project: Project | None = None, project_role: str | None = None
    ) -> User:
        user = User.objects.create(
            username=username, password=_hashed_password(), role=role, display_name=username.title()
        )
        if project is not None:
            Membership.objects.create(project=project, user=user, role=project_role or role)
        return user

    return make


@pytest.fixture
def project(db: None) -> Project:
    """A project."""
    from core.models import Project

    return Project.objects.create(slug="chest", title="Chest radiographs", is_inbox=True)


@pytest.fixture
def radiologist(make_user: Callable[..., User], project: Project) -> User:
    """A radiologist of the project."""
    return make_user("ann", "radiologist", project)


@pytest.fixture
def reviewer(make_user: Callable[..., User], project: Project) -> User:
    """A reviewer of the project."""
    return make_user("rev", "reviewer", project)


@pytest.fixture
def admin(make_user: Callable[..., User], project: Project) -> User:
    """An admin of the installation."""
    return make_user("adm", "admin", project)


@pytest.fixture
def stranger(make_user: Callable[..., User]) -> User:
    """A radiologist who is in no project."""
    return make_user("stranger", "radiologist")


@pytest.fixture
def server_url(transactional_db: None) -> Iterator[str]:
    """The real ASGI application behind uvicorn on a free port of this machine, in a thread of this process."""
    from tests.serving import served

    with served() as url:
        yield url


@pytest.fixture
def run_jobs(db: None) -> Callable[[], int]:
    """Run every waiting job here, with what follows from it."""
    from django.db import transaction

    from core.jobs import run_waiting_jobs

    def run() -> int:
        assert transaction.get_connection() is not None
        return run_waiting_jobs()

    return run
