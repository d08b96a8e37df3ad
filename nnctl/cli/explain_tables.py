"""How `nnctl explain` shows a step: the formula of each operation above the numbers it gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnctl.cli import console
from nnctl.cli.explain_update import Report, present_formula, present_update, units_of
from nnctl.cli.matrices import Cell, Matrix, counted, shortened
from nnctl.errors import printable

MOST_ROWS = 4  # of a batch
MOST_INPUTS = 8  # whose weights are shown
# What a stage uses beside its inputs, and how its formula calls it.
BESIDE = {
    "mean": "mean",
    "deviation": "sqrt(variance + epsilon)",
    "standardized": "v",
    "mask": "mask",
}

TRAINED_OTHERWISE = ("batch normalization", "dropout")  # than they predict


def with_short_names(subject: Report) -> Report:
    """Return a report whose inputs and outputs have names that leave room for their numbers."""
    names = {key: [shortened(name) for name in subject[key]] for key in ("inputs", "outputs")}
    return {**subject, **names}


def present_subject(report: Report) -> None:
    """Say what is explained."""
    trained = report["epochs_trained"]
    state = f"after {trained:,} epochs of training" if trained else "before training"
    console.write_line(printable(f"{report['name']}: {report['task']}, {state}"))
    present_formula(report["formula"])
    console.write_line("")


def present_step(subject: Report, step: Report, digits: int) -> None:
    """Write everything about a step: forward, loss, backward, update."""
    console.write_line(printable(describe_step(subject, step)) + "\n")
    inputs_table(subject, step).write(digits)
    sources = subject["inputs"]
    for layer in step["layers"]:
        forward_table(subject, step, layer, sources).write(digits)
        sources = units_of(subject, layer)
    present_loss(subject, step, digits)
    for index, layer in reversed([*enumerate(step["layers"])]):
        below = step["layers"][index - 1] if index else None
        sources = subject["inputs"] if below is None else units_of(subject, below)
        backward_table(subject, step, layer, sources).write(digits)
    present_update(subject, step, digits)
    console.write_line(describe_progress(step, digits) + "\n")


def describe_step(subject: Report, step: Report) -> str:
    """Return which rows a step takes, and how fast it goes."""
    rows, batch = step["rows"], f"batch {step['batch']:,} of epoch {step['epoch']:,}"
    if len(rows) == 1:
        (row,) = rows
        line = "" if row["line"] is None else f" (line {row['line']:,})"
        what = f"row {row['row']:,}{line} of {subject['data']}, of the {row['set']} set"
    else:
        what = f"{batch}, {len(rows):,} rows of {subject['data']}"
    return f"step {step['step']}: {what}; learning rate {step['learning_rate']:g}"


def inputs_table(subject: Report, step: Report) -> Matrix:
    """Return the inputs as they are written and as the network sees them."""
    names, rows = subject["inputs"], step["rows"]
    if len(rows) > 1:
        return batch_table(subject, step)
    matrix = Matrix(
        "inputs: as they stand in the data, and x as the network sees them",
        ("in the data", "x"),
        corner="input",
        things="columns",
    )
    cells = dict(zip(subject["features"], rows[0]["features"], strict=True))
    written = [shown_cell(cells[name]) for name in subject["input_of"]]
    matrix.add(names, [*zip(written, step["inputs"][0], strict=True)], 2 * MOST_INPUTS, "inputs")
    return matrix


def shown_cell(value: Cell) -> Cell:
    """Return a cell of the data as it stands in a table."""
    if value is None:
        return "missing"
    return shortened(value) if isinstance(value, str) else value


def batch_table(subject: Report, step: Report) -> Matrix:
    """Return the rows of a batch, targets and weights first, for inputs may be many."""
    targets = [f"y {name}" for name in subject["outputs"]]
    columns = ["weight"] if step["weights"] is not None else []
    columns += [*targets, *subject["inputs"]]
    matrix = Matrix(
        "targets y, and inputs x as the network sees them", columns, corner="row", things="columns"
    )
    weights = (
        [[]] * len(step["rows"]) if step["weights"] is None else [[w] for w in step["weights"]]
    )
    values = [
        [*weight, *y, *x]
        for weight, y, x in zip(weights, step["targets"], step["inputs"], strict=True)
    ]
    matrix.add([f"{row['row']:,}" for row in step["rows"]], values, MOST_ROWS, "rows")
    return matrix


def weight_lines(
    matrix: Matrix, what: str, layer: Report, beside: Sequence[Cell] | None, sources: Sequence[str]
) -> None:
    """Add a line for each input of the layer and the biases; `beside` stands before the units."""
    symbols = ("W", "b") if what == "before" else ("dL/dW", "dL/db")
    arrays = {name: numbers[what] for name, numbers in layer["parameters"].items()}
    first: list[list[Cell]] = [[]] * len(sources) if beside is None else [[x] for x in beside]
    values = [[*x, *row] for x, row in zip(first, arrays["weights"], strict=True)]
    matrix.add([f"{symbols[0]} {name}" for name in sources], values, MOST_INPUTS, "inputs")
    blank = [""] * len(first[0])
    if "biases" in arrays:
        matrix.lines.append((symbols[1], [*blank, *arrays["biases"]]))
    for name in ("scale", "shift"):
        if name in arrays:
            label = name if what == "before" else f"dL/d{name}"
            matrix.lines.append((label, [*blank, *arrays[name]]))


def row_lines(
    matrix: Matrix, symbol: str, values: Sequence[Sequence[float]], step: Report, blank: list[Cell]
) -> None:
    """Add a line for each row of the batch."""
    rows = step["rows"]
    labels = [f"{symbol} of row {row['row']:,}" for row in rows] if len(rows) > 1 else [symbol]
    if len(values) != len(rows):  # one for the whole batch, such as a mean over it
        labels = [symbol]
    matrix.add(labels, [[*blank, *row] for row in values], MOST_ROWS, "rows")


def forward_table(subject: Report, step: Report, layer: Report, sources: Sequence[str]) -> Matrix:
    """Return weights, z and activations of a layer, a column for each unit."""
    single = len(step["rows"]) == 1
    units, stages = units_of(subject, layer), layer["stages"]
    formulas = [stage["forward"] for stage in stages]
    columns = ["x", *units] if single else units
    matrix = Matrix(f"{layer['name']}, forward", columns, formulas, beside=int(single))
    weight_lines(matrix, "before", layer, layer["inputs"][0] if single else None, sources)
    blank: list[Cell] = [""] if single else []
    for stage in stages:
        for name, symbol in BESIDE.items():
            if name in stage:
                values = stage[name]
                wide = [row * len(units) if len(row) == 1 else row for row in values]
                row_lines(matrix, symbol, wide, step, blank)
        row_lines(matrix, stage["symbol"], stage["outputs"], step, blank)
    return matrix


def present_loss(subject: Report, step: Report, digits: int) -> None:
    """Write outputs beside targets, and the loss."""
    loss = subject["loss"]
    matrix = Matrix(
        f"loss, {loss['name']}",
        ("a", "y", "a - y"),
        (f"{loss['value']}, {sizes(subject, step)}", *scalings(subject, digits)),
        corner="output",
        things="columns",
    )
    for number, row in enumerate(step["rows"][:MOST_ROWS]):
        place = f" of row {row['row']:,}" if len(step["rows"]) > 1 else ""
        outputs, targets = step["outputs"][number], step["targets"][number]
        values = [(a, y, a - y) for a, y in zip(outputs, targets, strict=True)]
        names = [f"{name}{place}" for name in subject["outputs"]]
        matrix.add(names, values, MOST_INPUTS, "outputs")
    if len(step["rows"]) > MOST_ROWS:
        matrix.leave_out(counted(len(step["rows"]) - MOST_ROWS, len(step["rows"]), "rows"))
    matrix.write(digits)
    console.write_line("".join(loss_lines(subject, step, digits)))


def sizes(subject: Report, step: Report) -> str:
    """Say what n and k stand for in the formula of a loss."""
    text = f"n = {len(step['rows']):,}"
    if "(n k)" in subject["loss"]["value"]:
        text += f", k = {len(subject['outputs'])}"
    if step["weights"] is not None:
        text += "; in place of 1/n each row has its share of all sample and class weights"
    return text


def scalings(subject: Report, digits: int) -> Iterator[str]:
    """Yield how each target became a y, where it is scaled."""
    scaling = subject["target_scaling"] or {}
    for name, numbers in scaling.items():
        symbol, target = ("y", "target") if len(scaling) == 1 else (f"y {name}", name)
        center, scale = numbers["center"], numbers["scale"]
        sign = "-" if center >= 0.0 else "+"
        yield f"{symbol} = ({target} {sign} {abs(center):.{digits}g}) / {scale:.{digits}g}"


def loss_lines(subject: Report, step: Report, digits: int) -> Iterator[str]:
    """Yield the loss, the penalty, the answers, and what they are of targets in their own units."""
    yield f"L = {step['loss']:.{digits}g}"
    if step["penalty"]:
        yield f", and a penalty on the weights of {step['penalty']:.{digits}g}"
    yield "\n"
    kinds = {stage["kind"] for layer in step["layers"] for stage in layer["stages"]}
    answer = "answer" if kinds.isdisjoint(TRAINED_OTHERWISE) else "answer when it predicts"
    yield f"{answer}: {listed(step['predictions'], digits)}\n"
    if subject["target_scaling"] is not None:
        yield f"target: {listed([row['targets'] for row in step['rows']], digits)}\n"


def listed(answers: Sequence[str | Sequence[float]], digits: int) -> str:
    """Return the first of the answers, classes or numbers, and how many more there are."""
    texts = [
        printable(answer)
        if isinstance(answer, str)
        else " and ".join(f"{value:.{digits}g}" for value in answer)
        for answer in answers[:MOST_ROWS]
    ]
    more = len(answers) - len(texts)
    return ", ".join(texts) + (f" and {more:,} more" if more else "")


def backward_table(subject: Report, step: Report, layer: Report, sources: Sequence[str]) -> Matrix:
    """Return the gradients of a layer, from its outputs down to its inputs."""
    single = len(step["rows"]) == 1
    units, stages = units_of(subject, layer), layer["stages"]
    formulas = [stage["backward"] for stage in reversed(stages)]
    if layer["name"] == "output":
        derivative = subject["loss"]["derivative"]
        through = stages[-1]["d_outputs"] is not None
        formulas = [derivative, *formulas[0 if through else 1 :]]
    columns = ["dL/dx", *units] if single else units
    matrix = Matrix(f"{layer['name']}, backward", columns, formulas, beside=int(single))
    blank: list[Cell] = [""] if single else []
    for stage in reversed(stages):
        if stage["d_outputs"] is not None:
            row_lines(matrix, f"dL/d{stage['symbol']}", stage["d_outputs"], step, blank)
    weight_lines(matrix, "gradient", layer, layer["d_inputs"][0] if single else None, sources)
    return matrix


def describe_progress(step: Report, digits: int) -> str:
    """Say what the step has done to the loss of its own rows."""
    before, after = step["loss"], step["loss_after"]
    text = f"L was {before:.{digits}g} and is {after:.{digits}g} after the step"
    if step["penalty"] or step["penalty_after"]:
        text += f"; the penalty was {step['penalty']:.{digits}g} and is "
        text += f"{step['penalty_after']:.{digits}g}"
    return text
