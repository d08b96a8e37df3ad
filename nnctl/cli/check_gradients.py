"""`nnctl check-gradients`: backpropagation held against differences of the loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from nnctl.cli import console
from nnctl.cli.options import ConfigArgument, Json, Overrides

if TYPE_CHECKING:
    from nnctl.config import Config
    from nnctl.training.gradient_checking import GradientCheck


def check_gradients(
    config: ConfigArgument,
    rows: Annotated[
        int, typer.Option("--rows", metavar="N", min=1, help="How many training rows to take.")
    ] = 5,
    overrides: Overrides = None,
    json: Json = False,
) -> None:
    """Hold gradients against numeric ones.

    Those need no derivative: they follow from the loss alone, at two points near each other.
    It is the config's own network before its training, with its first training rows, loss and
    penalties; in float64 whatever the config says, with dropout's units fixed and batch
    normalization as in training. Clipping and weight decay come after gradients and are no part of
    it. Exit code 6 where they differ.
    """
    from nnctl.config import load_config
    from nnctl.errors import ExpectationError
    from nnctl.training.explained_rows import subject_of_config
    from nnctl.training.gradient_checking import explained_failure, gradient_check
    from nnctl.training.threads import blas_threads

    settings = in_float64(load_config(config, overrides or ()))
    subject = subject_of_config(settings, config)
    positions = subject.dataset.split.train[:rows]
    with blas_threads(1):
        check = gradient_check(subject.assembly.trainer, subject.examples(positions))
    console.notes(subject.dataset.notices)
    if json:
        console.write_json({"config": config, **check.to_dict()})
    else:
        present(check)
    if check.failed:
        console.notes(explained_failure(check))
        named = ", ".join(f"{failed.array} of {failed.layer}" for failed in check.failed)
        raise ExpectationError(
            f"{config}: the gradients of {named} are wrong; do not train with them"
        )


def in_float64(config: Config) -> Config:
    """Return the config for the arithmetic in which gradients can be checked."""
    return config.model_copy(
        update={"compute": config.compute.model_copy(update={"dtype": "float64"})}
    )


def present(check: GradientCheck) -> None:
    """Write a line for each array, and what they come to."""
    columns = (
        "layer",
        "gradient of",
        "numbers",
        "checked",
        "at kinks",
        "relative error",
        "verdict",
    )
    rows = [
        (
            array.layer,
            array.array,
            array.numbers,
            array.checked,
            array.at_kinks,
            "" if array.relative_error is None else array.relative_error,
            array.verdict,
        )
        for array in check.arrays
    ]
    rows_said = "1 training row" if check.rows == 1 else f"{check.rows} training rows"
    title = f"{rows_said}, loss {check.loss:.6g}, in float64"
    console.write_table(columns, rows, title)
    console.write_line(conclusion(check))
    console.notes(remarks(check))


def conclusion(check: GradientCheck) -> str:
    """Return what the whole check comes to."""
    from nnctl.training.gradient_checking import TOLERANCE

    errors = [array.relative_error for array in check.arrays if array.relative_error is not None]
    if not errors:
        return (
            "unchecked: the loss has a kink at every number, where it has no derivative; such are "
            "weights of 0 under a step or relu: try another initializer"
        )
    return (
        f"{check.verdict}: the largest relative error is {max(errors):.3g}, the tolerance "
        f"{TOLERANCE:g}"
    )


def remarks(check: GradientCheck) -> Iterator[str]:
    """Say what was not looked at."""
    kinks = sum(array.at_kinks for array in check.arrays)
    if kinks and check.verdict != "unchecked":
        yield (
            f"left out: {kinks} numbers that cannot be moved without crossing a kink, where the "
            "loss has no derivative"
        )
    drawn = [array for array in check.arrays if array.numbers > array.checked + array.at_kinks]
    if drawn:
        yield "of the larger arrays some numbers are checked, drawn by the config's seed"
