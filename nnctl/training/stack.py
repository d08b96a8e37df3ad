"""Networks in training together: several trainers taken on from epoch to epoch as one.

    stack = Stack(trainers, partial(build_optimizer, config), last_epochs)
    stack.train(is_time)
    for index in range(len(trainers)):
        stack.settle(index)

After `settle` a trainer stands where it would stand had it trained alone, to the byte. One that
cannot be carried on with the others, since a number is not finite, is put back to where its epoch
began, and goes on alone: what is said and done of a divergence is said and done in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import FloatArray
from nnctl.nn.descent import Optimizer
from nnctl.nn.network import Network
from nnctl.training.loop import Trainer, named
from nnctl.training.snapshot import SLOT, Snapshot
from nnctl.training.stacked_evaluation import StackedEvaluator
from nnctl.training.stacked_metrics import stacked_metrics
from nnctl.training.stacked_steps import StackedSteps, column
from nnctl.training.stacked_stopping import StackedStopping
from nnctl.training.trajectory import Trajectory

Mask = NDArray[np.bool_]


class Stack:
    """Trainers of one architecture, data and epoch: they differ in seed and in single numbers."""

    def __init__(
        self,
        trainers: Sequence[Trainer],
        make_optimizer: Callable[[Network, FloatArray], Optimizer],  # given the weight decays
        last_epochs: Sequence[int],
    ) -> None:
        """Take over where the trainers are; none may be in the middle of an epoch."""
        self.trainers, self.first = [*trainers], trainers[0]
        self.last_epochs, self.epoch = np.array(last_epochs), self.first.epoch
        single, n = self.first.network, len(trainers)
        self.network = Network(single.n_inputs, single.layers, single.dtype.type, (n,))
        decays = column([float(trainer.optimizer.weight_decay) for trainer in trainers])
        self.optimizer = make_optimizer(self.network, decays)
        self.stopping = StackedStopping([trainer.stopping for trainer in trainers])
        self._load()
        settings = [trainer.settings for trainer in trainers]
        loss, train = self.first.loss, self.first.train
        self.steps = StackedSteps(self.network, loss, self.optimizer, train, settings)
        decoder, validation = self.first.decoder, self.first.validation
        self.evaluator = (
            StackedEvaluator(self.network, loss, decoder, validation) if validation else None
        )
        self.changed = [self.network.parameters, self.network.state, *self.optimizer.slots.values()]
        self.before = [array.copy() for array in self.changed]  # as the epoch in hand began
        self.rows: list[dict[str, FloatArray]] = []  # of the history, since they were last taken
        self.lost: Mask = np.zeros(n, np.bool_)  # who cannot be carried on
        self.constant_rates = self._constant_rates()

    def _load(self) -> None:
        trainers, network, optimizer = self.trainers, self.network, self.optimizer
        for index, trainer in enumerate(trainers):
            network.parameters[index] = trainer.network.parameters
            network.state[index] = trainer.network.state
            for name, own in trainer.optimizer.slots.items():
                self._part(optimizer.slots[name], index, own)[...] = own
        optimizer.steps = self.first.optimizer.steps
        self.best_parameters = np.stack([trainer.best_parameters for trainer in trainers])
        self.best_state = np.stack([trainer.best_state for trainer in trainers])
        self.trajectory = Trajectory(
            self.first.trajectory.most,
            self.first.trajectory.epochs,
            tuple(map(np.stack, zip(*(t.trajectory.parameters for t in trainers), strict=True))),
            tuple(map(np.stack, zip(*(t.trajectory.state for t in trainers), strict=True))),
        )

    @staticmethod
    def _part(slot: FloatArray, index: int, own: FloatArray) -> FloatArray:
        """Return a network's part of an optimizer's slot; one of steps alone is that of all."""
        return slot[index] if slot.ndim > own.ndim else slot

    def _constant_rates(self) -> FloatArray | None:
        """Return the learning rates (n, 1), if no epoch changes them."""
        rates = [trainer.learning_rate for trainer in self.trainers]
        return self._rates() if all(rate.is_constant for rate in rates) else None

    def _rates(self) -> FloatArray:
        """Return the learning rates (n, 1) of the epoch in hand."""
        return column([trainer.learning_rate.rate(self.epoch) for trainer in self.trainers])

    @property
    def ended(self) -> Mask:
        """Whose last epoch has ended, or whose patience is used up (n,)."""
        return (self.last_epochs <= self.epoch) | self.stopping.should_stop

    @property
    def is_to_part(self) -> bool:
        """Whether someone has come to an end, or cannot be carried on."""
        return bool(self.ended.any() or self.lost.any())

    def train(self, is_time: Callable[[], bool]) -> None:
        """Train until it is time, or someone is to leave."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            while not self.is_to_part:
                self._one_epoch()
                if is_time():
                    return

    def _one_epoch(self) -> None:
        """Train and measure an epoch, unless a number in it is not finite."""
        for kept, array in zip(self.before, self.changed, strict=True):
            np.copyto(kept, array)
        rates = self._rates() if self.constant_rates is None else self.constant_rates
        penalty, observed = self.steps.penalty.value(), self.first.observer.is_due(self.epoch + 1)
        losses = self.steps.take(self.epoch, rates, self._remember_weights if observed else None)
        self.lost = ~self._finite(losses)
        if self.lost.any():
            self._go_back()
            return
        values = {"learning_rate": rates[:, 0], **named("train", self._measured(losses))}
        if self.evaluator is not None:
            evaluated = self.evaluator.evaluate(self.first.settings.metrics)
            values |= named("validation", evaluated)
        self._observe_plateaus(values)
        self.epoch += 1
        if observed:
            self._observe()
        if self.trajectory.is_due(self.epoch):
            self.trajectory = self.trajectory.joined_by(self.epoch, self.network)
        improved = self.stopping.update(self.epoch, self._watched(values, penalty))
        self._keep_as_best(improved | (self.stopping.best_epoch == 0))
        self.rows.append(values)

    def _finite(self, losses: FloatArray) -> Mask:
        """Who has a loss and numbers that are finite (n,)."""
        parameters, state = self.network.parameters, self.network.state
        squares = np.vecdot(parameters, parameters) + np.vecdot(state, state)
        finite: Mask = np.isfinite(losses) & np.isfinite(squares)
        return finite

    def _go_back(self) -> None:
        """Let all be as the epoch began."""
        for kept, array in zip(self.before, self.changed, strict=True):
            np.copyto(array, kept)
        self.optimizer.steps -= self.first.steps.batches_in_epoch

    def _measured(self, losses: FloatArray) -> dict[str, FloatArray]:
        """Return losses and metrics of the outputs that the epoch's batches gave on the way."""
        train, batches = self.first.train, self.steps.batches
        weights = None if train.sample_weight is None else batches.seen(train.sample_weight)
        names, targets = self.first.settings.metrics, batches.seen(train.targets)
        metrics = stacked_metrics(self.first.decoder, names, self.steps.outputs, targets, weights)
        return {"loss": losses, **metrics}

    def _observe_plateaus(self, values: dict[str, FloatArray]) -> None:
        monitor = self.first.settings.plateau_monitor
        if monitor is not None:
            for trainer, value in zip(self.trainers, values[monitor], strict=True):
                trainer.learning_rate.observe(float(value))

    def _watched(self, values: dict[str, FloatArray], penalty_before: FloatArray) -> FloatArray:
        """Return what the best epoch is chosen by (n,), as `Trainer` does."""
        monitor = self.first.stopping.rule.monitor
        if monitor != "train_loss":
            return values[monitor]
        before = self.first.measured_parameters is not None
        return values[monitor] + (penalty_before if before else self.steps.penalty.value())

    def _keep_as_best(self, chosen: Mask) -> None:
        if not chosen.any():
            return
        measured_first = self.first.measured_parameters is not None
        source = self.before[0] if measured_first else self.network.parameters
        np.copyto(self.best_parameters, source, where=chosen[:, np.newaxis])
        np.copyto(self.best_state, self.network.state, where=chosen[:, np.newaxis])

    def _lay_into_singles(self) -> None:
        for index, trainer in enumerate(self.trainers):
            trainer.network.parameters[...] = self.network.parameters[index]
            trainer.network.state[...] = self.network.state[index]

    def _remember_weights(self) -> None:
        self._lay_into_singles()
        for trainer in self.trainers:
            trainer.observer.remember_weights()

    def _observe(self) -> None:
        self._lay_into_singles()
        for trainer in self.trainers:
            trainer.observer.observe(self.epoch)

    def taken_rows(self) -> list[list[dict[str, float]]]:
        """Return what each network's history has gained since this was last called."""
        rows, self.rows = self.rows, []
        if not rows:
            return [[] for _ in self.trainers]
        names, first = [*rows[0]], self.epoch - len(rows) + 1
        block = np.array([[row[name] for name in names] for row in rows])  # (epochs, names, n)
        return [
            [
                {"epoch": epoch, **dict(zip(names, values, strict=True))}
                for epoch, values in enumerate(block[:, :, index].tolist(), first)
            ]
            for index in range(len(self.trainers))
        ]

    def settle(self, index: int) -> None:
        """Let a trainer stand where it would stand had it trained alone."""
        trainer = self.trainers[index]
        trainer.restore(self._snapshot(index, trainer))

    def _snapshot(self, index: int, trainer: Trainer) -> Snapshot:
        arrays = {
            "parameters": self.network.parameters[index],
            "state": self.network.state[index],
            "best_parameters": self.best_parameters[index],
            "best_state": self.best_state[index],
            **trainer.observer.observations.arrays(),
        }
        for name, own in trainer.optimizer.slots.items():
            arrays[f"{SLOT}{name}"] = self._part(self.optimizer.slots[name], index, own)
        trajectory = Trajectory(
            self.trajectory.most,
            self.trajectory.epochs,
            tuple(parameters[index] for parameters in self.trajectory.parameters),
            tuple(state[index] for state in self.trajectory.state),
        )
        return Snapshot(
            self.epoch,
            self.optimizer.steps,
            trainer.learning_rate.state(),
            self.stopping.state(index),
            setbacks=(*trainer.setbacks,),
            arrays=arrays,
            trajectory=trajectory,
        )
