"""A network without hidden layers as one formula in the data's own units.

Scaled, it is z = Σ w x + b with x = (v - center) / scale of each feature v, so in the feature's own
units the coefficient is w / scale, and the intercept b - Σ w center / scale. A regression's scaled
output is turned back by target = output * scale + center.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnctl.data.arrays import FloatArray
from nnctl.data.preprocessing import Preprocessing
from nnctl.nn.network import Network
from nnctl.training.decoding import ClassDecoder, Decoder

# Activations f of one unit -> where f(z) lies halfway between the codes of both classes. For the
# identity that depends on the codes.
HALFWAY = {"sigmoid": 0.0, "tanh": 0.0, "softsign": 0.0, "step": 0.0}


@dataclass(frozen=True)
class LinearScore:
    """name = Σ coefficient term + intercept; terms are features as they stand in the data."""

    name: str
    terms: tuple[str, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def written(self, digits: int = 3) -> str:
        """Return `y = 2.04 x + 0.98`."""
        return f"{self.name} = {self.right_side(digits)}"

    def right_side(self, digits: int) -> str:
        """Return `2.04 x + 0.98`."""
        factors = [*zip(self.coefficients, self.terms, strict=True)]
        if self.intercept or not factors:
            factors.append((self.intercept, ""))
        first, *others = [
            (value, f"{abs(value):.{digits}g} {term}".strip()) for value, term in factors
        ]
        rest = "".join(f" {'-' if value < 0 else '+'} {text}" for value, text in others)
        return ("-" if first[0] < 0 else "") + first[1] + rest


@dataclass(frozen=True)
class LinearFormula:
    """A score for each output, and what follows from them."""

    scores: tuple[LinearScore, ...]
    answer: str  # how the answer follows from the scores; empty where they are the answer
    boundary: tuple[LinearScore, float] | None = None  # between two classes: the score equals this

    def sentences(self, digits: int = 3) -> list[str]:
        """Return the formulas and what they mean, a line each."""
        lines = [score.written(digits) for score in self.scores]
        if self.answer:
            lines.append(self.answer)
        if self.boundary is not None:
            line = boundary_line(*self.boundary, digits)
            lines += [] if line is None else [f"boundary: {line}"]
        return lines


def linear_formula(
    network: Network, preprocessing: Preprocessing, decoder: Decoder
) -> LinearFormula | None:
    """Return the formula of a network without hidden layers, else None."""
    if len(network.layers) > 1:
        return None
    activation = network.layers[-1].activation
    coefficients, intercepts = in_own_units(network, preprocessing)
    terms = terms_of(preprocessing)
    if isinstance(decoder, ClassDecoder):
        return _of_classes(decoder, terms, coefficients, intercepts)
    targets = preprocessing.targets
    names = targets
    answer = ""
    if activation.name == "identity":
        scaler = preprocessing.target_scaler
        coefficients = coefficients * scaler.scale
        intercepts = intercepts * scaler.scale + scaler.center
    else:
        names = tuple(f"z of {name}" for name in targets)
        answer = "; ".join(
            f"{name} = {_scaled_back(preprocessing, position)}"
            for position, name in enumerate(targets)
        )
        answer += f", {activation.written}"
    return LinearFormula(_scores(names, terms, coefficients, intercepts), answer)


def in_own_units(network: Network, preprocessing: Preprocessing) -> tuple[FloatArray, FloatArray]:
    """Return coefficients (n_inputs, n_outputs) and intercepts (n_outputs,) of the scores z."""
    views = network.views(0)
    weights = views["weights"].astype(np.float64)
    biases = views.get("biases", np.zeros(network.n_outputs)).astype(np.float64)
    center, scale = np.zeros(len(weights)), np.ones(len(weights))
    place = 0
    for position, feature in enumerate(preprocessing.features):
        if feature.kind != "categorical":
            center[place] = preprocessing.feature_scaler.center[position]
            scale[place] = preprocessing.feature_scaler.scale[position]
        place += len(feature.input_names)
    coefficients = weights / scale[:, np.newaxis]
    return coefficients, biases - center @ coefficients


def terms_of(preprocessing: Preprocessing) -> tuple[str, ...]:
    """Return what each coefficient is multiplied by: `x`, `log(1 + x)`, `[island=Biscoe]`."""
    terms: list[str] = []
    for feature in preprocessing.features:
        first, *others = feature.input_names
        if feature.kind == "categorical":
            first = f"[{first}]"
        elif feature.logarithm:
            first = f"log(1 + {first})"
        terms += [first, *(f"[{name}]" for name in others)]
    return tuple(terms)


def boundary_line(score: LinearScore, level: float, digits: int) -> str | None:
    """Return where a score of one or two features has a level: `x2 = -1.5 x1 + 0.3`."""
    *others, (last, term) = zip(score.coefficients, score.terms, strict=True)
    if len(others) > 1 or last == 0.0:
        return None
    coefficients = tuple(-coefficient / last for coefficient, _ in others)
    names = tuple(name for _, name in others)
    solved = LinearScore(term, names, coefficients, (level - score.intercept) / last)
    return solved.written(digits)


def _scores(
    names: tuple[str, ...], terms: tuple[str, ...], coefficients: FloatArray, intercepts: FloatArray
) -> tuple[LinearScore, ...]:
    return tuple(
        LinearScore(name, terms, tuple(column.tolist()), float(intercept))
        for name, column, intercept in zip(names, coefficients.T, intercepts, strict=True)
    )


def _scaled_back(preprocessing: Preprocessing, position: int) -> str:
    scaler = preprocessing.target_scaler
    scale, center = float(scaler.scale[position]), float(scaler.center[position])
    value = f"f(z of {preprocessing.targets[position]})"
    return value if (scale, center) == (1.0, 0.0) else f"{scale:g} {value} + {center:g}"


def _of_classes(
    decoder: ClassDecoder, terms: tuple[str, ...], coefficients: FloatArray, intercepts: FloatArray
) -> LinearFormula:
    first, *_, second = decoder.classes
    if decoder.n_outputs == 1:
        (score,) = _scores(("score",), terms, coefficients, intercepts)
        codes = sum(decoder.loss.codes(decoder.output)) / 2
        level = codes if decoder.output == "identity" else HALFWAY.get(decoder.output)
        if level is None:
            above = f"f(score) > {codes:g}, {decoder.activation.written}"
            return LinearFormula((score,), f"`{second}` where {above}, else `{first}`")
        answer = f"`{second}` where score > {level:g}, else `{first}`"
        if decoder.gives_probabilities:
            answer += f"; the probability of `{second}` is 1 / (1 + exp(-score))"
        return LinearFormula((score,), answer, (score, level))
    scores = _scores(
        tuple(f"score of {name}" for name in decoder.classes), terms, coefficients, intercepts
    )
    answer = "the answer is the class with the largest score"
    if len(decoder.classes) > 2:
        return LinearFormula(scores, answer)
    ahead = _scores(
        ("difference",),
        terms,
        coefficients[:, 1:] - coefficients[:, :1],
        intercepts[1:] - intercepts[:1],
    )
    return LinearFormula(scores, answer, (ahead[0], 0.0))
