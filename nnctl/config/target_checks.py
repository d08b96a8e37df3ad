"""What may not fit together once it is known what the data holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from nnctl.config.document import Path
from nnctl.config.findings import Finding
from nnctl.config.model_checks import layers, wrong_rows
from nnctl.config.pairs import output_activation
from nnctl.config.schema.columns import ColumnConfig, ColumnKind
from nnctl.config.schema.data import Task
from nnctl.config.schema.initializers import Values
from nnctl.config.schema.root import Config
from nnctl.config.semantics import semantic_findings


class Column(Protocol):
    """A column that is looked at."""

    @property
    def name(self) -> str:
        """The column's name."""

    @property
    def kind(self) -> ColumnKind:
        """What the column holds: as the config says, or as its cells look."""


class Roles(Protocol):
    """What the data says where the config is silent."""

    @property
    def task(self) -> Task:
        """Whether classes or numbers are predicted."""

    @property
    def features(self) -> Sequence[Column]:
        """The columns that are predicted from."""

    @property
    def n_inputs(self) -> int:
        """How many inputs they become: one of each, or one of each category."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the target columns."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; empty for a regression."""


def data_findings(config: Config, roles: Roles) -> Iterator[Finding]:
    """Check the config again with what the data adds to it, and then against the data itself."""
    yield from semantic_findings(_filled(config, roles))
    yield from check_inputs(config, roles)
    yield from check_outputs(config, roles)
    yield from check_class_names(config, roles)


def check_inputs(config: Config, roles: Roles) -> Iterator[Finding]:
    """Weights that are written out have a row for each input of their layer."""
    path, layer = next(layers(config))
    initializer = layer.initializer
    if isinstance(initializer, Values) and len(initializer.weights) != roles.n_inputs:
        yield wrong_rows(path, initializer, roles.n_inputs)


def check_outputs(config: Config, roles: Roles) -> Iterator[Finding]:
    """The output has a unit for whatever the target holds."""
    n_classes, units = len(roles.classes), config.model.output.units
    if config.loss.name == "binary_cross_entropy" and n_classes > 2:
        message = f"loss: binary_cross_entropy is for two classes (the target has {n_classes})"
        yield Finding(("loss",), f"{message}; write categorical_cross_entropy")
    allowed = _allowed_units(config, roles)
    if units is not None and units not in allowed:
        wanted = " or ".join(map(str, allowed))
        message = f"model.output.units must be {wanted} for this target (received {units})"
        yield Finding(("model", "output", "units"), message)


def check_class_names(config: Config, roles: Roles) -> Iterator[Finding]:
    """Only a class that the target has can be weighed."""
    wanted = config.training.class_weight
    if not isinstance(wanted, dict) or roles.task == "regression":
        return
    for name in wanted:
        if name not in roles.classes:
            path: Path = ("training", "class_weight", name)
            message = f"training.class_weight: the target has no class `{name}`; "
            yield Finding(path, f"{message}it has {', '.join(roles.classes)}", at_key=True)


def output_units(config: Config, roles: Roles) -> int:
    """Return the units of the output: as the config says, else as the target wants."""
    units = config.model.output.units
    return _allowed_units(config, roles)[0] if units is None else units


def _allowed_units(config: Config, roles: Roles) -> tuple[int, ...]:
    n_classes = len(roles.classes)
    if roles.task == "regression":
        return (len(roles.targets),)
    if config.loss.name == "binary_cross_entropy":
        return (1,)
    if n_classes > 2 or output_activation(config) == "softmax":
        return (n_classes,)
    return (1, 2)


def _filled(config: Config, roles: Roles) -> Config:
    """Return the config with task, kinds and output units, as the checks look for them."""
    output = config.model.output.model_copy(update={"units": output_units(config, roles)})
    columns = {
        feature.name: config.data.columns.get(feature.name, ColumnConfig()).model_copy(
            update={"kind": feature.kind}
        )
        for feature in roles.features
    }
    data = {"task": roles.task, "columns": columns}
    return config.model_copy(
        update={
            "data": config.data.model_copy(update=data),
            "model": config.model.model_copy(update={"output": output}),
        }
    )
