"""The demo's projects with their label sets and members."""

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
BREAST = "synthetic-breast"
#: What the demo's models learn.
TAUGHT_LABEL, MASS = "opacity", "mass"
_IMAGE, _REGION, _SEGMENT = Label.Use.IMAGE.value, Label.Use.REGION.value, Label.Use.SEGMENT.value
#: key, SNOMED CT code, meaning, uses, colour.
_LABELS: dict[str, list[tuple[str, str, str, list[str], str]]] = {
    SYNTHETIC: [
        (TAUGHT_LABEL, "95436008", "Lung consolidation", [_IMAGE, _REGION, _SEGMENT], "#f59f00"),
        ("nodule", "427359005", "Solitary nodule of lung", [_IMAGE, _REGION, _SEGMENT], "#1f8ef1"),
    ],
    BREAST: [(MASS, "290078006", "Breast mass", [_IMAGE, _REGION, _SEGMENT], "#f59f00")],
    REAL: [
        ("lesion", "52988006", "Lesion", [_REGION, _SEGMENT], "#f03e3e"),
        ("structure", "91723000", "Anatomical structure", [_REGION, _SEGMENT], "#12b886"),
        ("normal", "17621005", "Normal", [_IMAGE], "#82c91e"),
        ("artifact", "47973001", "Artifact", [_IMAGE, _REGION], "#ae3ec9"),
    ],
}
#: What each reading must answer: where nothing is taught, nothing; who finds nothing says so when they submit.
_REQUIRED: dict[str, list[str]] = {REAL: [], SYNTHETIC: [TAUGHT_LABEL], BREAST: [MASS]}
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
    BREAST: (
        "Synthetic mammograms",
        "Drawn by a computer, with planted masses and coarse calcifications. No patient is behind any of them.",
        "Say of each image whether a mass (a round, softly bounded density) is present. A coarse calcification is "
        "smaller, brighter and sharply bounded; it is benign and does not count.",
    ),
}
#: Those that the demo begins with.
_AT_FIRST = (REAL, SYNTHETIC)


def projects_install(people: dict[str, User]) -> dict[str, Project]:
    """Return the projects that the demo begins with by slug, made where they are missing."""
    return {slug: project_install(slug, people) for slug in _AT_FIRST}


def project_install(slug: str, people: dict[str, User]) -> Project:
    """Return one of the demo's projects, made where it is missing."""
    title, description, instructions = _TEXTS[slug]
    admin = people["demo-admin"]
    project = Project.objects.filter(slug=slug).first() or project_create(
        slug=slug,
        title=title,
        description=description,
        instructions=instructions,
        by=admin,
        required_labels=_REQUIRED[slug],
    )
    _labels_install(project, admin)
    _members_install(project, people, admin)
    return project


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
