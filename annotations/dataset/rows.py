"""The rows of a dataset: one image a row, its label states, regions, split, groups and weights."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from annotations.dataset.copies import without_copies
from annotations.dataset.groups import groups_of
from annotations.dataset.split import patient_key, split_of
from annotations.dataset.statements import (
    PROVENANCE,
    Statement,
    habitual_reviewers,
    region_json,
    workitem_statements,
)
from annotations.models import Finding, Workitem
from annotations.rules.lifecycle import SIGNED_OFF
from annotations.rules.standing import Standing, standing_of
from core.models import Project
from imaging.models import Instance
from imaging.selectors import is_flat, is_localizer, shown

Json = dict[str, Any]
_BATCH: Final = 200


@dataclass
class Rows:
    """The rows, and what was left out and why."""

    rows: list[Json] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def _batches(workitems: list[Workitem]) -> Iterator[list[Workitem]]:
    for start in range(0, len(workitems), _BATCH):
        yield workitems[start : start + _BATCH]


def snapshot_rows(*, project: Project, recipe: str, label_keys: list[str]) -> Rows:
    """Return the dataset rows of a project's signed-off work, sorted, with every patient in one split.

    Args:
        recipe: ``classification`` (flat single-frame images with label states) or ``segmentation`` (every frame of
            a painted series, and of series that were read as empty).
    """
    result = Rows()
    signed = Workitem.objects.filter(project=project, state__in=SIGNED_OFF).order_by("id")
    workitems = list(signed.select_related("study__patient", "project").prefetch_related("readings"))
    result.left_out["not_signed_off"] = Workitem.objects.filter(project=project).count() - len(workitems)
    habitual = habitual_reviewers(project.pk)
    decoded: dict[str, str] = {}
    for batch in _batches(workitems):
        by_workitem: dict[UUID, list[Standing]] = defaultdict(list)
        for one in standing_of(batch).values():
            by_workitem[one.finding.workitem_id].append(one)
        images = _images_of(batch)
        decoded |= {image.sop_instance_uid: image.decoded_digest for held in images.values() for image in held}
        for workitem in batch:
            said = workitem_statements(workitem, by_workitem[workitem.pk], habitual=habitual)
            said = [statement for statement in said if statement.label_key in label_keys]
            _add_rows(result, workitem, images[workitem.study_id], said, recipe, label_keys)
    kept = without_copies(result.rows, decoded)
    result.left_out["copies_in_a_stricter_split"] += len(result.rows) - len(kept)
    result.rows = kept
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
    result: Rows, workitem: Workitem, images: list[Instance], said: list[Statement], recipe: str, label_keys: list[str]
) -> None:
    patient = patient_key(workitem.study.patient)
    split = split_of(patient)
    if split == "test":
        fair = [statement for statement in said if statement.blind]
        result.left_out["test_not_read_blind"] += len(said) - len(fair)
        said = fair
    shown_to_models = [image for image in images if not is_localizer(image)]
    if said:
        result.left_out["localizers"] += len(images) - len(shown_to_models)
    build = _segmentation if recipe == "segmentation" else _classification
    for instance, number, states, regions in build(shown_to_models, said, label_keys):
        if not states:
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
                **_weights(states),
                "regions": [region_json(one, instance, number) for one in regions if one.state == 1],
                "rejected_regions": [region_json(one, instance, number) for one in regions if one.state is None],
                "groups": groups_of(workitem.study, instance.series),
                "pixel_digest": instance.pixel_digest,
            }
        )


_Built = Iterator[tuple[Instance, int, dict[str, Statement], list[Statement]]]


def _latest(statements: Iterable[Statement]) -> dict[str, Statement]:
    """Return per label what was said last (of two at one instant: present), by who says so with most weight."""
    found: dict[str, Statement] = {}
    stated = [one for one in statements if one.state is not None]
    for one in sorted(stated, key=lambda statement: (statement.at, statement.state or 0)):
        before = found.get(one.label_key)
        if before is None or before.state != one.state or PROVENANCE[before.provenance] <= PROVENANCE[one.provenance]:
            found[one.label_key] = one
    return found


def _classification(images: list[Instance], said: list[Statement], label_keys: list[str]) -> _Built:
    for instance in images:
        if not is_flat(instance):
            continue
        here = [one for one in said if one.image in (None, (instance.sop_instance_uid, 1))]
        states = _latest(here)
        drawn = [one for one in here if one.revision is not None]
        kept = [one for one in drawn if one.state is None or states[one.label_key].state == 1]
        yield instance, 1, states, kept


def _segmentation(images: list[Instance], said: list[Statement], label_keys: list[str]) -> _Built:
    masks = [one for one in said if one.revision is not None and one.revision.content["kind"] == Finding.Kind.MASK]
    by_series: dict[UUID, list[Instance]] = defaultdict(list)
    for instance in images:
        by_series[instance.series_id].append(instance)
    for members in by_series.values():
        uid = members[0].series.series_instance_uid
        painted: dict[str, list[Statement]] = defaultdict(list)
        for one in masks:
            if one.state == 1 and one.revision and one.revision.content["mask"]["series_instance_uid"] == uid:
                painted[one.label_key].append(one)
        empty = {one.label_key: one for one in said if one.revision is None and one.image is None and one.state == 0}
        chosen = {key: _one_origin(group) for key, group in painted.items()}
        for instance in members:
            for number in range(1, max(1, instance.number_of_frames) + 1):
                states: dict[str, Statement] = {}
                regions: list[Statement] = []
                for key in label_keys:
                    _state_of_frame(key, (instance.sop_instance_uid, number), chosen, empty, states, regions)
                yield instance, number, states, regions


def _state_of_frame(
    key: str,
    image: tuple[str, int],
    chosen: dict[str, list[Statement]],
    empty: dict[str, Statement],
    states: dict[str, Statement],
    regions: list[Statement],
) -> None:
    group = chosen.get(key, [])
    if not group or (key in empty and empty[key].at > max(one.at for one in group)):
        if key in empty:
            states[key] = empty[key]
        return
    here = [one for one in group if one.image == image]
    states[key] = here[-1] if here else _background(group[-1])
    regions += here


def _background(painted: Statement) -> Statement:
    """A painted series is painted whole: a frame without pixels of the label shows nothing of it."""
    return Statement(painted.label_key, 0, painted.provenance, painted.at, None, None, painted.is_ai, painted.blind)


def _one_origin(group: list[Statement]) -> list[Statement]:
    """Return the people's masks or the model's, whichever spoke last: the two outline the same thing."""
    last = max(group, key=lambda one: one.at)
    return [one for one in group if one.is_ai == last.is_ai]


def _weights(states: dict[str, Statement]) -> Json:
    named = {key: one.provenance for key, one in states.items()}
    teaching = max(named.values(), key=lambda name: (PROVENANCE[name].sampling, PROVENANCE[name].weight, name))
    return {
        "provenance": teaching,
        "weight": round(sum(PROVENANCE[name].weight for name in named.values()) / len(named), 4),
        "sampling": PROVENANCE[teaching].sampling,
        "label_provenance": named,
        "label_weights": {key: PROVENANCE[name].weight for key, name in named.items()},
    }
