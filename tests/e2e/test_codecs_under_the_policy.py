"""The viewer's WebAssembly codecs run in workers that live under the strict policy, in a real browser."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from annotations.models import ReadingProtocol
from annotations.services.workitems import workitem_open
from tests.e2e.bench import need_the_front_end, reader_at
from tests.imaging.archive import archived, bundled
from tests.patience import SECONDS

if TYPE_CHECKING:
    from core.models import Project, User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FILES = {
    "JPEG 2000": "MR_small_jp2klossless.dcm",
    "JPEG-LS": "MR_small_jpeg_ls_lossless.dcm",
    "JPEG of 8 bits": "SC_rgb_jpeg_dcmtk.dcm",
    "RLE": "MR_small_RLE.dcm",
}


@pytest.fixture
def cases(project: Project, radiologist: User, server_url: str) -> dict[str, str]:
    """Where a case of each codec is read."""
    need_the_front_end()
    ReadingProtocol.objects.get_or_create(project=project, defaults={"required_labels": []})
    pages = {}
    for name, file in FILES.items():
        study = archived(bundled(file), project, radiologist).series.study
        pages[name] = f"{server_url}/read/{workitem_open(project=project, study=study).pk}"
    return pages


def test_every_codec_draws_its_image_and_the_policy_is_never_broken(
    cases: dict[str, str], radiologist: User, server_url: str
) -> None:
    with reader_at(server_url, radiologist) as desk:
        for name, page in cases.items():
            desk.page.goto(page)
            picture = desk.page.locator('[data-testid="viewport-picture"]')
            picture.locator("canvas").first.wait_for()
            shades = 0
            for _ in range(int(4 * SECONDS)):
                pixels = np.asarray(Image.open(io.BytesIO(picture.screenshot())).convert("L"))
                shades = len(np.unique(pixels))
                if shades > 12:
                    break
                desk.page.wait_for_timeout(250)
            assert shades > 12, f"{name} was not drawn"
