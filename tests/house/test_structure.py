"""The house stands as drawn: rules that are about files and imports, not about behaviour."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("core", "imaging", "annotations", "inference", "webapp")
HEAVY = ("torch", "monai", "captum", "sklearn", "skimage", "scipy", "highdicom", "SimpleITK")
SOURCES = [
    path
    for folder in (*ROOMS, "tests", "tooling", "frontend/src")
    for pattern in ("*.py", "*.ts", "*.tsx")
    for path in sorted((ROOT / folder).rglob(pattern))
    if "migrations" not in path.parts and not path.name.endswith(".gen.ts")
]
WORDS_NOT_IN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "data", "info"}


def tracked() -> list[Path]:
    """Return the files that belong to the repository (or would, when it is not a git checkout)."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def relative(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_no_file_is_so_long_that_everybody_edits_it() -> None:
    long = {
        name: lines
        for path, name in zip(SOURCES, relative(SOURCES), strict=True)
        if (lines := len(path.read_text().splitlines())) > 600
    }
    assert long == {}


def test_names_say_what_is_inside() -> None:
    vague = [
        name
        for name in relative(SOURCES)
        if set(re.split(r"[_\-./]", Path(name).with_suffix("").as_posix().lower())) & WORDS_NOT_IN_NAMES
    ]
    assert vague == []


def imported_by(statement: str) -> set[str]:
    """Return which heavy packages a fresh process has loaded after ``statement``."""
    program = f"import sys\n{statement}\nprint(*sorted(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(done.stdout.split())


def test_the_web_process_starts_without_torch_and_its_kin() -> None:
    resolve = "from django.urls import get_resolver; get_resolver().reverse_dict"
    assert imported_by(f"import webapp.asgi\n{resolve}") == set()


def test_the_supervisor_and_the_workers_parent_start_without_torch() -> None:
    """A process that forks may not have touched torch."""
    load = "import webapp.celery; webapp.celery.app.loader.import_default_modules()"
    setup = (
        "import os; os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'webapp.settings'); import django; django.setup()"
    )
    assert imported_by(f"{setup}\n{load}\nimport webapp.supervisor, webapp.management.commands.serve") == set()


@pytest.mark.django_db
def test_the_models_and_the_migrations_agree() -> None:
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_everything_the_makefile_and_the_ci_name_is_there() -> None:
    text = (ROOT / "Makefile").read_text() + (ROOT / ".ci" / "run").read_text()
    named = set(re.findall(r"\b(?:tooling/\w+\.py|manage\.py)\b", text))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    used = set(re.findall(r"manage\.py (\w+)", text)) - {"migrate", "spectacular"}
    commands = {path.stem for path in (ROOT / "webapp" / "management" / "commands").glob("*.py")}
    assert used <= commands


def test_the_container_copies_every_room() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for room in ROOMS:
        assert f"COPY {room} {room}" in dockerfile
        assert f"!{room}" in allowed


def test_no_secret_and_no_path_of_a_machine_is_in_the_repository() -> None:
    suspicious = re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{30}|/home/[a-z]+/|/root/|/work/|/Users/"
    )
    found = []
    for path in tracked():
        if path == Path(__file__) or path.suffix in {".png", ".jpg", ".dcm", ".woff2", ".wasm"}:
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if suspicious.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


def test_no_medical_image_and_no_database_is_in_the_repository() -> None:
    kinds = {".dcm", ".nii", ".gz", ".nrrd", ".sqlite3", ".safetensors", ".pt", ".npz", ".zip"}
    assert [name for name in relative(tracked()) if Path(name).suffix in kinds] == []


def test_every_environment_variable_is_in_the_operations_table() -> None:
    from webapp.settings.environment import Environment

    table = (ROOT / "docs" / "operations.md").read_text()
    names = [
        str(field.validation_alias) if field.validation_alias else f"OVERREAD_{name.upper()}"
        for name, field in Environment.model_fields.items()
    ]
    assert [name for name in names if f"`{name}`" not in table] == []


def test_links_in_the_documents_lead_somewhere() -> None:
    dead = []
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text()):
            if "://" not in target and not (document.parent / target).exists():
                dead.append(f"{document.relative_to(ROOT)}: {target}")
    assert dead == []


def test_the_demos_published_passwords_are_those_the_deploy_check_looks_for() -> None:
    from webapp.checks import DEMO_USERS
    from webapp.demo.people import DEMO_PASSWORDS

    assert set(DEMO_USERS) == set(DEMO_PASSWORDS)


#: What writes a day or an hour in one's own way; numbers may be written by anybody.
_OWN_DATES = re.compile(
    r"DateTimeFormat|toLocale(?:Date|Time)String|to(?:Date|Time|UTC)String|\.get(?:Full)?Year\(|\.getMonth\("
)


def test_days_and_instants_are_written_in_one_place() -> None:
    pages = [path for path in SOURCES if path.suffix in {".ts", ".tsx"} and ".test." not in path.name]
    assert relative([path for path in pages if _OWN_DATES.search(path.read_text())]) == ["frontend/src/ui/format.ts"]
