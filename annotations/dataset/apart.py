"""Keeping the test apart: what cannot be shown to be of other people, or other pictures, does not stay in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from annotations.dataset.copies import copies_among, picture_names, without_copies
from annotations.dataset.manifests import splits_of_manifest
from annotations.dataset.split import split_of
from annotations.models import DatasetSnapshot
from imaging.dicom.looks import NEAR, REVISION
from imaging.models import Instance, InstanceConflict, NearCopyDecision, PictureHash, Study
from imaging.one_person import judged_near_copies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from annotations.dataset.sides import Sides
    from core.models import Project

Json = dict[str, Any]
_CHUNK: Final = 500
_LEARNED: Final = ("train", "validation")


@dataclass
class Apart:
    """What stays, what was left out and why (row counts by code), and the facts for the datasheet."""

    rows: list[Json]
    left_out: Counter[str] = field(default_factory=Counter)
    facts: Json = field(default_factory=dict)

    def leave_out(self, code: str, wrong: Callable[[Json], bool]) -> None:
        """Take out the rows of which ``wrong`` holds and count them under ``code``."""
        kept = [row for row in self.rows if not wrong(row)]
        self.left_out[code] += len(self.rows) - len(kept)
        self.rows = kept


def keep_apart(rows: list[Json], sides: Sides, project: Project) -> Apart:
    """Leave out what would leak, or might, between training and test.

    Args:
        rows: every row in the split of its person.
        sides: where everybody stands.
    """
    found = Apart(rows)
    uids = {row["sop_instance_uid"] for row in rows}
    older = _learned_before(project, sides)
    found.leave_out("nobody_known", lambda row: row["patient_key"] in sides.nobody)
    found.leave_out("no_patient_id_in_test", lambda row: _tests(row) and row["patient_key"] in sides.unidentified)
    found.leave_out("learned_from_before", lambda row: _tests(row) and sides.person(row["patient_key"]) in older)
    disputed = _disputed(uids)
    found.leave_out("version_undecided_in_test", lambda row: _tests(row) and row["sop_instance_uid"] in disputed)
    near = [one for one in judged_near_copies() if set(one.images) <= uids]
    unjudged = _across_the_test(found.rows, [one.images for one in near if not one.verdict])
    found.leave_out("near_copy_not_judged", lambda row: _tests(row) and row["sop_instance_uid"] in unjudged)
    decoded, looks = _decoded(uids), _looks(uids)
    confirmed = picture_names(one.images for one in near if one.verdict == NearCopyDecision.Verdict.ONE_PICTURE)
    copies = copies_among(found.rows, decoded, confirmed)
    before = len(found.rows)
    found.rows = without_copies(found.rows, decoded, confirmed)
    found.left_out["copies_in_a_stricter_split"] += before - len(found.rows)
    found.facts = {
        "persons": _persons(rows, sides),
        "copies": {**copies, "left_out": before - len(found.rows)},
        "near_copies": {
            "pairs": len(near),
            "one_picture": sum(one.verdict == NearCopyDecision.Verdict.ONE_PICTURE for one in near),
            "different": sum(one.verdict == NearCopyDecision.Verdict.DIFFERENT for one in near),
            "not_judged": sum(not one.verdict for one in near),
            "bits": NEAR,
            "revision": REVISION,
        },
        "compared": {
            "pictures": len(uids),
            "without_decoded_digest": sum(not decoded.get(uid) for uid in uids),
            "without_looks": sum(_why_unlike(looks, uids).values()),
            "why_without_looks": _why_unlike(looks, uids),
        },
        "moved": _moved(found.rows, project),
    }  # fmt: skip
    return found


def _tests(row: Json) -> bool:
    return bool(row["split"] == "test")


def _chunks(uids: set[str]) -> Iterator[list[str]]:
    ordered = sorted(uids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]


def _decoded(uids: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in _chunks(uids):
        found |= Instance.objects.filter(sop_instance_uid__in=some).values_list("sop_instance_uid", "decoded_digest")
    return found


def _looks(uids: set[str]) -> dict[str, str]:
    """Return by image why it could not be compared by its looks; empty where it was."""
    found: dict[str, str] = {}
    for some in _chunks(uids):
        rows = PictureHash.objects.filter(instance__sop_instance_uid__in=some, revision=REVISION)
        found |= rows.values_list("instance__sop_instance_uid", "code")
    return found


def _why_unlike(looks: dict[str, str], uids: set[str]) -> Json:
    """Return how many images could not be compared by their looks, by reason; ``missing``: nobody looked yet."""
    return dict(sorted(Counter(why for uid in uids if (why := looks.get(uid, "missing"))).items()))


def _disputed(uids: set[str]) -> set[str]:
    """Return images that came again with other content and of which nobody has decided which is shown."""
    found: set[str] = set()
    for some in _chunks(uids):
        rows = InstanceConflict.objects.filter(instance__sop_instance_uid__in=some, decisions=None)
        found |= set(rows.values_list("instance__sop_instance_uid", flat=True))
    return found


def _across_the_test(rows: list[Json], pairs: list[tuple[str, str]]) -> set[str]:
    """Return the images of pairs of which one tests and the other teaches."""
    split = {row["sop_instance_uid"]: row["split"] for row in rows}
    return {
        image for pair in pairs if len({split.get(one) == "test" for one in pair if one in split}) > 1 for image in pair
    }


def _persons(rows: list[Json], sides: Sides) -> Json:
    """Return how many numbers count as one person's among these rows, why, and which rows stand elsewhere by it."""
    keys = {row["patient_key"] for row in rows}
    groups = defaultdict(set)
    for key in keys:
        groups[sides.person(key)].add(key)
    joined = {person for person in groups if len(sides.members[person]) > 1}
    reasons: Counter[str] = Counter()
    for person in joined:
        reasons.update(sides.reasons[person].keys())
    shifted = Counter(
        f"{own} → {row['split']}" for row in rows if (own := split_of(row["patient_key"])) != row["split"]
    )
    return {
        "persons": len(groups),
        "numbers": len(keys),
        "persons_with_several_numbers": len(joined),
        "reasons": dict(sorted(reasons.items())),
        "images_in_a_stricter_split": dict(sorted(shifted.items())),
        "undecided_identities": len(keys & sides.undecided),
        "without_patient_id": len(keys & sides.unidentified),
    }


