"""The settings that several rules offer, each as `--set` takes it."""

from __future__ import annotations

from collections.abc import Iterable

from nnctl.analysis.case import Case
from nnctl.analysis.findings import Settings
from nnctl.config.schema.model import LayerConfig, OutputConfig
from nnctl.nn.initializers import default_initializer
from nnctl.training.build import initializer_name


def alternatives(*groups: Iterable[str]) -> tuple[Settings, ...]:
    """Return those groups of settings that have any."""
    return tuple(settings for settings in map(tuple, groups) if settings)


def layer_key(case: Case, layer: int) -> str:
    """Return where a config says how a layer is: `model.hidden.0`, `model.output`."""
    return f"model.hidden.{layer}" if layer < len(case.layers) - 1 else "model.output"


def lower_rate(case: Case) -> list[str]:
    """A tenth of the learning rate."""
    return [f"optimizer.learning_rate={case.config.optimizer.learning_rate / 10.0:g}"]


def usual_beginning(case: Case, layers: Iterable[int]) -> list[str]:
    """Initial weights and biases as they are where a config says nothing of them."""
    model, settings = case.config.model, []
    written: list[LayerConfig | OutputConfig] = [*model.hidden, model.output]
    for layer in layers:
        said = written[layer]
        assert said.activation is not None  # a completed config says it
        if initializer_name(said) != default_initializer(said.activation.name):
            settings.append(f"{layer_key(case, layer)}.initializer=null")
        if said.bias_initializer.name != "zeros":
            settings.append(f"{layer_key(case, layer)}.bias_initializer=zeros")
    return settings


def scaled_data(case: Case) -> list[str]:
    """Inputs and targets scaled where the config wants them as they are."""
    data = case.config.data
    columns = [
        f"data.columns.{name}.scaling=standardize"
        for name, column in data.columns.items()
        if column.scaling == "none" and can_be_set(name)
    ]
    regression = case.model.preprocessing.task == "regression"
    return [
        *(["data.scaling=standardize"] if data.scaling == "none" else []),
        *columns,
        *(["data.target_scaling=standardize"] * (regression and data.target_scaling == "none")),
    ]


def can_be_set(name: str) -> bool:
    """Whether a column's name can be part of a key behind `--set`."""
    return name.isprintable() and name == name.strip() and not {*".="} & {*name}
