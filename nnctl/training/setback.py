"""What training goes back to when it has diverged and is to go on with half the learning rate.

A person would take the best weights so far and an optimizer that knows nothing of what came after
them; or begin from nothing again, where the best weights are worse than those never trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnctl.training.evaluation import Evaluator
from nnctl.training.snapshot import Snapshot

if TYPE_CHECKING:
    from nnctl.nn.network import Network
    from nnctl.training.loop import Trainer

MOST_HALVINGS = 10
# Weights whose loss is so many times that of weights never trained lead nowhere, though finite: it
# may take them a hundred epochs to overflow. A loss below 1 is small enough not to be multiplied.
RUINED, SMALL_LOSS = 10.0, 1.0


class Beginning:
    """The network and the optimizer as they were built, before any step.

    Whatever process builds them, they are the same: nothing of this needs to be saved.
    """

    def __init__(self, trainer: Trainer) -> None:
        """Copy what the trainer has now."""
        network = trainer.network
        self.snapshot = Snapshot()
        weights = {"parameters": network.parameters, "state": network.state}
        self.snapshot.take(0, trainer.optimizer, trainer.learning_rate, trainer.stopping, weights)
        self._loss: float | None = None

    def loss(self, trainer: Trainer) -> float:
        """Return the loss of the untrained network, measured when it is first asked for.

        That is in training, with the run's own number of threads, on which its last bits depend.
        """
        if self._loss is None:
            network = trainer.network
            parameters, state = network.parameters.copy(), network.state.copy()
            self._lay_into(network)
            self._loss = training_loss(trainer)
            network.parameters[...], network.state[...] = parameters, state
        return self._loss

    def is_ruined(self, trainer: Trainer, loss: float) -> bool:
        """Whether an epoch's loss is so large that nothing good can follow."""
        return loss > RUINED * max(self.loss(trainer), SMALL_LOSS)

    def set_back(self, trainer: Trainer) -> str:
        """Give the trainer its best weights or the first ones, and half the rate; say which.

        The best are asked for their loss, and not whether they are any epoch's: a resumed run that
        chooses its best epoch anew has trained weights all the same.

        All that this depends on changes between epochs only, so that a pause in the middle of one
        makes no difference. The epochs that led astray stay in the history, and no patience is
        lost over them.
        """
        network, stopping = trainer.network, trainer.stopping
        network.parameters[...], network.state[...] = trainer.best_parameters, trainer.best_state
        best = stopping.best_epoch
        taken = "the best weights so far" if best is None else f"the weights of epoch {best}"
        if not training_loss(trainer) < self.loss(trainer):
            self._lay_into(network)
            taken = "the first weights"
        trainer.optimizer.restore(self.snapshot.slots(), 0)
        trainer.learning_rate.halve()
        stopping.waited = 0
        trainer.progress = None
        return taken

    def _lay_into(self, network: Network) -> None:
        first = self.snapshot.arrays
        network.parameters[...], network.state[...] = first["parameters"], first["state"]


def training_loss(trainer: Trainer) -> float:
    """Return the loss of the present weights over all training rows, as in prediction."""
    network, rows = trainer.network, trainer.train
    evaluator = Evaluator(network, trainer.loss, trainer.decoder, len(rows))
    with np.errstate(all="ignore"):
        return evaluator.outputs_and_loss(rows)[1]