def _learned_before(project: Project, sides: Sides) -> set[str]:
    """Return the persons from whom an older dataset of the project taught: a model may know them already."""
    studies: set[str] = set()
    for digest in DatasetSnapshot.objects.filter(project=project).values_list("manifest_digest", flat=True):
        studies |= {uid for uid, split in splits_of_manifest(digest).items() if split in _LEARNED}
    found: set[str] = set()
    for some in _chunks(studies):
        patients = Study.objects.filter(study_instance_uid__in=some).values_list("patient_id", flat=True)
        found |= {sides.person(sides.keys[patient]) for patient in patients}
    return found


def _moved(rows: list[Json], project: Project) -> list[Json]:
    """Return studies that stand in another split than in the newest older dataset that has them."""
    before: dict[str, tuple[str, str]] = {}
    for snapshot in DatasetSnapshot.objects.filter(project=project).order_by("created_at"):
        for uid, split in splits_of_manifest(snapshot.manifest_digest).items():
            before[uid] = (split, snapshot.digest)
    moved = {
        row["study_instance_uid"]: {
            "study_instance_uid": row["study_instance_uid"], "patient_key": row["patient_key"],
            "from": before[row["study_instance_uid"]][0], "to": row["split"],
            "in_dataset": before[row["study_instance_uid"]][1],
        }
        for row in rows
        if before.get(row["study_instance_uid"], (row["split"],))[0] != row["split"]
    }  # fmt: skip
    return [moved[uid] for uid in sorted(moved)]
