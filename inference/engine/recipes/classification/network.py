"""The two networks of the classification recipe: labels, places, and the features that maps are made from."""

from __future__ import annotations

from collections.abc import Iterable

from monai.networks.nets.densenet import DenseNet121
from torch import Tensor, nn
from torch.nn import functional

from inference.engine.map_layer import MapLayer
from inference.engine.recipe import Outputs


class TinyClassifier(nn.Module):
    """About 140,000 weights; learns in seconds on a CPU.

    Every step that halves the grid has an even kernel (4, stride 2, padding 1), so that feature ``o`` of the last
    grid is centred exactly on pixel ``8 * o + 3.5``: maps need no correction.
    """

    layers = (MapLayer("stage4", 8, 3.5), MapLayer("stage3", 8, 3.5), MapLayer("stage2", 4, 1.5))

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
        """Take [B, C, H, W]; return logits [B, L], location [B, L, h, w] and each of ``layers`` [B, F, h, w]."""
        second = self.stage2(self.stage1(image))
        third = self.stage3(second)
        last = self.stage4(third)
        logits = self.classifier(self.dropout(pooled(last)))
        return {"logits": logits, "location": self.location(last), "stage4": last, "stage3": third, "stage2": second}


class StandardClassifier(nn.Module):
    """DenseNet121 (Huang 2017) of MONAI, with the location head on its third dense block."""

    # conv0 (7, stride 2, padding 3) and pool0 (3, stride 2, padding 1) centre output o on input 2 * o; the three
    # transitions are even: 4 * (2 * o + 0.5), 4 * (4 * o + 1.5), 4 * (8 * o + 3.5).
    layers = (
        MapLayer("features.norm5", 32, 14.0),
        MapLayer("features.denseblock3", 16, 6.0),
        MapLayer("features.denseblock2", 8, 2.0),
    )

    def __init__(self, channels: int, labels: int) -> None:
        super().__init__()
        self.network = DenseNet121(spatial_dims=2, in_channels=channels, out_channels=labels)
        self.location = nn.Conv2d(1024, labels, kernel_size=1)
        nn.init.constant_(self.location.bias, -2.0)  # type: ignore[arg-type]

    def stages(self) -> Iterable[nn.Module]:
        """Return what may be computed again instead of being kept."""
        return (block for name, block in self.network.features.named_children() if name.startswith("denseblock"))

    def forward(self, image: Tensor) -> Outputs:
        """Take [B, C, H, W]; return logits [B, L], location [B, L, 2h, 2w] and each of ``layers`` [B, F, h, w]."""
        values, wanted = image, {one.name for one in self.layers}
        outputs: Outputs = {}
        for name, layer in self.network.features.named_children():
            values = layer(values)
            if f"features.{name}" in wanted:
                outputs[f"features.{name}"] = values
        # The network's own is in place, which would spoil the gradients of the last features.
        last = outputs["features.norm5"] = functional.relu(values)
        outputs["logits"] = self.network.class_layers.get_submodule("out")(pooled(last))
        outputs["location"] = self.location(functional.relu(outputs["features.denseblock3"]))
        return outputs


def pooled(features: Tensor) -> Tensor:
    """Return mean and maximum over the places, added: [B, F, h, w] → [B, F].

    The mean alone drowns a finding of a few cells in the rest of the image.
    """
    return features.mean(dim=(2, 3)) + features.amax(dim=(2, 3))


def _stage(before: int, after: int, kernel: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(before, after, kernel, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU())
