"""What the live models have to say of a case, joined to the rows that show it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inference.answers import Answer, answers_of, case_answer, predictions_behind
from inference.models import ModelVersion
from inference.outlook import ANSWER_STATES, summary_of

Json = dict[str, Any]


class CaseAnswerOut(serializers.Serializer[Any]):
    """What became of asking the live models about a case: a word for a list, a sentence for everywhere else."""

    state = serializers.ChoiceField(choices=ANSWER_STATES)
    word = serializers.CharField()
    sentence = serializers.CharField()


class AnswerVersionOut(serializers.Serializer[Any]):
    """The version that was asked."""

    id = serializers.UUIDField()
    family_slug = serializers.CharField()
    family_title = serializers.CharField()
    number = serializers.IntegerField()


class AnswerOut(CaseAnswerOut):
    """What became of asking one live version about one series."""

    version = AnswerVersionOut()
    series_instance_uid = serializers.CharField()
    prediction_id = serializers.UUIDField(allow_null=True)
    found = serializers.IntegerField(allow_null=True)
    asked_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class ProposingVersionOut(serializers.Serializer[Any]):
    """The version whose finding it is."""

    id = serializers.UUIDField()
    family_title = serializers.CharField()
    number = serializers.IntegerField()
    state = serializers.ChoiceField(choices=ModelVersion.State.choices)


def with_answers(rows: list[Json]) -> list[Json]:
    """Return worklist rows with ``ai``: the answer about each case, as far as its ``reveal_ai`` lets it be known."""
    answers = answers_of({row["id"]: row["reveal_ai"] for row in rows})
    return [{**row, "ai": _summary(answers[row["id"]])} for row in rows]


def with_all_answers(row: Json) -> Json:
    """Return a work item with ``ai`` and, series by series and version by version, ``ai_answers``."""
    answers = answers_of({row["id"]: row["reveal_ai"]})[row["id"]]
    return {**row, "ai": _summary(answers), "ai_answers": [_answer(one) for one in answers]}


def with_predictions(rows: list[Json]) -> list[Json]:
    """Return findings with the prediction and the version that each came of, if any."""
    behind = predictions_behind([row["id"] for row in rows])
    return [{**row, **_came_of(behind.get(row["id"]))} for row in rows]


def _came_of(prediction: Any) -> Json:
    if prediction is None:
        return {"prediction_id": None, "proposed_by": None}
    version = prediction.version
    by = {"id": version.pk, "family_title": version.family.title, "number": version.number, "state": version.state}
    return {"prediction_id": prediction.pk, "proposed_by": by}


def _summary(answers: list[Answer]) -> Json:
    state, word, sentence = summary_of(case_answer(answers))
    return {"state": state.value, "word": word, "sentence": sentence}


def _answer(one: Answer) -> Json:
    version, outlook = one.version, one.outlook
    return {
        "state": outlook.state.value,
        "word": outlook.word,
        "sentence": outlook.sentence,
        "version": {
            "id": version.pk,
            "family_slug": version.family.slug,
            "family_title": version.family.title,
            "number": version.number,
        },
        "series_instance_uid": one.series_instance_uid,
        "prediction_id": one.prediction_id,
        "found": outlook.found,
        "asked_at": one.asked_at,
        "finished_at": one.finished_at,
    }
