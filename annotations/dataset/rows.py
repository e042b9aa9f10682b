"""The rows of a dataset: one image a row, its label states, regions, split, groups and weights."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from annotations.dataset.apart import keep_apart
from annotations.dataset.groups import groups_of
from annotations.dataset.habit import habitual_reviewers
from annotations.dataset.pictures import LATE, pictures_taught
from annotations.dataset.questions import QUESTIONS
from annotations.dataset.settling import NOT_BLIND, Settled, Unsettled, settled, settled_by_label
from annotations.dataset.sides import Sides, sides_of_archive
from annotations.dataset.statements import Statement, region_json, workitem_statements
from annotations.dataset.teaching import PROVENANCE, Trust
from annotations.dataset.withheld import people_of, person_pseudonym, withheld_now
from annotations.models import Finding, Workitem
from annotations.rules.lifecycle import SIGNED_OFF
from annotations.rules.pictures import picture_rules
from annotations.rules.standing import Standing, standing_of
from core.models import Project
from imaging.models import Instance
from imaging.selectors import is_flat, shown

Json = dict[str, Any]
_BATCH: Final = 200


@dataclass
class Rows:
    """The rows, and what was left out and why.

    Attributes:
        facts: what was found out on the way (``annotations.dataset.apart``).
        unsettled: per reason (``Unsettled``) and label, how many answers are not taught or may not test.
        lacking: per label and reason, the cases of test patients that an answer read blind would bring into the test.
        test_waiting: how many cases of test patients are not signed off.
        grown: how many of the cases that teach have images that came after they were read.
    """

    rows: list[Json] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    facts: Json = field(default_factory=dict)
    unsettled: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lacking: dict[tuple[str, str], set[UUID]] = field(default_factory=lambda: defaultdict(set))
    test_waiting: int = 0
    grown: int = 0

    @property
    def wants_blind_reading(self) -> dict[UUID, dict[str, Unsettled]]:
        """Cases of test patients that only lack a blind reading: why, by label."""
        found: dict[UUID, dict[str, Unsettled]] = defaultdict(dict)
        for (key, why), cases in sorted(self.lacking.items()):
            if why in NOT_BLIND:
                for case in cases:
                    found[case][key] = Unsettled(why)
        return found

    def not_taught(self, why: Unsettled, label_key: str, *, in_test: UUID | None) -> None:
        """Count an answer that is not taught.

        Args:
            in_test: the case, where its patient is one of the locked test.
        """
        self.left_out[why] += 1
        self.unsettled[why][label_key] += 1
        if in_test is not None:
            self.lacking[label_key, why].add(in_test)


def _batches(workitems: list[Workitem]) -> Iterator[list[Workitem]]:
    for start in range(0, len(workitems), _BATCH):
        yield workitems[start : start + _BATCH]


def snapshot_rows(
    *, project: Project, question: str, label_keys: list[str], on_progress: Callable[[int, int], None] | None = None
) -> Rows:
    """Return the dataset rows of a project's signed-off work, sorted, with every person in one split.

    Args:
        question: one of ``annotations.dataset.questions``.
        on_progress: told how many of how many cases are done, batch by batch; may raise to stop.
    """
    result, sides = Rows(), sides_of_archive()
    withheld = withheld_now(sides)
    signed = Workitem.objects.filter(project=project, state__in=SIGNED_OFF).order_by("id")
    workitems = list(signed.select_related("study__patient", "project").prefetch_related("readings"))
    unsigned = Workitem.objects.filter(project=project).exclude(state__in=SIGNED_OFF)
    patients = list(unsigned.values_list("study__patient_id", flat=True))
    result.left_out["not_signed_off"] = len(patients)
    result.test_waiting = sum(sides.split(sides.keys[patient]) == "test" for patient in patients)
    habitual, rules = habitual_reviewers(project.pk), picture_rules(project.pk)
    done = 0
    for batch in _batches(workitems):
        by_workitem: dict[UUID, list[Standing]] = defaultdict(list)
        for one in standing_of(batch).values():
            by_workitem[one.finding.workitem_id].append(one)
        images = _images_of(batch)
        for workitem in batch:
            people = people_of(workitem, by_workitem[workitem.pk])
            if why := withheld.why(workitem, people, sides):
                result.left_out[why] += 1
                continue
            said = workitem_statements(workitem, by_workitem[workitem.pk], habitual=habitual)
            said = [statement for statement in said if statement.label_key in label_keys]
            if not said:
                continue
            before = len(result.rows)
            left_out: Counter[str] = Counter()
            taught = pictures_taught(workitem, images[workitem.study_id], rules, QUESTIONS[question], left_out)
            result.left_out.update(left_out)
            result.grown += any(left_out[late] for late in LATE)
            _add_rows(result, workitem, taught, said, question, label_keys, sides)
            read_by = sorted(person_pseudonym(person) for person in people)
            for row in result.rows[before:]:
                row["read_by"] = read_by
        done += len(batch)
        if on_progress:
            on_progress(done, len(workitems))
    apart = keep_apart(result.rows, sides, project)
    result.rows, result.facts = apart.rows, apart.facts
    result.left_out.update(apart.left_out)
    result.rows.sort(key=lambda row: (row["patient_key"], row["sop_instance_uid"], row["frame_number"]))
    return result


def _images_of(batch: list[Workitem]) -> dict[UUID, list[Instance]]:
    found: dict[UUID, list[Instance]] = defaultdict(list)
    studies = [workitem.study_id for workitem in batch]
    rows = shown(Instance.objects.filter(series__study__in=studies)).select_related("series")
    for instance in rows.order_by("sop_instance_uid"):
        found[instance.series.study_id].append(instance)
    return found


def _add_rows(
    result: Rows, workitem: Workitem, images: list[Instance], said: list[Statement], question: str,
    label_keys: list[str], sides: Sides,
) -> None:  # fmt: skip
    patient = sides.keys[workitem.study.patient_id]
    split = sides.split(patient)
    for instance, number, answers, drawn in _ANSWERS[question](images, said, label_keys):
        states = _known(result, answers, in_test=workitem.pk if split == "test" else None)
        regions = [one for one in drawn if _teaches_place(one, states, split)]
        if not states and not regions:
            continue
        result.rows.append(
            {
                "patient_key": patient,
                "study_instance_uid": workitem.study.study_instance_uid,
                "series_instance_uid": instance.series.series_instance_uid,
                "sop_instance_uid": instance.sop_instance_uid,
                "frame_number": number,
                "rows": instance.rows,
                "columns": instance.columns,
                "split": split,
                "labels": {key: states[key].state if key in states else None for key in label_keys},
                **_weights(states, regions),
                "regions": [region_json(one, instance, number) for one in regions if one.state == 1],
                "rejected_regions": [region_json(one, instance, number) for one in regions if one.state is None],
                "groups": groups_of(workitem.study, instance.series),
                "pixel_digest": instance.pixel_digest,
                "file_digest": instance.blob_digest,
                "modality": instance.series.modality,
            }
        )


_Built = Iterator[tuple[Instance, int, dict[str, Settled], list[Statement]]]


def _known(result: Rows, answers: dict[str, Settled], *, in_test: UUID | None) -> dict[str, Settled]:
    """Return the labels that are taught of an image, and count the others: the locked test asks more of them."""
    known = {}
    for key, one in answers.items():
        why = one.not_for_test if in_test else one.why
        if why is None:
            known[key] = one
        else:
            result.not_taught(why, key, in_test=in_test)
    return known


def _teaches_place(drawn: Statement, states: dict[str, Settled], split: str) -> bool:
    """Say whether a place is taught: one where a known label is, or where it is not.

    The locked test takes no place from a model, and its images have an answer at least.
    """
    if split != "train" and not states:
        return False
    if split == "test" and drawn.trust < Trust.BLIND:
        return False
    if drawn.state is None:
        return True
    return drawn.label_key in states and states[drawn.label_key].state == 1


def _of_pictures(images: list[Instance], said: list[Statement], label_keys: list[str]) -> _Built:
    for instance in images:
        here = [one for one in said if one.image in (None, (instance.sop_instance_uid, 1))]
        yield instance, 1, settled_by_label(here), [one for one in here if one.is_place]


def _painted_series(images: list[Instance], said: list[Statement], label_keys: list[str]) -> _Built:
    by_series: dict[UUID, list[Instance]] = defaultdict(list)
    for instance in images:
        by_series[instance.series_id].append(instance)
    for members in by_series.values():
        answers = {key: _series_answer(key, members[0].series.series_instance_uid, said) for key in label_keys}
        for instance in members:
            for number in range(1, max(1, instance.number_of_frames) + 1):
                image = (instance.sop_instance_uid, number)
                states: dict[str, Settled] = {}
                places: list[Statement] = []
                for key, answer in answers.items():
                    painted = [one for one in answer.painted if one.image == image]
                    if answer.known is not None:
                        states[key] = _of_frame(answer.known, shows=bool(painted))
                    places += painted + [one for one in answer.rejected if one.image == image]
                yield instance, number, states, places


def _whole_series(images: list[Instance], said: list[Statement], label_keys: list[str]) -> _Built:
    """Every frame has the answer of its series: what was said of the study, or found somewhere in the series.

    That a label is absent from one slice says nothing of the others.
    """
    by_series: dict[UUID, list[Instance]] = defaultdict(list)
    for instance in images:
        by_series[instance.series_id].append(instance)
    for members in by_series.values():
        frames = [(one, number) for one in members for number in range(1, max(1, one.number_of_frames) + 1)]
        inside = {(one.sop_instance_uid, number) for one, number in frames}
        here = [one for one in said if one.image is None or (one.image in inside and one.state == 1)]
        answers = settled_by_label(replace(one, image=None) for one in here)
        for instance, number in frames:
            image = (instance.sop_instance_uid, number)
            yield instance, number, answers, [one for one in said if one.is_place and one.image == image]


def _placed(images: list[Instance], said: list[Statement], label_keys: list[str]) -> _Built:
    """Single pictures are answered by themselves; of slices and frames, what is in the series is in all of it.

    A thing is drawn on one slice and is there on the next: that no shape lies on that one says nothing.
    """
    flat = [one for one in images if is_flat(one)]
    yield from _of_pictures(flat, said, label_keys)
    yield from _whole_series([one for one in images if not is_flat(one)], said, label_keys)


_ANSWERS: Final[Mapping[str, Callable[[list[Instance], list[Statement], list[str]], _Built]]] = {
    "classification": _of_pictures,
    "segmentation": _painted_series,
    "series": _whole_series,
    "places": _placed,
}


@dataclass(frozen=True, slots=True)
class _SeriesAnswer:
    """What is known of a label in a series: a painted series is painted whole.

    Attributes:
        painted: the masks that are taught: people's or the model's, whichever is trusted more.
    """

    known: Settled | None
    painted: list[Statement]
    rejected: list[Statement]


def _series_answer(key: str, series_uid: str, said: list[Statement]) -> _SeriesAnswer:
    of_label = [one for one in said if one.label_key == key]
    masks = [one for one in of_label if one.is_place and _paints(one, series_uid)]
    general = [one for one in of_label if not one.is_place and one.image is None]
    present = [one for one in masks if one.state == 1]
    answer = settled([replace(one, image=None) for one in present] + general)
    painted = _one_origin(present) if answer is not None and answer.state == 1 else []
    if answer is not None and answer.state == 1:
        # An answer without a mask does not say which pixels.
        answer = settled([replace(one, image=None) for one in painted])
    return _SeriesAnswer(answer, painted, [one for one in masks if one.state is None])


def _paints(one: Statement, series_instance_uid: str) -> bool:
    content = one.revision.content if one.revision else {}
    return content.get("kind") == Finding.Kind.MASK and content["mask"]["series_instance_uid"] == series_instance_uid


def _of_frame(series: Settled, *, shows: bool) -> Settled:
    """A frame of a painted series without pixels of the label shows nothing of it."""
    return series if series.state is None else replace(series, state=int(shows))


def _one_origin(masks: list[Statement]) -> list[Statement]:
    """Return the people's masks or the model's, whichever is trusted more: the two outline the same thing."""
    if not masks:
        return []
    best = max(masks, key=lambda one: (one.trust, not one.is_ai))
    return [one for one in masks if one.is_ai == best.is_ai]


def _weights(states: dict[str, Settled], regions: list[Statement]) -> Json:
    """Return what the answers weigh; of an image that only has rejected places, what these do."""
    named = {key: one.provenance for key, one in states.items()}
    weighed = list(named.values()) or [one.provenance for one in regions]
    teaching = max(weighed, key=lambda name: (PROVENANCE[name].sampling, PROVENANCE[name].weight, name))
    return {
        "provenance": teaching,
        "weight": round(sum(PROVENANCE[name].weight for name in weighed) / len(weighed), 4),
        "sampling": PROVENANCE[teaching].sampling,
        "label_provenance": named,
        "label_weights": {key: PROVENANCE[name].weight for key, name in named.items()},
        "label_sampling": {key: PROVENANCE[name].sampling for key, name in named.items()},
    }
