"""What may not fit together in the network, and between the network and its loss."""

from __future__ import annotations

from collections.abc import Iterator

from nnctl.config.document import Path, dotted
from nnctl.config.findings import Finding
from nnctl.config.pairs import NEEDS, OUTPUT_ACTIVATIONS, known_task, output_activation
from nnctl.config.schema.initializers import BiasValues, Values
from nnctl.config.schema.model import LayerConfig, OutputConfig
from nnctl.config.schema.root import Config

OUTPUT: Path = ("model", "output")
WIDEST_LAYER = 1_000_000
VALUES_PER_UNIT = 4  # what a training step keeps: z, activation, and the gradients of both
# Activation -> why a hidden layer cannot have it.
NOT_HIDDEN: dict[str, str] = {
    "step": "the derivative of step is zero, so that nothing before it can learn; "
    "write `activation: sigmoid` or `relu`",
    "softmax": "softmax makes one probability of each unit and belongs to the output; "
    "write `activation: relu`",
}


def check_output_pair(config: Config) -> Iterator[Finding]:
    """The output activation must give what the loss needs."""
    activation, loss = output_activation(config), config.loss.name
    allowed = OUTPUT_ACTIVATIONS[loss]
    if activation in allowed:
        return
    other = [name for name, pairs in OUTPUT_ACTIVATIONS.items() if pairs[0] == activation]
    message = (
        f"model.output.activation: {loss} needs {NEEDS[loss]}, which {activation} does not give; "
        f"write `activation: {allowed[0]}`" + (f" or `loss: {other[0]}`" if len(other) == 1 else "")
    )
    yield Finding((*OUTPUT, "activation"), message)


def check_output_units(config: Config) -> Iterator[Finding]:
    """One class needs no softmax, and one sigmoid tells two classes apart."""
    units = config.model.output.units
    path = (*OUTPUT, "units")
    if units == 1 and output_activation(config) == "softmax":
        yield Finding(*_lonely_softmax(config))
    if units is not None and units > 1 and config.loss.name == "binary_cross_entropy":
        message = (
            f"model.output.units: binary_cross_entropy takes one unit (received {units}); write "
            "`units: 1`, or `activation: softmax` and `loss: categorical_cross_entropy`"
        )
        yield Finding(path, message)


def _lonely_softmax(config: Config) -> tuple[Path, str]:
    """Say what to write for a softmax over one unit: a regression cannot have more of them."""
    message = "softmax over one unit is always 1; write"
    if known_task(config) == "regression":
        place = "model.output.activation"
        return (*OUTPUT, "activation"), f"{place}: {message} `activation: identity`"
    return (*OUTPUT, "units"), (
        f"model.output.units: {message} `units: 2` or more, or `activation: sigmoid` and "
        "`loss: binary_cross_entropy`"
    )


def check_hidden_activations(config: Config) -> Iterator[Finding]:
    """A hidden layer must pass a gradient on, and treat each unit alike."""
    for index, layer in enumerate(config.model.hidden):
        path: Path = ("model", "hidden", index, "activation")
        if layer.activation.name in NOT_HIDDEN:
            yield Finding(path, f"{dotted(path)}: {NOT_HIDDEN[layer.activation.name]}")


def check_width(config: Config) -> Iterator[Finding]:
    """A layer wider than any network for tables is a slip: say what it would cost."""
    sizes = {"float32": 4, "float64": 8}
    batch_size = config.training.batch_size
    rows = batch_size if isinstance(batch_size, int) else 1
    bytes_of_a_unit = sizes[config.compute.dtype] * VALUES_PER_UNIT * rows
    for index, layer in enumerate(config.model.hidden):
        if layer.units > WIDEST_LAYER:
            message = (
                f"model.hidden[{index}].units must be at most {WIDEST_LAYER:,} (received "
                f"{layer.units}); a batch of {rows} would take "
                f"{layer.units * bytes_of_a_unit / 2**30:.1f} GiB in this layer alone"
            )
            yield Finding(("model", "hidden", index, "units"), message)


def check_batch_normalization(config: Config) -> Iterator[Finding]:
    """One row minus its own mean is zero, whatever the row."""
    for index, layer in enumerate(config.model.hidden):
        path: Path = ("model", "hidden", index, "normalization")
        normalization = layer.normalization
        if normalization and normalization.name == "batch" and config.training.batch_size == 1:
            message = (
                f"{dotted(path)}: batch normalization over one row gives zeros; "
                "write a `batch_size` of 2 or more, or `normalization: layer`"
            )
            yield Finding(path, message)


def check_biases(config: Config) -> Iterator[Finding]:
    """Initial biases are given once, and only where there are biases."""
    for path, layer in layers(config):
        initializer = layer.initializer
        given = isinstance(initializer, Values) and initializer.biases is not None
        chosen = layer.bias_initializer.name != "zeros"
        if given and chosen:
            message = f"{dotted(path)}: the initial biases are given twice; keep one of `biases`"
            yield Finding((*path, "bias_initializer"), f"{message} and `bias_initializer`")
        if not layer.bias and (given or chosen):
            message = f"{dotted(path)}: there are initial biases, but `bias: false`; leave one out"
            yield Finding((*path, "bias"), message)


def check_values(config: Config) -> Iterator[Finding]:
    """Weights and biases that are written out must have the shape of their layer.

    How many inputs the first layer has is known once the data is.
    """
    inputs: int | None = None
    for path, layer in layers(config):
        if isinstance(layer.initializer, Values):
            yield from _check_weights(path, layer, layer.initializer, inputs)
        if isinstance(layer.bias_initializer, BiasValues):
            place: Path = (*path, "bias_initializer", "biases")
            yield from _check_length(place, layer.bias_initializer.biases, layer.units)
        inputs = layer.units


def layers(config: Config) -> Iterator[tuple[Path, LayerConfig | OutputConfig]]:
    """Yield all layers from the inputs on, and where a config has them."""
    for index, layer in enumerate(config.model.hidden):
        yield ("model", "hidden", index), layer
    yield OUTPUT, config.model.output


def _check_weights(
    path: Path, layer: LayerConfig | OutputConfig, values: Values, inputs: int | None
) -> Iterator[Finding]:
    place: Path = (*path, "initializer", "weights")
    rows = values.weights
    if inputs is not None and len(rows) != inputs:
        yield wrong_rows(path, values, inputs)
    columns = layer.units or len(rows[0])
    for index, row in enumerate(rows):
        yield from _check_length((*place, index), row, columns)
    if values.biases is not None:
        biases: Path = (*path, "initializer", "biases")
        yield from _check_length(biases, values.biases, columns)


def wrong_rows(path: Path, values: Values, inputs: int) -> Finding:
    """Say that the weights of the layer at `path` fit another number of inputs."""
    place: Path = (*path, "initializer", "weights")
    message = f"{dotted(place)} must have a row for each of the {inputs} inputs"
    return Finding(place, f"{message} (received {len(values.weights)})")


def _check_length(place: Path, numbers: tuple[float, ...], units: int | None) -> Iterator[Finding]:
    if units is not None and len(numbers) != units:
        message = f"{dotted(place)} must have a number for each of the {units} units"
        yield Finding(place, f"{message} (received {len(numbers)})")
