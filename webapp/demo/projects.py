"""The demo's two projects with their label sets and members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotations.models import Label
from annotations.services.projects import label_create, project_create
from core.models import Membership, Project
from core.roles import Role
from core.users import membership_set

if TYPE_CHECKING:
    from core.models import User

REAL = "reading-room"
SYNTHETIC = "synthetic-chest"
#: What the demo's model learns.
TAUGHT_LABEL = "opacity"
_IMAGE, _REGION, _SEGMENT = Label.Use.IMAGE.value, Label.Use.REGION.value, Label.Use.SEGMENT.value
#: key, SNOMED CT code, meaning, uses, colour.
_LABELS: dict[str, list[tuple[str, str, str, list[str], str]]] = {
    SYNTHETIC: [
        (TAUGHT_LABEL, "95436008", "Lung consolidation", [_IMAGE, _REGION, _SEGMENT], "#f59f00"),
        ("nodule", "427359005", "Solitary nodule of lung", [_IMAGE, _REGION, _SEGMENT], "#1f8ef1"),
    ],
    REAL: [
        ("lesion", "52988006", "Lesion", [_REGION, _SEGMENT], "#f03e3e"),
        ("structure", "91723000", "Anatomical structure", [_REGION, _SEGMENT], "#12b886"),
        ("normal", "17621005", "Normal", [_IMAGE], "#82c91e"),
        ("artifact", "47973001", "Artifact", [_IMAGE, _REGION], "#ae3ec9"),
    ],
}
#: What each reading must answer: where nothing is taught, nothing; who finds nothing says so when they submit.
_REQUIRED: dict[str, list[str]] = {REAL: [], SYNTHETIC: [TAUGHT_LABEL]}
_TEXTS = {
    REAL: (
        "Reading room (real images)",
        "Real sample images from free packages: CT, MR, ultrasound, nuclear medicine, X-ray, a retina.",
        "Try the tools. Nothing here is taught to a model.",
    ),
    SYNTHETIC: (
        "Synthetic chest radiographs",
        "Drawn by a computer, with planted consolidations and nodules. No patient is behind any of them.",
        "Say of each image whether a consolidation (a hazy bright patch in a lung) is present. Nodules are small and "
        "round; they do not count as consolidation.",
    ),
}


def projects_install(people: dict[str, User]) -> dict[str, Project]:
    """Return the demo's projects by slug, made where they are missing."""
    admin = people["demo-admin"]
    found = {project.slug: project for project in Project.objects.filter(slug__in=_TEXTS)}
    for slug, (title, description, instructions) in _TEXTS.items():
        if slug not in found:
            found[slug] = project_create(
                slug=slug,
                title=title,
                description=description,
                instructions=instructions,
                by=admin,
                required_labels=_REQUIRED[slug],
            )
        _labels_install(found[slug], admin)
        _members_install(found[slug], people, admin)
    return found


def _labels_install(project: Project, admin: User) -> None:
    known = set(Label.objects.filter(project=project).values_list("key", flat=True))
    for position, (key, code, meaning, uses, color) in enumerate(_LABELS[project.slug]):
        if key not in known:
            label_create(
                project=project,
                by=admin,
                key=key,
                code_value=code,
                coding_scheme_designator="SCT",
                code_meaning=meaning,
                uses=uses,
                color=color,
                position=position,
            )


def _members_install(project: Project, people: dict[str, User], admin: User) -> None:
    known = set(Membership.objects.filter(project=project).values_list("user__username", flat=True))
    for username, user in people.items():
        if username not in known:
            role = Role.RADIOLOGIST if username.startswith("demo-radiologist") else Role(user.role)
            membership_set(project=project, user=user, role=role.value, by=admin)
