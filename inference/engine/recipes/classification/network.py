"""The two networks of the classification recipe: labels, places, and the features that maps are made from."""

from __future__ import annotations

from collections.abc import Iterable

from monai.networks.nets.densenet import DenseNet121
from torch import Tensor, nn
from torch.nn import functional

from inference.engine.recipe import Outputs


class TinyClassifier(nn.Module):
    """About 140,000 weights; learns in seconds on a CPU.

    Every step that halves the grid has an even kernel (4, stride 2, padding 1), so that feature ``o`` of the last
    grid is centred exactly on pixel ``8 * o + 3.5``: maps need no correction.
    """

    layer = "stage4"
    feature_stride = 8
    feature_centre = 3.5

    def __init__(self, channels: int, labels: int) -> None:
        super().__init__()
        self.stage1 = _stage(channels, 16, kernel=4, stride=2)
        self.stage2 = _stage(16, 32, kernel=4, stride=2)
        self.stage3 = nn.Sequential(_stage(32, 64, kernel=4, stride=2), _stage(64, 64, kernel=3, stride=1))
        self.stage4 = _stage(64, 96, kernel=3, stride=1)
        self.dropout = nn.Dropout(0.1)
        self.classifier = nn.Linear(96, labels)
        self.location = nn.Conv2d(96, labels, kernel_size=1)
        nn.init.constant_(self.location.bias, -2.0)  # type: ignore[arg-type]

    def stages(self) -> Iterable[nn.Module]:
        """Return what may be computed again instead of being kept."""
        return (self.stage1, self.stage2, self.stage3, self.stage4)

    def forward(self, image: Tensor) -> Outputs:
        """Take [B, C, H, W]; return logits [B, L], location [B, L, h, w] and features [B, F, h, w]."""
        features = self.stage4(self.stage3(self.stage2(self.stage1(image))))
        logits = self.classifier(self.dropout(pooled(features)))
        return {"logits": logits, "location": self.location(features), "features": features}


class StandardClassifier(nn.Module):
    """DenseNet121 (Huang 2017) of MONAI, with the location head on its third dense block."""

    layer = "features.norm5"
    feature_stride = 32
    # conv0 (7, stride 2, padding 3) and pool0 (3, stride 2, padding 1) centre output o on input 2 * o; the three
    # transitions are even: 4 * (8 * o + 3.5).
    feature_centre = 14.0

    def __init__(self, channels: int, labels: int) -> None:
        super().__init__()
        self.network = DenseNet121(spatial_dims=2, in_channels=channels, out_channels=labels)
        self.location = nn.Conv2d(1024, labels, kernel_size=1)
        nn.init.constant_(self.location.bias, -2.0)  # type: ignore[arg-type]

    def stages(self) -> Iterable[nn.Module]:
        """Return what may be computed again instead of being kept."""
        return (block for name, block in self.network.features.named_children() if name.startswith("denseblock"))

    def forward(self, image: Tensor) -> Outputs:
        """Take [B, C, H, W]; return logits [B, L], location [B, L, 2h, 2w] and features [B, F, h, w]."""
        values, third = image, image
        for name, layer in self.network.features.named_children():
            values = layer(values)
            if name == "denseblock3":
                third = values
        features = functional.relu(
            values
        )  # the network's own is in place, which would spoil the gradients of `features`
        logits: Tensor = self.network.class_layers.get_submodule("out")(pooled(features))
        return {"logits": logits, "location": self.location(functional.relu(third)), "features": features}


def pooled(features: Tensor) -> Tensor:
    """Return mean and maximum over the places, added: [B, F, h, w] → [B, F].

    The mean alone drowns a finding of a few cells in the rest of the image.
    """
    return features.mean(dim=(2, 3)) + features.amax(dim=(2, 3))


def _stage(before: int, after: int, kernel: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, kernel, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU())
