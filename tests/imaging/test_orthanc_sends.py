"""What operations.md says of Orthanc, done word for word with a real Orthanc and its default settings."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
import requests
from pydicom import dcmread

from annotations.services.projects import inbox_open
from core import blobs
from core.models import User
from core.passwords import token_make
from imaging.models import Instance, ProjectStudy
from tests.imaging.archive import bundled
from tests.imaging.orthanc import orthanc_beside, recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore")]


def test_a_study_that_orthanc_sends_arrives_whole_in_the_inbox(
    server_url: str, make_user: Callable[..., User], tmp_path: Path
) -> None:
    inbox = inbox_open()
    _, token = token_make(user=make_user("boss", "admin"), name="orthanc", days=1)
    with orthanc_beside(tmp_path, server_url, token) as orthanc:
        studies = {}
        for name in ("CT_small.dcm", "JPEG2000.dcm", "examples_ybr_color.dcm"):
            source = bundled(name)
            told = requests.post(f"{orthanc}/instances", data=source.read_bytes(), timeout=60).json()
            studies[told["ParentStudy"]] = source
        for study in studies:
            command = recipe()[1].replace("http://127.0.0.1:8042", orthanc).replace("STUDY", study)
            sent = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True, timeout=120)
            assert json.loads(sent.stdout)["InstancesCount"] == "1", sent.stdout
    assert Instance.objects.count() == len(studies)
    for source in studies.values():
        original = dcmread(source)
        stored = Instance.objects.get(sop_instance_uid=original.SOPInstanceUID)
        path = tmp_path / "again.dcm"
        path.write_bytes(blobs.get(stored.blob_digest))
        again = dcmread(path)
        assert again.file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID
        assert np.array_equal(again.pixel_array, original.pixel_array)
        assert ProjectStudy.objects.get(study=stored.series.study).project == inbox


def test_the_documented_pipe_of_curl_stores_an_instance(
    server_url: str, make_user: Callable[..., User], tmp_path: Path
) -> None:
    import shutil

    from tests.imaging.orthanc import ROOT

    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    inbox_open()
    _, token = token_make(user=make_user("boss", "admin"), name="pipe", days=1)
    text = (ROOT / "docs" / "operations.md").read_text()
    command = text[text.index("curl -T -") : text.index("- **Orthanc** with")].partition("```")[0]
    command = command.replace("https://overread.example.org", server_url).replace("TOKEN", token)
    command = command.replace("image.dcm", str(bundled("CT_small.dcm")))
    sent = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, timeout=120)
    assert "00081199" in sent.stdout, sent.stdout
    assert blobs.get(Instance.objects.get().blob_digest) == bundled("CT_small.dcm").read_bytes()
