"""What models, and answers without a model, say of test cases, beside the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from inference.engine.case_result import CaseResult
from inference.engine.predict import predict

if TYPE_CHECKING:
    from inference.engine.loaded_model import LoadedModel
    from inference.engine.sample import Sample
    from inference.jobs.judges import Judge

Json = dict[str, Any]


class Tested:
    """Asks models about test cases, one case after the other.

    Args:
        models: the one that is judged, then the one that it is compared with.
        judge: says how an answer fits the truth, and what needs no model.

    Attributes:
        results: of each model, in the order of the cases.
        trivial: of each answer without a model, in the same order.
        kept: case id → blob of what the first model said and the truth, where a report may show it.
    """

    def __init__(self, models: Sequence[LoadedModel], judge: Judge) -> None:
        self._models, self._judge = models, judge
        self.results: list[list[CaseResult]] = [[] for _ in models]
        self.trivial: dict[str, list[CaseResult]] = {}
        self.kept: dict[str, str] = {}

    def ask(self, sample: Sample) -> None:
        """Ask each model about a case."""
        image = sample.load()
        case = self._judge(sample, image)
        for place, model in enumerate(self._models):
            said = predict(model, image)
            probabilities = {key: label.probability for key, label in said.labels.items()}
            self.results[place].append(_result(sample, {"probabilities": probabilities, **case.fields(model, said)}))
            if place == 0 and (digest := case.kept(model, said)):
                self.kept[sample.sample_id] = digest
        for name, fields in case.floor():
            self.trivial.setdefault(name, []).append(_result(sample, {"probabilities": {}, **fields}))

    def outputs(self) -> Json:
        """Return everything that was said as JSON, for whoever wants to compute anything again."""
        return {
            "version": [one.to_json() for one in self.results[0]],
            "compared_with": [one.to_json() for one in self.results[1]] if len(self.results) > 1 else [],
            "trivial": {name: [one.to_json() for one in cases] for name, cases in self.trivial.items()},
            "masks": self.kept,
        }


def _result(sample: Sample, fields: Json) -> CaseResult:
    return CaseResult(
        case_id=sample.sample_id,
        patient_key=sample.patient_key,
        truth=dict(sample.present),
        groups=dict(sample.groups),
        **fields,
    )
