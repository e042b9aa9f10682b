"""The TypeScript client is generated from the API as it is now."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from drf_spectacular.generators import SchemaGenerator

FRONTEND = Path(__file__).resolve().parent.parent.parent / "frontend"
HOW = "run: make schema"


def test_the_committed_schema_is_that_of_the_api() -> None:
    schema = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))
    assert json.loads((FRONTEND / "openapi.json").read_text()) == schema, HOW


def test_the_committed_types_are_generated_from_that_schema(tmp_path: Path) -> None:
    found = [path for path in FRONTEND.glob("**/node_modules/.bin/openapi-typescript") if path.exists()]
    if not found or shutil.which("node") is None:
        pytest.skip("the front end's tools are not installed")
    target = tmp_path / "schema.gen.ts"
    subprocess.run([found[0], FRONTEND / "openapi.json", "--output", target], check=True, capture_output=True)
    assert target.read_text() == (FRONTEND / "src" / "api" / "schema.gen.ts").read_text(), HOW
