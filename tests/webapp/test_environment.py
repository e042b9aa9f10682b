"""Settings from the environment are typed and checked at start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from webapp.settings.environment import Environment, database_settings, read_environment

ROOT = Path(__file__).resolve().parent.parent.parent
LONG = "r4nd0m-" * 10


def test_a_wrong_value_is_one_clear_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVERREAD_TORCH_THREADS", "many")
    with pytest.raises(ImproperlyConfigured, match="OVERREAD_TORCH_THREADS: Input should be a valid integer"):
        read_environment()


def test_a_database_of_an_unknown_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://somewhere/x")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL: must begin with postgres://"):
        read_environment()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("OVERREAD_SECRET_KEY", "", "OVERREAD_SECRET_KEY must be set"),
        ("OVERREAD_SECRET_KEY", "short", "OVERREAD_SECRET_KEY must be set"),
        ("OVERREAD_SPLIT_KEY", "", "OVERREAD_SPLIT_KEY must be set"),
        ("OVERREAD_ALLOWED_HOSTS", "*", "must name the hosts"),
    ],
)
def test_production_refuses_to_start_without_secrets_of_its_own(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    right = {"MODE": "production", "SECRET_KEY": LONG, "SPLIT_KEY": LONG, "ALLOWED_HOSTS": "overread.example"}
    for key, content in right.items():
        monkeypatch.setenv(f"OVERREAD_{key}", content)
    assert read_environment().mode == "production"
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=sentence):
        read_environment()


def test_a_wrong_setting_ends_the_start_with_a_sentence_and_no_stack_trace() -> None:
    started = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=os.environ | {"OVERREAD_MODE": "staging"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 1
    assert started.stderr.startswith("Overread cannot start. The environment is not right. OVERREAD_MODE:")
    assert "Traceback" not in started.stderr


def test_made_secrets_are_kept_and_readable_by_nobody_else(tmp_path: Path) -> None:
    environment = Environment(data_dir=tmp_path)
    assert environment.kept_secret("secret_key") == environment.kept_secret("secret_key")
    assert (tmp_path / "secrets" / "secret_key").stat().st_mode & 0o077 == 0


def test_sqlite_writes_begin_immediately_and_use_the_write_ahead_log(tmp_path: Path) -> None:
    options = database_settings(Environment(data_dir=tmp_path, database_url=""))["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"  # type: ignore[index]
    assert "journal_mode=WAL" in options["init_command"]  # type: ignore[index]


def test_the_deploy_check_of_a_production_installation_is_clean(tmp_path: Path) -> None:
    production = {
        "OVERREAD_MODE": "production",
        "OVERREAD_SECRET_KEY": LONG,
        "OVERREAD_SPLIT_KEY": LONG,
        "OVERREAD_ALLOWED_HOSTS": "overread.example",
        "OVERREAD_DATA_DIR": str(tmp_path),
        "DATABASE_URL": "postgres://overread@localhost/overread",
    }
    found = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=os.environ | production,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
