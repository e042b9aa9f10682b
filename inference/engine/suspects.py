"""Which labels are doubtful: confident learning (Northcutt 2021) on answers of models that did not learn the case.

The cases are parted by patient; each part is answered by a model that learned from the others. A label is suspect where
the model is as sure of the opposite as it usually is where people say the opposite. It is a reason to look again, no
proof: a model errs, too, and what all models find hard looks the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.engine.checkpoint import load_model
from inference.engine.config import RecipeConfig
from inference.engine.errors import DataError
from inference.engine.predict import predict
from inference.engine.sample import Sample
from inference.engine.train import train


@dataclass(frozen=True)
class Doubt:
    """How doubtful one label of one case is.

    Attributes:
        sample_id: of the case.
        label: key.
        said: 1 present or 0 absent, as it is stored.
        probability: out-of-fold, that it is present; not calibrated.
        doubt: -2…2; higher is more doubtful. What the model says for the opposite beyond its usual sureness of the
            opposite, less the same for what is stored.
        is_suspect: the model is sure of the opposite.
    """

    sample_id: str
    label: str
    said: int
    probability: float
    doubt: float
    is_suspect: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "sample_id": self.sample_id,
            "label_key": self.label,
            "said": self.said,
            "probability": round(self.probability, 5),
            "doubt": round(self.doubt, 5),
            "is_suspect": self.is_suspect,
        }


def patients_parted(samples: Sequence[Sample], parts: int, seed: int) -> list[list[int]]:
    """Return the indices of each part: no patient is in two, and the parts are about as large.

    Raises:
        DataError: fewer patients than parts.
    """
    patients = sorted({sample.patient_key for sample in samples})
    if len(patients) < parts:
        raise DataError("too_few_patients", f"Looking for doubtful labels needs at least {parts} patients.")
    order = np.random.default_rng(seed).permutation(len(patients))
    part_of = {patients[place]: number % parts for number, place in enumerate(order)}
    result: list[list[int]] = [[] for _ in range(parts)]
    for index, sample in enumerate(samples):
        result[part_of[sample.patient_key]].append(index)
    return result


def answers_of_others(
    config: RecipeConfig,
    samples: Sequence[Sample],
    *,
    parts: int,
    workdir: Path,
    on_progress: Callable[[float], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> NDArray[np.float64]:
    """Return for each case what a model says that did not learn from its patient.

    Args:
        config: of the trainings; all epochs are run, none is chosen.
        samples: cases to judge.
        parts: how many models.
        workdir: for their checkpoints.
        on_progress: told the share done, 0…1.
        should_stop: asked before every batch.

    Returns:
        float64 [N, L], the probability that each label is present.

    Raises:
        TrainingStopped: ``should_stop`` said so. DataError: nothing to learn from.
    """
    found = np.full((len(samples), len(config.labels)), np.nan)
    for number, members in enumerate(patients_parted(samples, parts, config.seed)):
        inside = set(members)
        done = train(
            config,
            training=[sample for index, sample in enumerate(samples) if index not in inside],
            validation=(),
            workdir=workdir / str(number),
            resume=True,
            on_progress=lambda said, number=number: on_progress(  # type: ignore[misc]
                (number + 0.95 * said.step / max(1, said.steps)) / parts
            ),
            should_stop=should_stop,
        )
        model = load_model(done.folder)
        for index in members:
            said = predict(model, samples[index].load()).labels
            found[index] = [said[label].probability for label in config.labels]
        on_progress((number + 1) / parts)
    return found


def doubts_of(samples: Sequence[Sample], labels: Sequence[str], probability: NDArray[np.float64]) -> list[Doubt]:
    """Return the doubt of every stored answer, the most doubtful first.

    Args:
        samples: cases.
        labels: in the order of the columns of ``probability``.
        probability: float64 [N, L], of models that did not learn the case.
    """
    result: list[Doubt] = []
    for column, label in enumerate(labels):
        said = np.array([_state(sample.present.get(label)) for sample in samples])
        for_present = probability[:, column]
        both = np.stack([1 - for_present, for_present], axis=1)  # what the model says for absent, for present
        usual = [float(both[said == state, state].mean()) if (said == state).any() else 1.0 for state in (0, 1)]
        for index in np.flatnonzero(said >= 0).tolist():
            own = int(said[index])
            other = 1 - own
            beyond = both[index] - usual
            result.append(
                Doubt(
                    samples[index].sample_id,
                    label,
                    own,
                    float(for_present[index]),
                    float(beyond[other] - beyond[own]),
                    bool(beyond[other] >= 0 and both[index, other] > both[index, own]),
                )
            )
    return sorted(result, key=lambda one: (-one.doubt, one.sample_id, one.label))


def _state(said: float | None) -> int:
    return -1 if said is None else int(said)
