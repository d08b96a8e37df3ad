"""A trained network, ready to predict: what `best.npz` holds, brought back to life."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnctl.config import Config, config_from_dict, config_to_dict
from nnctl.data.arrays import FloatArray
from nnctl.data.preprocessing import Preprocessing
from nnctl.errors import ConfigError, Problem, RunError
from nnctl.nn.loss import Loss
from nnctl.nn.network import Network, Workspace
from nnctl.runs.checkpoint import Checkpoint, read_checkpoint
from nnctl.training.build import build_loss, count_outputs, layer_specs
from nnctl.training.decoding import Decoder, decoder_for

PREDICTION_ROWS = 256


@dataclass(frozen=True, eq=False)
class Model:
    """A network with all that stands between a table and its predictions."""

    config: Config
    preprocessing: Preprocessing
    network: Network
    loss: Loss
    epoch: int
    class_weight: FloatArray | None  # (n_classes,), of the loss

    @property
    def decoder(self) -> Decoder:
        """What reads the network's outputs."""
        return decoder_for(self.preprocessing, self.loss, self.network.layers[-1].activation)

    def outputs(self, inputs: FloatArray) -> FloatArray:
        """Return the outputs (n_rows, n_outputs) for scaled inputs (n_rows, n_features).

        Whole chunks go through one product: fast, and a row's last bits may depend on its place.
        """
        inputs = inputs.astype(self.network.dtype, copy=False)
        outputs = np.empty((len(inputs), self.network.n_outputs), self.network.dtype)
        workspace = Workspace(self.network, min(max(len(inputs), 1), PREDICTION_ROWS))
        for start in range(0, len(inputs), PREDICTION_ROWS):
            part = inputs[start : start + PREDICTION_ROWS]
            outputs[start : start + len(part)] = workspace.narrowed(len(part)).decisions(part)
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


def model_metadata(config: Config, preprocessing: Preprocessing, epoch: int) -> dict[str, Any]:
    """Return what a checkpoint says of the model beside its arrays; no path, no clock."""
    settings = config_to_dict(config)
    if settings["data"].get("source"):
        settings["data"]["source"] = Path(settings["data"]["source"]).name
    return {"config": settings, "preprocessing": preprocessing.to_dict(), "epoch": epoch}


def model_from_checkpoint(checkpoint: Checkpoint, prefix: str = "") -> Model:
    """Build the model from the arrays `{prefix}parameters` and `{prefix}state`.

    Raises RunError for a checkpoint that does not hold what this needs.
    """
    try:
        metadata, arrays = checkpoint.metadata, checkpoint.arrays
        config = config_from_dict(metadata["config"], Path.cwd())
        preprocessing = Preprocessing.restore(metadata["preprocessing"], arrays)
        n_outputs = count_outputs(config, preprocessing)
        dtype = np.dtype(config.compute.dtype).type
        specs = layer_specs(config, n_outputs)
        network = Network(len(preprocessing.features), specs, dtype)
        _fill(network.parameters, arrays[f"{prefix}parameters"])
        _fill(network.state, arrays[f"{prefix}state"])
        return Model(
            config,
            preprocessing,
            network,
            build_loss(config),
            int(metadata["epoch"]),
            arrays.get("class_weight"),
        )
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise RunError(f"the checkpoint does not describe a network: {error}") from error


def _fill(vector: FloatArray, saved: FloatArray) -> None:
    """Write `saved` (n,) into `vector` (n,), which would take a single number, too."""
    if saved.shape != vector.shape:
        raise ValueError(f"it needs numbers of shape {vector.shape} (received {saved.shape})")
    vector[...] = saved


def load_model(path: Path) -> Model:
    """Read a checkpoint and build its model; a RunError names the file."""
    checkpoint = read_checkpoint(path)
    try:
        return model_from_checkpoint(checkpoint)
    except RunError as error:
        raise RunError(Problem(str(error), file=str(path))) from error
