"""What does not fit together in the file of a sweep, although each value alone would do."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import chain
from typing import Any

from nnctl.config.document import Path, dotted
from nnctl.config.findings import Finding, shown
from nnctl.config.names import suggest_metric
from nnctl.config.schema.root import SETS
from nnctl.config.sweep_schema import DASK, MOST_TRIALS, ParameterConfig, SweepConfig
from nnctl.config.training_checks import MEASURED

KINDS = ("choice", "uniform", "log_uniform", "int")
OF_STEPS = frozenset({"uniform", "int"})
OF_POINTS = frozenset({"uniform", "log_uniform"})
OF_NUMBERS = frozenset({"cma_es"})  # searches that know no choices
CHOOSING_SETS = ("validation", "train")  # the test set is for judging what was chosen by others
SLACK = 1e-9  # of a step: 0.3 / 0.1 is a little less than 3
MOST_VALUES = 2**53  # up to which a quotient of floats counts them one by one


def kind_of(parameter: ParameterConfig) -> str:
    """Return which of the kinds a parameter is."""
    return next(kind for kind in KINDS if getattr(parameter, kind) is not None)


def sweep_findings(sweep: SweepConfig) -> list[Finding]:
    """Return everything that does not fit together."""
    found = [*check_metric(sweep), *check_keys(sweep), *check_workers(sweep)]
    for key, parameter in sweep.parameters.items():
        found += check_parameter(("parameters", key), parameter, sweep.search)
    return found or [*check_count(sweep)]


def check_metric(sweep: SweepConfig) -> Iterator[Finding]:
    """A sweep chooses by what is measured, and not on the test rows."""
    if sweep.optimize is None:
        return
    rows, _, metric = sweep.optimize.partition("_")
    if rows == "test" and metric in MEASURED:
        message = (
            "optimize may not be measured on the test rows: a choice made by them leaves nothing to"
            f" judge the chosen by; write validation_{metric}"
        )
        yield Finding(("optimize",), message)
    elif rows not in SETS or metric not in MEASURED:
        suggestion = suggest_metric(sweep.optimize, CHOOSING_SETS[::-1], MEASURED)
        advice = f"; did you mean `{suggestion}`?" if suggestion else ""
        message = "optimize: expected validation_ or train_ followed by `loss` or a metric"
        yield Finding(("optimize",), f"{message} (received {shown(sweep.optimize)}){advice}")


def check_keys(sweep: SweepConfig) -> Iterator[Finding]:
    """There is something to vary, and no two parameters set the same."""
    if not sweep.parameters:
        yield Finding(("parameters",), "parameters needs one key or more")
    parts = {key: tuple(key.split(".")) for key in sweep.parameters}
    for key, path in parts.items():
        at = ("parameters", key)
        if "" in path:
            message = f"`{key}` is no key; write it as `--set` takes it, such as training.epochs"
            yield Finding(at, message, at_key=True)
        if key in sweep.set:
            message = f"`{key}` stands in `set` as well; take it out of one of them"
            yield Finding(at, message, at_key=True)
        for other, above in parts.items():
            if other != key and path[: len(above)] == above:
                yield Finding(at, f"`{key}` is a part of `{other}`; vary one of them", at_key=True)


def check_workers(sweep: SweepConfig) -> Iterator[Finding]:
    """A pruner asks after each epoch, and workers on other machines answer at the end."""
    if sweep.pruner is not None and str(sweep.workers).startswith(DASK):
        message = "pruner: a trial that a Dask scheduler has is trained to its end; leave `pruner`"
        yield Finding(("pruner",), f"{message} out, or give a number of `workers`")


def check_parameter(path: Path, parameter: ParameterConfig, search: str) -> Iterator[Finding]:
    """One kind, values in order, and no setting that has no meaning for the kind."""
    kinds = [kind for kind in KINDS if getattr(parameter, kind) is not None]
    if len(kinds) != 1:
        message = f"{dotted(path)} needs exactly one of {', '.join(KINDS)}"
        yield Finding(path, f"{message} (received {' and '.join(kinds) or 'none'})")
        return
    kind = kinds[0]
    values = (
        check_choice(path, parameter, search)
        if kind == "choice"
        else check_range(path, kind, getattr(parameter, kind))
    )
    settings = (check_step(path, kind, parameter), check_points(path, kind, parameter, search))
    found = [*values, *chain(*settings)]
    yield from found or (check_values(path, kind, parameter) if kind in OF_STEPS else ())


def check_choice(path: Path, parameter: ParameterConfig, search: str) -> Iterator[Finding]:
    """A choice is one among different values, which have no order that a search could follow."""
    at = (*path, "choice")
    if search in OF_NUMBERS:
        message = f"{dotted(at)} has no order, and {search} follows numbers; give int, uniform or"
        yield Finding(at, f"{message} log_uniform, or write `search: tpe`")
    texts = [json.dumps(value, sort_keys=True) for value in parameter.choice or ()]
    if not texts:
        yield Finding(at, f"{dotted(at)} must have 1 or more entries (received none)")
    for index, text in enumerate(texts):
        if text in texts[:index]:
            yield Finding((*at, index), f"{dotted((*at, index))} stands in the list already")


def check_range(path: Path, kind: str, bounds: tuple[float, ...]) -> Iterator[Finding]:
    """A range is two numbers, the lower one first."""
    at = (*path, kind)
    received = f"(received {[*bounds]})"
    if len(bounds) != 2 or bounds[0] >= bounds[1]:
        yield Finding(at, f"{dotted(at)} must be [LOW, HIGH], LOW less than HIGH {received}")
    elif kind == "log_uniform" and bounds[0] <= 0:
        yield Finding(at, f"{dotted(at)} must be above 0: 0 has no logarithm {received}")
    elif not math.isfinite(float(bounds[1]) - float(bounds[0])):
        yield Finding(at, f"{dotted(at)} is too wide {received}; use log_uniform")


def check_step(path: Path, kind: str, parameter: ParameterConfig) -> Iterator[Finding]:
    """Only what is counted linearly has steps, and those of integers are integers."""
    step, at = parameter.step, (*path, "step")
    if step is None:
        return
    if kind not in OF_STEPS:
        yield Finding(at, f"{dotted(at)} is for int and uniform, and not for {kind}; leave it out")
    elif kind == "int" and step != int(step):
        yield Finding(at, f"{dotted(at)} must be an integer (received {step:g})")


def check_values(path: Path, kind: str, parameter: ParameterConfig) -> Iterator[Finding]:
    """Values that are counted are not too many to be."""
    low, high = getattr(parameter, kind)
    step = 1.0 if kind == "int" and parameter.step is None else parameter.step
    if step is not None and (high - low) / step >= MOST_VALUES:
        message = f"{dotted(path)} has more than {MOST_VALUES:,} values"
        yield Finding((*path, kind), f"{message}; narrow the range, or take a larger step")


def check_points(
    path: Path, kind: str, parameter: ParameterConfig, search: str
) -> Iterator[Finding]:
    """A grid takes some of the values between two numbers, and must be told how many."""
    at = (*path, "points")
    if parameter.points is not None and (kind not in OF_POINTS or parameter.step is not None):
        message = f"{dotted(at)} is for uniform without a step, and log_uniform; leave it out"
        yield Finding(at, message)
    elif search == "grid" and kind in OF_POINTS and parameter.points == parameter.step is None:
        message = f"{dotted(path)}: a grid takes some of the values; write `points: 5` beside"
        yield Finding(path, f"{message} `{kind}`")


def check_count(sweep: SweepConfig) -> Iterator[Finding]:
    """A grid has as many trials as combinations, and every other search is told how many."""
    if sweep.search != "grid":
        if sweep.trials is None:
            message = f"a search called {sweep.search} is told how many trials to make"
            yield Finding((), f"{message}; write `trials: 20`")
        return
    combinations = math.prod(number_of_values(each) for each in sweep.parameters.values())
    if combinations > MOST_TRIALS:
        message = f"a grid has at most {MOST_TRIALS:,} combinations (received {combinations:,})"
        yield Finding(("parameters",), f"{message}; take fewer values, or `search: random`")
    elif sweep.trials is not None and sweep.trials != combinations:
        message = f"a grid has a trial for each of its {combinations} combinations"
        yield Finding(("trials",), f"{message} (received {sweep.trials}); leave `trials` out")


def is_counted(parameter: ParameterConfig) -> bool:
    """Return whether a parameter has so many values, and no others between them."""
    return parameter.choice is not None or parameter.int is not None or parameter.step is not None


def number_of_values(parameter: ParameterConfig) -> int:
    """Return how many values a grid takes of a parameter."""
    if parameter.choice is not None:
        return len(parameter.choice)
    bounds: Any = getattr(parameter, kind_of(parameter))
    step = 1.0 if parameter.int is not None and parameter.step is None else parameter.step
    if step is None:
        return parameter.points or 1
    return int((bounds[1] - bounds[0]) / step + SLACK) + 1
