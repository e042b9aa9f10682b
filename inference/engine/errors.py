"""What can go wrong in the engine; each is of the house's one family."""

from __future__ import annotations

from core.errors import Conflict, Invalid


class ConfigError(Invalid):
    """A recipe's settings are not usable as they are; the message says which and why."""


class CheckpointError(Invalid):
    """A file with weights, its card or a training checkpoint is broken, changed or of another model."""


class ImageError(Invalid):
    """An image cannot be given to this model."""


class DataError(Invalid):
    """The cases cannot be trained on or evaluated as they are."""


class TrainingStopped(Conflict):
    """Somebody asked the training to stop; its last checkpoint stays and it can be resumed."""

    def __init__(self, epoch: int) -> None:
        super().__init__(
            "training_stopped",
            f"The training was stopped in epoch {epoch}; it can be resumed from its last checkpoint.",
            epoch=epoch,
        )


class RegistrationStopped(Conflict):
    """Somebody asked the alignment to stop; nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__("registration_stopped", "The alignment was stopped. Ask for it again to have it computed.")
