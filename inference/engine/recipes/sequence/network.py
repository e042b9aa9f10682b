"""The network of the sequence recipe: an encoder for each frame, a recurrent network over them (Cho 2014)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from inference.engine.preprocess import BLANK
from inference.engine.recipe import Outputs

#: How sharply the most telling frame decides; the mean would drown one slice in sixty.
_SHARPNESS = 4.0


class FrameSequence(nn.Module):
    """Encoder (convolutions, mean and maximum over the places), two-way GRU, and an answer at each frame.

    What the series says is the smooth maximum of what its frames say, each in the light of those before and after.

    Args:
        channels: of a frame.
        labels: how many.
        widths: of the encoder's stages; each halves the grid.
        memory: of the GRU, each way.
    """

    def __init__(self, channels: int, labels: int, *, widths: tuple[int, ...], memory: int) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        for before, after in zip((channels, *widths), widths, strict=False):
            stages += [nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        self.encoder = nn.Sequential(*stages)
        self.recurrent = nn.GRU(2 * widths[-1], memory, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.1)
        self.answer = nn.Linear(2 * memory, labels)

    def forward(self, image: Tensor) -> Outputs:
        """Take [B, C, T, H, W]; return logits [B, L] and what each frame says, frames [B, T, L].

        Frames that are padding say nothing: their ``frames`` are minus infinity.
        """
        batch, _, time = image.shape[:3]
        there = (image > BLANK).flatten(3).any(dim=3).any(dim=1)
        features = self.encoder(image.transpose(1, 2).flatten(0, 1)[there.flatten()])
        pooled = torch.cat([features.mean(dim=(2, 3)), features.amax(dim=(2, 3))], dim=1)
        each = pooled.new_zeros((batch * time, pooled.shape[1]))
        each[there.flatten()] = pooled
        remembered, _ = self.recurrent(each.reshape(batch, time, -1))
        said = self.answer(self.dropout(remembered)).masked_fill(~there[:, :, None], -torch.inf)
        count = there.sum(dim=1, keepdim=True).clamp(min=1)
        logits = (torch.logsumexp(_SHARPNESS * said, dim=1) - count.log()) / _SHARPNESS
        return {"logits": logits, "frames": said}
