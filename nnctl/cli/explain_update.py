"""How `nnctl explain` shows what a step does to the parameters, and where several steps lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nnctl.cli import console
from nnctl.cli.matrices import Matrix
from nnctl.errors import printable

Report = Mapping[str, Any]
MOST_PARAMETERS = 8  # of one array
MOST_WATCHED = 4  # parameters whose way over several steps is shown
SINGULARS = {"biases": "bias"}
PLURALS = {"scale": "scales", "shift": "shifts"}


def units_of(subject: Report, layer: Report) -> list[str]:
    """Return what a layer's units are called: the outputs' names, or numbers."""
    if layer["name"] == "output":
        return list(subject["outputs"])
    return [f"unit {number}" for number in range(1, len(layer["stages"][0]["outputs"][0]) + 1)]


def present_update(subject: Report, step: Report, digits: int) -> None:
    """Write how every parameter moves, a line each."""
    gradients, formulas = gradient_columns(subject, step, digits)
    (some, *_) = step["layers"][0]["parameters"].values()
    moments = {key.removeprefix("moment_"): key for key in some if key.startswith("moment_")}
    columns = {"w": "before", **gradients, **moments, "w after": "after"}
    console.write_line(f"update by {subject['optimizer']}")
    for formula in (*formulas, *step["update"]):
        console.write_line(f"  {formula}")
    console.write_line("")
    for layer, arrays in parameters(subject, step):
        matrix = Matrix(layer, [*columns], corner="w", continued=True)
        for names, what, numbers in arrays:
            values = [*zip(*(flat(numbers[key]) for key in columns.values()), strict=True)]
            matrix.add(names, values, MOST_PARAMETERS, what)
        matrix.write(digits)


def gradient_columns(
    subject: Report, step: Report, digits: int
) -> tuple[dict[str, str], Iterator[str]]:
    """Return the columns of the gradient on its way to the optimizer, and how it goes."""
    penalty, clipping = subject["regularization"], subject["gradient_clipping"]
    keys = ["gradient"]
    if penalty["l1"] or penalty["l2"]:
        keys.append("gradient_with_penalty")
    if clipping is not None:
        keys.append("gradient_used")
    names = {"gradient": "dL/dw", "gradient_with_penalty": "with penalty"}
    columns = {names[key]: key for key in keys[:-1]}
    formulas = gradient_formulas(penalty, clipping, step["gradient_norm"], digits)
    return {**columns, "g": keys[-1]}, formulas


def gradient_formulas(
    penalty: Report, clipping: Report | None, norm: float, digits: int
) -> Iterator[str]:
    """Yield what g is."""
    terms = [
        f"{factor:g} {what}"
        for factor, what in ((penalty["l1"], "sign(w)"), (penalty["l2"], "w"))
        if factor
    ]
    yield " + ".join(["g = dL/dw", *terms]) + (", of weights only" if terms else "")
    if clipping is None:
        return
    if clipping["value"] is not None:
        value = f"{clipping['value']:g}"
        yield f"each g is then brought into [-{value}, {value}]"
    if clipping["norm"] is not None:
        yield f"all g are then shrunk to a norm of at most {clipping['norm']:g}: it was " + (
            f"{norm:.{digits}g}"
        )


def parameters(
    subject: Report, step: Report
) -> Iterator[tuple[str, list[tuple[list[str], str, Report]]]]:
    """Yield each layer's name and its arrays: names of the numbers, what they are, the numbers."""
    sources = subject["inputs"]
    for layer in step["layers"]:
        units = units_of(subject, layer)
        yield (
            layer["name"],
            [
                (parameter_names(name, sources, units), PLURALS.get(name, name), numbers)
                for name, numbers in layer["parameters"].items()
            ],
        )
        sources = units


def parameter_names(array: str, sources: Sequence[str], units: Sequence[str]) -> list[str]:
    """Return a name for each number of an array: `x1 to unit 2`, `bias of unit 2`."""
    if array == "weights":
        return [f"{source} to {unit}" for source in sources for unit in units]
    return [f"{SINGULARS.get(array, array)} of {unit}" for unit in units]


def flat(numbers: Any) -> list[float]:
    """Return the numbers of an array, row by row."""
    if numbers and isinstance(numbers[0], list):
        return [number for row in numbers for number in row]
    return list(numbers)


def present_summary(
    subject: Report, steps: Sequence[Report], formula: Report | None, digits: int
) -> None:
    """Write the way over several steps, and the formula that they led to."""
    if len(steps) > 1:
        names, ways = watched(subject, steps)
        columns = ("learning rate", "L", "L after", *names)
        matrix = Matrix("all steps", columns, corner="step", things="columns")
        values = [
            (step["learning_rate"], step["loss"], step["loss_after"], *(way[i] for way in ways))
            for i, step in enumerate(steps)
        ]
        matrix.add([str(step["step"]) for step in steps], values, len(steps), "steps")
        matrix.write(digits)
    if formula is not None:
        console.write_line(f"after {'the step' if len(steps) == 1 else f'{len(steps)} steps'}:")
        present_formula(formula)


def present_formula(formula: Report | None) -> None:
    """Write the formula of a network without hidden layers, if it is one."""
    for line in formula["text"] if formula is not None else ():
        console.write_line(printable(f"  {line}"))


def watched(subject: Report, steps: Sequence[Report]) -> tuple[list[str], list[list[float]]]:
    """Return the names of a small network's parameters, and the value of each after every step."""
    names = [
        f"{layer}: {name}"
        for layer, arrays in parameters(subject, steps[0])
        for of_array, *_ in arrays
        for name in of_array
    ]
    if len(names) > MOST_WATCHED:
        return [], []
    after = [
        [
            value
            for _, arrays in parameters(subject, step)
            for *_, numbers in arrays
            for value in flat(numbers["after"])
        ]
        for step in steps
    ]
    return names, [list(way) for way in zip(*after, strict=True)]
