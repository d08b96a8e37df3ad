"""From a config to the engine's parts: network, loss, optimizer, learning rate."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from nnctl.config.completion import default_monitor
from nnctl.config.problems import refuse
from nnctl.config.target_checks import check_outputs, output_units
from nnctl.data.preprocessing import Preprocessing
from nnctl.data.streams import stream
from nnctl.errors import ConfigError
from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.descent import Optimizer
from nnctl.nn.initializers import BIAS_INITIALIZERS, INITIALIZERS, default_initializer
from nnctl.nn.layout import LayerSpec
from nnctl.nn.loss import Loss
from nnctl.nn.losses import LOSSES
from nnctl.nn.network import BiasInitializer, Network, WeightsInitializer
from nnctl.nn.normalization import NORMALIZATIONS
from nnctl.nn.operations import Rate
from nnctl.nn.optimizers import OPTIMIZERS
from nnctl.nn.schedules import LearningRate
from nnctl.training.metrics import direction
from nnctl.training.stopping import EarlyStopping, StoppingRule

if TYPE_CHECKING:
    from nnctl.config.schema.model import LayerConfig, OutputConfig
    from nnctl.config.schema.root import Config


def count_outputs(config: Config, preprocessing: Preprocessing) -> int:
    """Return the units of the output layer: as the config says, else as the target wants.

    A regression has one a target. Two classes are told by one unit, or by two if its activation is
    softmax; more classes have a unit each. Raises ConfigError for units that fit no target.
    """
    refuse(config, check_outputs(config, preprocessing))
    return output_units(config, preprocessing)


def layer_specs(config: Config, n_outputs: int) -> list[LayerSpec]:
    """Return the layers as the engine takes them, the output layer last."""
    specs = []
    for layer in config.model.hidden:
        activation = ACTIVATIONS[layer.activation.name](**layer.activation.parameters())
        chosen = layer.normalization
        normalization = NORMALIZATIONS[chosen.name](**chosen.parameters()) if chosen else None
        specs.append(LayerSpec(layer.units, activation, layer.bias, normalization, layer.dropout))
    output = config.model.output
    assert output.activation is not None
    activation = ACTIVATIONS[output.activation.name](**output.activation.parameters())
    return [*specs, LayerSpec(n_outputs, activation, output.bias)]


def initializer_name(layer: LayerConfig | OutputConfig) -> str:
    """Return the name of a layer's initializer, which follows from its activation unless said."""
    assert layer.activation is not None
    return (
        layer.initializer.name if layer.initializer else default_initializer(layer.activation.name)
    )


def _initializers(layer: LayerConfig | OutputConfig) -> tuple[WeightsInitializer, BiasInitializer]:
    """Return a layer's pair of initializers; `values` may give the biases together with weights."""
    parameters = layer.initializer.parameters() if layer.initializer else {}
    biases = layer.bias_initializer
    bias_initializer = partial(BIAS_INITIALIZERS[biases.name], **biases.parameters())
    if parameters.get("biases") is not None:
        bias_initializer = partial(BIAS_INITIALIZERS["values"], biases=parameters["biases"])
    parameters.pop("biases", None)
    return partial(INITIALIZERS[initializer_name(layer)], **parameters), bias_initializer


def build_network(config: Config, n_inputs: int, n_outputs: int) -> Network:
    """Return the network with its initial weights, drawn from the config's training seed."""
    dtype = np.dtype(config.compute.dtype).type
    network = Network(n_inputs, layer_specs(config, n_outputs), dtype)
    layers: tuple[LayerConfig | OutputConfig, ...] = (*config.model.hidden, config.model.output)
    initializers = [_initializers(layer) for layer in layers]
    try:
        with np.errstate(over="ignore"):
            network.initialize(initializers, stream(config.training_seed, "weights"))
    except ValueError as error:  # only `values` can be of the wrong shape
        raise ConfigError(f"model: {error}") from None
    if not np.isfinite(network.parameters).all():
        message = f"model: an initial weight or bias is too large for {config.compute.dtype}"
        raise ConfigError(f"{message}; write a smaller one")
    return network


def build_loss(config: Config) -> Loss:
    """Return the loss."""
    return LOSSES[config.loss.name](**config.loss.parameters())


def build_optimizer(
    config: Config, network: Network, weight_decay: Rate | None = None
) -> Optimizer:
    """Return the optimizer of the network's parameters; of stacked ones each may decay its way."""
    chosen = config.optimizer
    return OPTIMIZERS[chosen.name](
        network.parameters,
        network.n_weights,
        weight_decay=chosen.weight_decay if weight_decay is None else weight_decay,
        **chosen.parameters(),
    )


def build_learning_rate(config: Config) -> LearningRate:
    """Return the learning rate with its schedule."""
    schedule = config.optimizer.schedule
    parameters = schedule.parameters()
    monitor = parameters.pop("monitor", None)
    if monitor is not None:
        parameters["mode"] = direction(monitor)
    return LearningRate(
        config.optimizer.learning_rate,
        schedule.name,
        warmup_epochs=schedule.warmup_epochs,
        **parameters,
    )


def build_stopping(config: Config) -> EarlyStopping:
    """Return what finds the best epoch, and ends training early where the config wants that."""
    chosen = config.training.early_stopping
    if chosen is None:
        monitor = default_monitor(config)
        return EarlyStopping(StoppingRule(monitor, direction(monitor)))
    assert chosen.monitor is not None, "a loaded config names what it watches"
    rule = StoppingRule(
        chosen.monitor, direction(chosen.monitor), chosen.patience, chosen.min_delta
    )
    return EarlyStopping(rule)
