"""``manage.py import_dicom``: files, folders and zips; a table of what became of them; an honest exit status."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command, find_commands, load_command_class

from core.models import Job
from imaging.models import Instance, Upload
from tests.conftest import ROOT
from tests.factories import dicom_files as made
from webapp.management.prepared import PreparedCommand

if TYPE_CHECKING:
    from pathlib import Path

    from core.models import Project, User

pytestmark = pytest.mark.django_db


def test_a_folder_with_everything_in_it_is_imported_and_left_as_it_was(
    project: Project, radiologist: User, tmp_path: Path
) -> None:
    folder = tmp_path / "disc"
    (folder / "deep" / "er").mkdir(parents=True)
    first, second, third = made.ct_series(slices=3)
    made.write(folder / "deep" / "er", one=first)
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("two.dcm", second)
        archive.writestr("notes.txt", b"hello")
    (folder / "broken.dcm").write_bytes(third[:400])
    (folder / "DICOMDIR").write_bytes(b"list")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    out = io.StringIO()
    call_command("import_dicom", str(folder), project=project.slug, user="ann", stdout=out)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert Instance.objects.count() == 2
    upload = Upload.objects.get()
    assert (upload.received_by, upload.finished_at is not None) == (radiologist, True)
    verdicts = {verdict.file_name: verdict.outcome + verdict.code for verdict in upload.verdicts.all()}
    assert verdicts == {
        "disc/broken.dcm": "refusedtruncated",
        "disc/deep/er/one.dcm": "stored",
        "disc/two.zip/two.dcm": "stored",
        "disc/two.zip/notes.txt": "refusednot_dicom",
    }
    assert "truncated" in out.getvalue()
    assert Job.objects.filter(kind="series_index").count() == 1


def test_an_import_of_nothing_usable_fails_and_says_why(project: Project, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    out = io.StringIO()
    with pytest.raises(CommandError, match="Nothing could be stored"):
        call_command("import_dicom", str(tmp_path / "a.txt"), stdout=out)
    assert "not_dicom" in out.getvalue()


def test_a_wrong_path_project_or_user_is_a_clear_sentence(project: Project, tmp_path: Path) -> None:
    for arguments, sentence in (
        ({"paths": [str(tmp_path / "no")]}, "There is no"),
        ({"paths": [str(tmp_path)], "project": "no"}, "Known projects: chest"),
        ({"paths": [str(tmp_path)], "user": "no"}, "There is no user no"),
    ):
        paths = arguments.pop("paths")
        with pytest.raises(CommandError, match=sentence):
            call_command("import_dicom", *paths, **arguments)
    assert not Upload.objects.exists()


def test_a_folder_that_gives_nothing_says_why(project: Project, tmp_path: Path) -> None:
    (empty := tmp_path / "empty" / "deeper").mkdir(parents=True)
    (lists := tmp_path / "lists").mkdir()
    (lists / "DICOMDIR").write_bytes(b"list")
    (lists / "link.dcm").symlink_to(lists / "DICOMDIR")
    for folder, sentence in ((empty.parent, "There is no file below"), (lists, r"only links, folder lists .* \(2\)")):
        with pytest.raises(CommandError, match=sentence):
            call_command("import_dicom", str(folder))
    assert not Upload.objects.exists()


def test_refused_files_are_counted_by_reason_with_what_to_do(project: Project, tmp_path: Path) -> None:
    good = made.ct_series(slices=1)[0]
    for number in range(3):
        (tmp_path / f"notes{number}.txt").write_text("hello")
    for number in range(2):
        (tmp_path / f"cut{number}.dcm").write_bytes(good[: 400 + number])
    out = io.StringIO()
    with pytest.raises(CommandError, match="The table says why"):
        call_command("import_dicom", str(tmp_path), stdout=out)
    rows = {line.split("│")[2].strip(): line for line in out.getvalue().splitlines() if "refused" in line}
    assert {code: int(line.split("│")[3]) for code, line in rows.items()} == {"not_dicom": 3, "truncated": 2}
    assert "Convert it to DICOM first" in out.getvalue()


def test_a_file_that_may_not_be_read_does_not_stop_the_others(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webapp.management.commands import import_dicom

    made.write(tmp_path, open=made.ct_series(slices=1)[0], shut=b"somebody else's")
    really = import_dicom.staged_copy

    def as_another_user(path: Path) -> Path:  # the tests may run as root, who reads everything
        if path.stem == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(import_dicom, "staged_copy", as_another_user)
    out = io.StringIO()
    call_command("import_dicom", str(tmp_path), stdout=out)
    assert Instance.objects.count() == 1
    assert "not readable" in out.getvalue()


def test_on_an_empty_installation_it_says_what_comes_first(tmp_path: Path) -> None:
    made.write(tmp_path, one=made.ct_series(slices=1)[0])
    environment = {**os.environ, "OVERREAD_DATA_DIR": str(tmp_path / "empty"), "OVERREAD_MODE": "development"}
    environment["DATABASE_URL"] = f"sqlite:///{tmp_path / 'empty.sqlite3'}"
    command = [sys.executable, "manage.py", "import_dicom", str(tmp_path / "one.dcm")]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.strip() == (
        "CommandError: The database is empty or of another version. Run `manage.py prepare` first."
    )
    commands = [load_command_class("webapp", name) for name in find_commands(str(ROOT / "webapp" / "management"))]
    alone = {type(one).__module__.rpartition(".")[2] for one in commands if not isinstance(one, PreparedCommand)}
    assert alone == {"serve", "prepare", "demo", "recipe"}, (
        "which bring the database up to date themselves, or ask none"
    )
