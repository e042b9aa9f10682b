"""How long does an epoch take beside a bare loop with the same augmentation? Both in one run, turn by turn.

    .venv/bin/python benchmarks/training_loop.py [--rounds 5] [--epochs 4] [--only classifier|volumes]

The bare loop is what one would write by hand: batches of the same cases, made by the same augmenter in the same
thread, forward, loss, backward, clipped gradients, AdamW. It checks nothing, tells nobody anything, keeps no
checkpoint and may use whatever order of operations is fastest. Printed is the median over all epochs of each way to
train, in seconds, and its ratio to the bare loop's:

* ``bare, no changes``: the bare loop without augmentation.
* ``bare, a process``: the bare loop fed by torch's ``DataLoader`` with a process of its own.
* ``bare, a thread``: the bare loop fed by the product's loader.
* ``product, inline`` and ``product, a thread``: a whole epoch of the product's ``train`` without validation cases, its
  checkpoint included; without and with its loader thread.

**Fails** where an epoch of the product with its default settings takes more than 1.05 of the bare loop's.

The classifier is the tiny one on 320 drawn images of 128 × 128 with places on half of them, the network for volumes
the tiny one on 32 drawn volumes of 32 × 72 × 72; one thread of torch.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))

import torch  # noqa: E402
from torch import nn  # noqa: E402

from inference.engine.cases import Cases  # noqa: E402
from inference.engine.config import Augmentation, RecipeConfig  # noqa: E402
from inference.engine.loading import Loader  # noqa: E402
from inference.engine.optimiser import make_optimiser  # noqa: E402
from inference.engine.recipes.registry import recipe_named  # noqa: E402
from inference.engine.train import train  # noqa: E402
from tests.inference.engine.planted import disc_samples, square_samples  # noqa: E402

if TYPE_CHECKING:
    from inference.engine.recipe import Batch
    from inference.engine.sample import Sample

MOST = 1.05
UNCHANGED = Augmentation(affine=False, intensity=False, noise=False)
Feed = Callable[[Cases, int], Iterable["Batch"]]


class Steps(torch.utils.data.Dataset[Any]):
    """The batches of an epoch, for torch's own loader."""

    def __init__(self, cases: Cases, epoch: int) -> None:
        self._cases, self._epoch, self._batches = cases, epoch, cases.batches(epoch)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, step: int) -> Batch:
        return self._cases.batch(self._batches[step], epoch=self._epoch, step=step)


def inline(cases: Cases, epoch: int) -> Iterator[Batch]:
    """Make each batch when it is asked for."""
    for step, indices in enumerate(cases.batches(epoch)):
        yield cases.batch(indices, epoch=epoch, step=step)


def in_a_process(cases: Cases, epoch: int) -> Iterable[Batch]:
    """Make the batches in a process of their own."""
    return torch.utils.data.DataLoader(Steps(cases, epoch), batch_size=None, num_workers=1)


def in_a_thread(cases: Cases, epoch: int) -> Iterator[Batch]:
    """Make the batches in a thread of their own."""
    batches = cases.batches(epoch)
    makers = [partial(cases.batch, indices, epoch=epoch, step=step) for step, indices in enumerate(batches)]
    with Loader(makers, 1) as loader:
        for _ in makers:
            yield loader.take()


def bare(config: RecipeConfig, samples: list[Sample], epochs: int, feed: Feed = inline) -> list[float]:
    """Train in a bare loop; return the seconds of each epoch."""
    recipe = recipe_named(config.recipe)
    cases = Cases(samples, recipe, config)
    cases.read_all(lambda _: None)
    torch.manual_seed(config.seed)
    network = recipe.build(config).train()
    optimiser = make_optimiser(network, config)
    seconds = []
    for epoch in range(epochs):
        began = time.perf_counter()
        for batch in feed(cases, epoch):
            loss, _ = recipe.loss(network(batch["image"]), batch, config)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
        seconds.append(time.perf_counter() - began)
    return seconds


def product(config: RecipeConfig, samples: list[Sample], epochs: int) -> list[float]:
    """Train as the product does; return the seconds of each epoch, from its first batch to that of the next."""
    asked: list[float] = []

    def ask() -> bool:
        asked.append(time.perf_counter())
        return False

    steps = len(Cases(samples, recipe_named(config.recipe), config).batches(0))
    config = config.model_copy(update={"epochs": epochs + 1})
    with tempfile.TemporaryDirectory() as folder:
        train(config, training=samples, validation=(), workdir=Path(folder), should_stop=ask)
    begins = asked[len(samples) :: steps]
    return [after - before for before, after in itertools.pairwise(begins)][:epochs]


def classifier() -> tuple[RecipeConfig, list[Sample]]:
    """Return settings and cases of the tiny classifier."""
    config = RecipeConfig.for_preset("classification", ("square",))
    return config, square_samples(320, 1, shapes=((128, 128),))


def volumes() -> tuple[RecipeConfig, list[Sample]]:
    """Return settings and cases of the tiny network for volumes."""
    config = RecipeConfig.for_preset("segmentation", ("disc",), dimensions=3)
    return config, disc_samples(32, 1, shape=(32, 72, 72))


def compare(name: str, config: RecipeConfig, samples: list[Sample], rounds: int, epochs: int) -> bool:
    """Print the comparison for one network; return whether the product kept its promise."""
    without = config.model_copy(update={"augmentation": UNCHANGED})
    ways: dict[str, Callable[[], list[float]]] = {
        "bare": lambda: bare(config, samples, epochs),
        "bare, no changes": lambda: bare(without, samples, epochs),
        "bare, a process": lambda: bare(config, samples, epochs, in_a_process),
        "bare, a thread": lambda: bare(config, samples, epochs, in_a_thread),
        "product, inline": lambda: product(config.model_copy(update={"loaders": 0}), samples, epochs),
        "product, a thread": lambda: product(config, samples, epochs),
    }
    took: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for way, run in ways.items():
            took[way] += run()
    print(f"\n{name}: {len(samples)} cases, {rounds} × {epochs} epochs")
    for way, seconds in took.items():
        print(f"  {way:20} {median(seconds):7.3f} s   {median(seconds) / median(took['bare']):5.2f}")
    return median(took["product, a thread"]) <= MOST * median(took["bare"])


def main() -> int:
    """Compare, print, and say whether the promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--only", choices=["classifier", "volumes"])
    asked = parser.parse_args()
    torch.set_num_threads(1)
    kinds = {"classifier": classifier, "volumes": volumes}
    kept = [
        compare(name, *kind(), asked.rounds, asked.epochs) for name, kind in kinds.items() if asked.only in (None, name)
    ]
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
