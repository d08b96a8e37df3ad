"""That a run goes on after it had ended: from where, with what changes, and who asked for it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnctl.training.loop import Trainer


@dataclass(frozen=True)
class Resumption:
    """What makes an experiment one that goes on."""

    held: contextlib.ExitStack  # keeps every other process from training the run
    changes: Mapping[str, tuple[Any, Any]]  # in the config: dotted key -> (before, now)
    config_before: Mapping[str, Any]
    notices: tuple[str, ...]
    command: tuple[str, ...]
    ranks: int = 1  # the processes that train together

    def record(self, trainer: Trainer) -> dict[str, Any]:
        """Return what run.json says of it."""
        return {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "epoch": trainer.epoch,
            "batch": trainer.progress.batches if trainer.progress else 0,
            "changes": {key: list(pair) for key, pair in self.changes.items()},
            "command": list(self.command),
            **({"ranks": self.ranks} if self.ranks > 1 else {}),
        }
