"""A moving average of a network's weights: steadier from epoch to epoch than the weights themselves."""

from __future__ import annotations

import copy

import torch
from torch import nn


class Averaged:
    """Follows a network; its own is what is validated and kept.

    Args:
        network: that learns, with the weights it begins with.
        decay: how much of the average stays at a step, once there were enough steps to average over.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).requires_grad_(requires_grad=False).eval()
        self._decay = decay

    def follow(self, network: nn.Module, step: int) -> None:
        """Take a step of the network in; ``step`` counts from 1.

        The first steps count more: the average of few steps would be what the network began with.
        """
        share = 1 - min(self._decay, (1 + step) / (10 + step))
        with torch.no_grad():
            given = network.state_dict()
            for name, own in self.network.state_dict().items():
                if own.is_floating_point():
                    own.lerp_(given[name], share)
                else:
                    own.copy_(given[name])
