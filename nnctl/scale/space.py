"""Which values the parameters of a trial have: all combinations, or numbers drawn at random."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnctl.config.sweep_checks import kind_of, number_of_values
from nnctl.config.sweep_schema import ParameterConfig
from nnctl.data.streams import stream

Space = Mapping[str, ParameterConfig]  # dotted key -> what its values are taken from
Parameters = dict[str, Any]  # dotted key -> value
Suggest = Callable[[Space, int, int], Parameters]


def grid_parameters(space: Space, _seed: int, number: int) -> Parameters:
    """Return combination `number`, from 1; the last parameter changes fastest."""
    values: Parameters = {}
    rest = number - 1
    for key in reversed([*space]):
        parameter = space[key]
        rest, place = divmod(rest, number_of_values(parameter))
        values[key] = grid_value(parameter, place)
    return {key: values[key] for key in space}


def random_parameters(space: Space, seed: int, number: int) -> Parameters:
    """Draw each parameter of trial `number` from a stream of its own.

    So a trial depends neither on those before it nor on when it is trained, and a parameter's
    values not on which others there are. Bergstra and Bengio (2012), "Random Search for
    Hyper-Parameter Optimization": of as many trials, those at random try more values of the few
    parameters that matter than a grid does.
    """
    return {
        key: drawn(parameter, stream(seed, f"sweep {key}", number))
        for key, parameter in space.items()
    }


# Search -> which parameters a trial has by its number alone.
SUGGESTIONS: dict[str, Suggest] = {"grid": grid_parameters, "random": random_parameters}


def grid_value(parameter: ParameterConfig, place: int) -> Any:
    """Return the value of a parameter at a place of its grid, counted from 0."""
    if parameter.choice is not None:
        return parameter.choice[place]
    kind = kind_of(parameter)
    low, high = getattr(parameter, kind)
    if kind == "int":
        return low + place * int(parameter.step or 1)
    if parameter.step is not None:
        return min(max(stepped(parameter, low, place), low), high)
    share = place / max(1, number_of_values(parameter) - 1)
    return between(kind, low, high, share)


def drawn(parameter: ParameterConfig, rng: np.random.Generator) -> Any:
    """Draw a value of a parameter."""
    if parameter.choice is not None:
        return parameter.choice[int(rng.integers(len(parameter.choice)))]
    kind = kind_of(parameter)
    if kind == "int" or parameter.step is not None:
        return grid_value(parameter, int(rng.integers(number_of_values(parameter))))
    low, high = getattr(parameter, kind)
    return between(kind, low, high, rng.random())


def stepped(parameter: ParameterConfig, low: float, place: int) -> float:
    """Return LOW and so many steps; 0.1 + 2 * 0.1 is written 0.3, as a person would."""
    return float(f"{low + place * (parameter.step or 0.0):.12g}")


def between(kind: str, low: float, high: float, share: float) -> float:
    """Return the number at a share of the way from `low` to `high`, which it never leaves."""
    if kind == "log_uniform":
        value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    else:
        value = low + share * (high - low)
    return min(max(float(f"{value:.{digits(low, high)}g}"), low), high)


def digits(low: float, high: float) -> int:
    """Return how many digits tell numbers apart that lie so close together: a millionth of that."""
    largest = max(abs(low), abs(high))
    return 6 + max(0, math.floor(math.log10(largest) - math.log10(high - low)))
