"""One case on its way through the house, act by act, and what a dataset frozen then would hold of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from annotations.dataset.rows import snapshot_rows
from annotations.dataset.split import patient_key, split_of
from annotations.models import Finding, Workitem
from annotations.services.reviews import review_record
from annotations.services.revisions import Proposal, finding_create, proposals_record
from annotations.services.sign_off import workitem_decide, workitem_reopen
from annotations.services.workitems import workitem_claim, workitem_read_again, workitem_submit, workitem_withdraw
from imaging.models import Patient
from tests.factories.reading import image_label, make_workitem

if TYPE_CHECKING:
    from core.models import Project, User

KEYS = ("mass", "nodule")


def patient_in(split: str) -> Patient:
    """Make a patient whom the site's key puts into ``split``."""
    number = Patient.objects.count() * 1000
    while split_of(patient_key(Patient(patient_id=f"S{number}"))) != split:
        number += 1
    return Patient.objects.create(patient_id=f"S{number}")


@dataclass
class Scene:
    """A case with its reader and its reviewer; every act goes through the services."""

    workitem: Workitem
    reader: User
    reviewer: User

    @classmethod
    def begun(cls, project: Project, reader: User, reviewer: User, *, split: str = "train", **study: Any) -> Scene:
        """Return a case of a patient of ``split``, claimed by its reader."""
        return cls(make_workitem(project, reader, patient=patient_in(split), **study), reader, reviewer)

    @property
    def now(self) -> Workitem:
        """The work item as it is stored now."""
        return Workitem.objects.select_related("project", "study").get(pk=self.workitem.pk)

    def reads(self, *contents: dict[str, Any]) -> list[Finding]:
        """Let the reader say this."""
        return [finding_create(workitem=self.now, author=self.reader, content=content) for content in contents]

    def answers(self, *, present: bool, key: str = "nodule") -> Finding:
        """Let the reader answer a label."""
        return self.reads(image_label(key, present=present))[0]

    def proposes(self, content: dict[str, Any], name: str = "p", probability: float = 0.9) -> Finding:
        """Let a model propose this."""
        kind, key = content["kind"], content["label_key"]
        proposal = Proposal(kind, key, content, probability, "chest", "1", name, threshold=0.5)
        return proposals_record(workitem=self.now, proposals=[proposal])[0]

    def looks(self) -> None:
        """Let a model look at the case and find nothing."""
        proposals_record(workitem=self.now, proposals=[], ai_score=0.1, looked_for=["nodule"])

    def submits(self) -> Scene:
        """Let the reader hand in."""
        workitem_submit(workitem=self.now, by=self.reader, version=self.now.version, nothing_found=True)
        return self

    def withdraws(self) -> Scene:
        """Let the reader take the reading back."""
        workitem_withdraw(workitem=self.now, by=self.reader, version=self.now.version)
        return self

    def judges(self, finding: Finding, decision: str, **more: Any) -> None:
        """Let the reviewer decide about one finding."""
        head = Finding.objects.select_related("head").get(pk=finding.pk).head
        assert head is not None
        known = Finding.objects.get(pk=finding.pk)
        if more.get("reason") == "other":
            more.setdefault("remark", "in other words")
        review_record(finding=known, reviewer=self.reviewer, decision=decision, if_match=head.digest, **more)

    def rejects(self, finding: Finding, reason: str) -> None:
        """Let the reviewer reject one finding."""
        self.judges(finding, "rejected", reason=reason)

    def adds(self, content: dict[str, Any]) -> Finding:
        """Let the reviewer say this of their own."""
        return finding_create(workitem=self.now, author=self.reviewer, content=content)

    def signs(self, event: str = "accept") -> Scene:
        """Let the reviewer sign the case off."""
        workitem_decide(workitem=self.now, by=self.reviewer, version=self.now.version, event=event)
        return self

    def signs_both(self, event: str = "accept") -> Scene:
        """Let the reviewer sign although people contradict one another: refused today, but such cases were signed once.

        The newest of what people said is kept out of the way of the service.
        """
        newest = Finding.objects.filter(workitem=self.workitem, algorithm_type="MANUAL").order_by("created_at").last()
        assert newest is not None
        Finding.objects.filter(pk=newest.pk).update(deleted=True)
        self.signs(event)
        Finding.objects.filter(pk=newest.pk).update(deleted=False)
        return self

    def reopens(self, by: User) -> Scene:
        """Let an admin open the signed case again."""
        workitem_reopen(workitem=self.now, by=by, version=self.now.version, reason="look again")
        return self

    def is_read_again(self, *, by: User, for_: User) -> Scene:
        """Let an admin give the signed case to another reader, who reads from now on."""
        workitem_read_again(workitem=self.now, reader=by, by=for_, version=self.now.version, reason="read it blind")
        self.reader = by
        return self

    def claims_again(self) -> Scene:
        """Let the reader take a case that was sent back."""
        workitem_claim(workitem=self.now, by=self.reader, version=self.now.version)
        return self


def rows_of(project: Project, question: str = "classification", keys: Sequence[str] = KEYS) -> list[dict[str, Any]]:
    """Return the rows of a dataset frozen now."""
    return snapshot_rows(project=project, question=question, label_keys=list(keys)).rows


@dataclass(frozen=True)
class Taught:
    """What one row teaches of the nodule, with the places by their first corner's column."""

    state: int | None
    provenance: str
    weight: float
    draws: int
    places: tuple[float, ...] = ()
    rejected: tuple[float, ...] = ()


NOTHING = Taught(None, "", 0.0, 0)
ADJUDICATED = Taught(1, "adjudicated", 1.5, 1)
BLIND_ABSENT = Taught(0, "blind_read", 1.0, 1)
BLIND_PRESENT = Taught(1, "blind_read", 1.0, 1)

Play = Callable[[Scene], Any]
"""What is done to a case."""


def played(play: Play, project: Project, reader: User, reviewer: User) -> tuple[Taught, Taught]:
    """Play the same on a training patient and on a test patient; return what is taught by each."""
    scenes = [Scene.begun(project, reader, reviewer, split=split) for split in ("train", "test")]
    for scene in scenes:
        play(scene)
    learned, tested = map(taught_by, scenes)
    return learned, tested


def taught_by(scene: Scene, key: str = "nodule") -> Taught:
    """Return what the one image of a case teaches of a label; ``NOTHING`` where it has no row."""
    rows = [
        row for row in rows_of(scene.now.project) if row["study_instance_uid"] == scene.now.study.study_instance_uid
    ]
    if not rows:
        return NOTHING
    (row,) = rows

    def columns(regions: list[dict[str, Any]]) -> tuple[float, ...]:
        return tuple(sorted(one["points_px"][0][0] for one in regions if one["label_key"] == key))

    places, rejected = columns(row["regions"]), columns(row["rejected_regions"])
    if row["labels"][key] is None and not row["label_provenance"]:
        return Taught(None, row["provenance"], row["weight"], row["sampling"], places, rejected)
    named = row["label_provenance"].get(key, "")
    draws = row["sampling"] if row["provenance"] == named else 1
    return Taught(row["labels"][key], named, row["label_weights"].get(key, 0.0), draws, places, rejected)
