"""A second story of the demo: a model that points at the wrong place, and what rejecting that place is worth.

The first version outlines masses, and coarse calcifications too: it learned from outlines of women who had none. The
reviewer judges its outlines on later cases. Two versions then learn from the same cases with the same settings, one
without and one with the places that were rejected; their reports say where each points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from annotations.models import Workitem
from annotations.services.snapshots import snapshot_freeze
from imaging.models import Instance
from inference.models import ModelFamily, ModelVersion
from inference.services.families import family_create
from webapp.demo.first_model import first_model_install, version_train
from webapp.demo.mammogram_cases import Weeks, mammogram_cases, woman_shown
from webapp.demo.people import people_install
from webapp.demo.projects import BREAST, MASS, project_install
from webapp.demo.readings import case_signed_off, study_read
from webapp.demo.second_look import Known, decide_by
from webapp.demo.store import files_store

if TYPE_CHECKING:
    from core.models import Project, User
    from webapp.demo.install import Progress

FAMILY = "breast-mass"
#: As wide as those of the first story: few test patients, a demonstration only.
_CHANGE_PLAN = {
    "sensitivity_margin": 0.25,
    "specificity_margin": 0.25,
    "margin": 0.15,
    "trivial": "told",
    "ece_floor": 0.45,
    "negative_flip_limit": 0.3,
    "calibration_margin": 0.2,
    "subgroup_margin": 0.5,
    # The first version is to point at the wrong place: that is the story.
    "grounding": "guard",
}


def wrong_places_install(progress: Progress) -> None:
    """Tell the story to its end; what is there is left as it is."""
    people = people_install()
    project = project_install(BREAST, people)
    _cases(project, "first", people, progress, title="Draw, store and read mammograms")
    family = _family(project, people["demo-admin"])
    if family.live is None:
        progress.begin("Train and evaluate version 1")
        first_model_install(family=family, admin=people["demo-admin"])
        progress.end("it is live")
    _cases(project, "later", people, progress, title="Later mammograms, with the model's opinion")
    progress.begin("Review what the model outlined")
    progress.end(f"{_review(project, people['demo-reviewer'], progress)} studies signed off")
    _cases(project, "today", people, progress, title="Mammograms that wait for the reviewer")
    _train_both(family, people["demo-admin"], progress)


def _family(project: Project, admin: User) -> ModelFamily:
    found = ModelFamily.objects.filter(project=project, slug=FAMILY).first()
    return found or family_create(
        project=project,
        slug=FAMILY,
        title="Mass on mammograms",
        recipe="classification",
        label_keys=[MASS],
        modalities=["MG"],
        change_plan=_CHANGE_PLAN,
        reason="A hundred test patients prove little: wide limits, for a demonstration only.",
        by=admin,
    )


def _cases(project: Project, weeks: Weeks, people: dict[str, User], progress: Progress, *, title: str) -> None:
    """Store and read the cases of some weeks; those of the first are signed off at once."""
    done = Workitem.objects.filter(project=project).exclude(state=Workitem.State.OPEN)
    known = set(done.values_list("study__study_instance_uid", flat=True))
    missing = [case for case in mammogram_cases() if case.weeks == weeks and case.woman.study_instance_uid not in known]
    if not missing:
        return
    progress.begin(title)
    drawn = {case.woman.name: case.woman.draw() for case in missing}
    studies = files_store(
        project=project,
        by=people["demo-admin"],
        files=((case.woman.name, case.woman.file(drawn[case.woman.name])) for case in missing),
        stored=progress.step,
    )
    for case in missing:
        study = studies[case.woman.name]
        box = drawn[case.woman.name].mass if case.outlined else None
        workitem = study_read(
            workitem=Workitem.objects.select_related("project", "study").get(project=project, study=study),
            label_key=MASS,
            present=case.woman.mass,
            boxes=[(MASS, box)] if box else [],
            instance=Instance.objects.get(series__study=study),
            reader=people["demo-radiologist"],
        )
        if weeks == "first":
            case_signed_off(workitem=workitem, reviewer=people["demo-reviewer"])
    progress.end(f"{len(missing)} studies")


def _review(project: Project, reviewer: User, progress: Progress) -> int:
    later = [case.woman.study_instance_uid for case in mammogram_cases() if case.weeks == "later"]
    waiting = Workitem.objects.filter(
        project=project, state=Workitem.State.SUBMITTED, study__study_instance_uid__in=later
    ).select_related("project", "study__patient")
    for workitem in waiting:
        woman = woman_shown(workitem.study.patient.patient_id)
        box = woman.draw().mass
        decide_by(Known(MASS, woman.mass, (box,) if box else ()), workitem=workitem, reviewer=reviewer)
        progress.step()
    return len(waiting)


def _train_both(family: ModelFamily, admin: User, progress: Progress) -> None:
    """Train on the same cases without and with the rejected places."""
    if ModelVersion.objects.filter(family=family).count() > 1:
        return
    snapshot = snapshot_freeze(
        project=family.project, name="With judged outlines", question="classification", label_keys=[MASS], by=admin
    )
    for learns, title in ((False, "without the rejected places"), (True, "with the rejected places")):
        progress.begin(f"Train and evaluate a version {title}")
        version, _ = version_train(
            family=family,
            snapshot=snapshot,
            chosen={"rejected_places": learns},
            reason=f"To see what rejected places are worth: {title}.",
            admin=admin,
        )
        progress.end(f"version {version.number}")
