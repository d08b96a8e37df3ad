"""A trained network, ready to predict: what `best.npz` holds, brought back to life."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.config import Config, config_from_dict, config_to_dict
from nnctl.config.pairs import known_task
from nnctl.config.schema.data import PATH_KEYS
from nnctl.data.arrays import FloatArray
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.restoring import restored_preprocessing
from nnctl.errors import ConfigError, Problem, RunError
from nnctl.nn.layout import parameter_layout, state_layout
from nnctl.nn.loss import Loss
from nnctl.nn.network import Network, Workspace
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint
from nnctl.training.build import build_loss, count_outputs, layer_specs
from nnctl.training.decoding import Decoder, decoder_for
from nnctl.training.trajectory import restored_trajectory

PREDICTION_ROWS = 256
MOST_PREDICTION_ROWS = 4096  # of a narrow network, of which 256 rows are hardly worth the calls
NUMBERS_OF_A_LAYER = 2**17  # which stay in the processor's cache
# What can be raised by a checkpoint whose seal is right and whose contents nnctl never wrote.
FORGED = (KeyError, TypeError, ValueError, OverflowError, MemoryError, ConfigError)


@dataclass(frozen=True, eq=False)
class Model:
    """A network with all that stands between a table and its predictions."""

    config: Config
    preprocessing: Preprocessing
    network: Network
    loss: Loss
    epoch: int
    class_weight: FloatArray | None  # (n_classes,), of the loss
    _workspaces: list[Workspace] = field(default_factory=list, init=False, repr=False)

    @cached_property
    def decoder(self) -> Decoder:
        """What reads the network's outputs."""
        activation = self.network.layers[-1].activation
        return decoder_for(self.preprocessing, self.loss, activation, self.network.n_outputs)

    @cached_property
    def rows_at_once(self) -> int:
        """How many rows go through one product."""
        widest = max(self.network.n_inputs, *(layer.units for layer in self.network.layers))
        return min(MOST_PREDICTION_ROWS, max(PREDICTION_ROWS, NUMBERS_OF_A_LAYER // widest))

    def outputs(self, inputs: FloatArray) -> FloatArray:
        """Return the outputs (n_rows, n_outputs) for inputs (n_rows, n_inputs).

        Whole chunks go through one product: fast, and a row's last bits may depend on its place.
        """
        inputs = inputs.astype(self.network.dtype, copy=False)
        outputs = np.empty((len(inputs), self.network.n_outputs), self.network.dtype)
        # Taken out of the list and put back, each of which is one step: so threads share none.
        spare = self._workspaces
        workspace = spare.pop() if spare else Workspace(self.network, self.rows_at_once)
        for start in range(0, len(inputs), self.rows_at_once):
            part = inputs[start : start + self.rows_at_once]
            outputs[start : start + len(part)] = workspace.narrowed(len(part)).decisions(part)
        spare.append(workspace)
        return outputs

    def outputs_row_by_row(self, inputs: FloatArray) -> FloatArray:
        """Return what `outputs` does, each row by products of its own.

        A row has the same bytes alone, in a chunk or in the whole file, at 2 to 4 times the cost.
        """
        inputs = inputs.astype(self.network.dtype, copy=False)
        outputs = np.empty((len(inputs), self.network.n_outputs), self.network.dtype)
        workspace = Workspace(self.network, 1, stack=(PREDICTION_ROWS,))
        padded = np.zeros((PREDICTION_ROWS, 1, inputs.shape[1]), self.network.dtype)
        for start in range(0, len(inputs), PREDICTION_ROWS):
            part = inputs[start : start + PREDICTION_ROWS]
            padded[: len(part), 0] = part
            outputs[start : start + len(part)] = workspace.decisions(padded)[: len(part), 0]
        return outputs


def portable_config(config: Config) -> dict[str, Any]:
    """Return the config as plain values, and of its files the names alone."""
    settings = config_to_dict(config)
    for key in PATH_KEYS:
        if settings["data"].get(key):
            settings["data"][key] = Path(settings["data"][key]).name
    return settings


def model_metadata(config: Config, preprocessing: Preprocessing, epoch: int) -> dict[str, Any]:
    """Return what a checkpoint says of the model beside its arrays; no path, no clock."""
    return {
        "config": portable_config(config),
        "preprocessing": preprocessing.to_dict(),
        "epoch": epoch,
    }


def model_from_checkpoint(checkpoint: Checkpoint) -> Model:
    """Build the model from the arrays `parameters` and `state`.

    Raises RunError for a checkpoint that does not hold what this needs.
    """
    try:
        metadata, arrays = checkpoint.metadata, checkpoint.arrays
        config = config_from_dict(metadata["config"], Path.cwd())
        preprocessing = restored_preprocessing(metadata["preprocessing"], arrays)
        if known_task(config) not in (None, preprocessing.task):
            raise ValueError(f"its config is for no {preprocessing.task}")
        vectors = (arrays["parameters"], arrays["state"])
        return Model(
            config,
            preprocessing,
            _restored_network(config, preprocessing, *vectors),
            build_loss(config),
            _restored_epoch(metadata["epoch"]),
            _restored_class_weight(arrays.get("class_weight"), len(preprocessing.classes)),
        )
    except FORGED as error:
        raise RunError(f"the checkpoint does not describe a network: {error}") from error


def _restored_network(
    config: Config, preprocessing: Preprocessing, parameters: FloatArray, state: FloatArray
) -> Network:
    """Return the network with its saved `parameters` (n_parameters,) and `state` (n_state,).

    What the metadata claims is held against what was saved before memory is taken for it.
    """
    n_inputs = preprocessing.n_inputs
    specs = layer_specs(config, count_outputs(config, preprocessing))
    _require_size("parameters", parameters, parameter_layout(n_inputs, specs)[0].size)
    _require_size("state", state, state_layout(specs).size)
    network = Network(n_inputs, specs, np.dtype(config.compute.dtype).type)
    with np.errstate(over="ignore"):  # what is too large for the dtype is told as infinite
        network.parameters[...], network.state[...] = parameters, state
    if not (np.isfinite(network.parameters).all() and np.isfinite(network.state).all()):
        raise ValueError("its parameters and state must be finite")
    for slot in network.state_layout.slots:
        if slot.name == "running_variance" and (network.state[slot.start : slot.stop] < 0).any():
            raise ValueError("its running variances must not be negative")
    return network


def _require_size(name: str, saved: FloatArray, size: int) -> None:
    if saved.shape != (size,):
        raise ValueError(f"its {name} must have shape {(size,)} (received {saved.shape})")


def _restored_epoch(epoch: object) -> int:
    if type(epoch) is not int or epoch < 0:
        raise ValueError(f"its epoch must be a whole number of at least 0 (received {epoch!r})")
    return epoch


def _restored_class_weight(weights: FloatArray | None, n_classes: int) -> FloatArray | None:
    """Return the loss's class weights (n_classes,), of which a regression has none."""
    if weights is None:
        return None
    if not n_classes or weights.shape != (n_classes,):
        raise ValueError(f"its {n_classes} classes have weights of shape {weights.shape}")
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("its class weights must be finite and not negative")
    return weights


def load_model(path: Path) -> Model:
    """Read a checkpoint and build its model; a RunError names the file."""
    checkpoint = read_checkpoint(path)
    try:
        return model_from_checkpoint(checkpoint)
    except RunError as error:
        raise RunError(Problem(str(error), file=str(path))) from error


def models_over_epochs(last: Path) -> tuple[Model, ...]:
    """Return the networks that a run's `last.npz` has kept of its training, by their epochs.

    Epoch 0 is the untrained network. The last one is always there, alone where the network is too
    large for a trajectory or an older nnctl trained it. A RunError names the file.
    """
    checkpoint = read_checkpoint(last)
    try:
        now = model_from_checkpoint(checkpoint)
        kept = _restored_trajectory(checkpoint, now)
    except RunError as error:
        raise RunError(Problem(str(error), file=str(last))) from error
    return kept if kept and kept[-1].epoch == now.epoch else (*kept, now)


def with_chosen(models: Iterable[Model], chosen: Model) -> tuple[Model, ...]:
    """Return models by their epochs, the chosen one in place of that of its epoch.

    They may differ: without validation rows the best weights of a full batch are those that its
    loss was measured with, before the epoch's step.
    """
    known = {model.epoch: model for model in models} | {chosen.epoch: chosen}
    return tuple(known[epoch] for epoch in sorted(known))


def _restored_trajectory(checkpoint: Checkpoint, now: Model) -> tuple[Model, ...]:
    try:
        found = restored_trajectory(checkpoint.arrays, now.network, now.epoch)
    except FORGED as error:
        raise RunError(f"the checkpoint does not describe a trajectory: {error}") from error
    models = []
    for epoch, parameters, state in zip(found.epochs, found.parameters, found.state, strict=True):
        network = Network(now.network.n_inputs, now.network.layers, now.network.dtype.type)
        network.parameters[...], network.state[...] = parameters, state
        models.append(replace(now, network=network, epoch=int(epoch)))
    return tuple(models)
