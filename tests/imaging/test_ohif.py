"""An unmodified OHIF lists the studies and shows their images."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from core.models import ApiToken
from tests.browser import ARTEFACTS, started_browser
from tests.imaging.archive import archived, bundled
from tests.imaging.ohif import ohif_beside, ohif_build
from tests.serving import served

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

    from core.models import Project, User

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore")]
FILES = ("CT_small.dcm", "MR_small_RLE.dcm", "examples_ybr_color.dcm", "examples_palette.dcm")


def shows_an_image(page: Page) -> bool:
    """Say whether the first viewport holds a picture: many grey levels over a good part of it."""
    viewport = page.locator(".cornerstone-canvas").first
    pixels = np.asarray(Image.open(BytesIO(viewport.screenshot())).convert("L"))
    return bool(len(np.unique(pixels)) > 40 and pixels.std() > 12)


def test_an_unmodified_ohif_lists_and_opens_every_study(project: Project, radiologist: User) -> None:
    build = ohif_build()
    instances = [archived(bundled(name), project, radiologist) for name in FILES]
    _, token = ApiToken.objects.create(user=radiologist, name="ohif")
    from webapp.asgi import application

    refused: list[str] = []
    frames: list[str] = []

    def hear(response: Response) -> None:
        if "/dicomweb/" in response.url and response.status >= 400:
            refused.append(f"{response.status} {response.url}")
        if "/frames/" in response.url:
            frames.append(response.url)

    with (
        served(ohif_beside(application, build, token)) as url,
        started_browser().new_page(viewport={"width": 1600, "height": 1000}) as page,
    ):
        page.set_default_timeout(60_000)
        page.on("response", hear)
        page.goto(url)
        for instance in instances:
            page.get_by_text(instance.series.study.patient.patient_id, exact=True).first.wait_for()
        ARTEFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTEFACTS / "ohif-study-list.png")
        for instance in instances:
            study = instance.series.study.study_instance_uid
            frames.clear()
            page.goto(f"{url}/viewer?StudyInstanceUIDs={study}")
            page.locator(".cornerstone-canvas").first.wait_for()
            for _ in range(60):
                page.wait_for_timeout(500)
                if frames and shows_an_image(page):
                    break
            page.screenshot(path=ARTEFACTS / f"ohif-{instance.series.modality}-{instance.display}.png")
            assert shows_an_image(page), f"{instance.series.modality} study is not shown"
            assert any(study in frame for frame in frames)
        assert refused == []
