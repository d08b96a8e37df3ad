"""Whether runs saw the same rows, and whether those tell the runs apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnctl.analysis.compared_runs import ComparedRun
from nnctl.data.arrays import FloatArray
from nnctl.errors import DataError, NnctlError
from nnctl.training.comparison import FEWEST_ROWS, shares_of_rows, wrong
from nnctl.training.decoding import ClassDecoder, NumberDecoder
from nnctl.training.evaluation import Evaluation
from nnctl.training.own_portions import own_portions
from nnctl.training.own_rows import own_rows
from nnctl.training.predicting import rows_at_once
from nnctl.training.reporting import evaluations

ROUNDING = 1e-5  # relative
MEASURES = {
    "classification": "share of wrong answers",
    "regression": "squared error over variance (1 - r2)",
}


def share_rows(runs: Sequence[ComparedRun], set_name: str) -> bool | None:
    """Whether a set is of the same rows in all runs; None where a run does not say.

    Rows are the same where they stand at the same places of the same file. Of a file of which
    other columns were read, nothing but its path and its number of rows can be compared.
    """
    if any(set_name not in run.split or not fingerprint_of(run, set_name) for run in runs):
        return None
    first, *others = runs
    return all(
        np.array_equal(first.split[set_name], other.split[set_name])
        and is_same_file(first, other, set_name)
        for other in others
    )


def fingerprint_of(run: ComparedRun, set_name: str) -> Mapping[str, Any]:
    """Return the fingerprint of the file that a set's rows stand in; empty where none is known."""
    known = run.record.get("data", {}).get("fingerprints", {})
    found = known.get(f"{set_name}_source") or known.get("source") or {}
    return found if isinstance(found, Mapping) else {}


def path_of(run: ComparedRun, set_name: str) -> str | None:
    """Return the file that a set's rows stand in; None for what a generator made."""
    data = run.config.get("data", {})
    path: str | None = data.get(f"{set_name}_source") or data.get("source")
    return path


def is_same_file(run: ComparedRun, other: ComparedRun, set_name: str) -> bool:
    """Whether a set's rows stand in the same file."""
    one, another = fingerprint_of(run, set_name), fingerprint_of(other, set_name)
    if one.get("sha256") == another.get("sha256"):
        return True
    same_place = path_of(run, set_name) is not None and path_of(run, set_name) == path_of(
        other, set_name
    )
    other_columns = one.get("columns") != another.get("columns")
    return same_place and other_columns and one.get("rows") == another.get("rows")


@dataclass(frozen=True, eq=False)
class Judged:
    """A run's errors on rows that others saw, too."""

    run: ComparedRun
    answers: (
        FloatArray  # what was right, (n_rows, n_targets) or, as numbers of classes, (n_rows, 1)
    )
    errors: FloatArray  # (n_rows,)
    evaluation: Evaluation


def beside_the_best(
    runs: Sequence[ComparedRun], set_name: str
) -> tuple[dict[str, Any] | None, list[str]]:
    """Hold each run against the best one, row by row; return that and what could not be done.

    The gain of the best is a mean of differences over the rows; its standard error is that of
    paired differences, sqrt(Σ share² (gain - mean)²). None where fewer than two can be judged.
    """
    judged, notes = [], []
    for run in runs:
        try:
            judged.append(judge(run, set_name))
        except NnctlError as error:
            told = "; ".join(str(problem) for problem in error.problems)
            notes.append(f"{run.label} cannot be compared row by row: {told}")
    alike = [each for each in judged if is_same_question(each, judged[0])]
    if len(alike) < 2:
        return None, notes
    shares = shares_of_rows(alike[0].evaluation)
    means = [float(shares @ each.errors) for each in alike]
    best = alike[int(np.argmin(means))]
    others = [beside(each, best, shares) for each in alike if each is not best]
    assert best.run.model is not None
    return {
        "set": set_name,
        "rows": len(shares),
        "measure": MEASURES[best.run.model.preprocessing.task],
        "best": best.run.label,
        "error": min(means),
        "others": others,
    }, notes


def judge(run: ComparedRun, set_name: str) -> Judged:
    """Let a run's best network answer its rows of a set; DataError where they have changed."""
    if run.model is None:
        raise DataError("its network cannot be read")
    own = own_rows(run.run, set_name)
    if own.notices:
        raise DataError("; ".join(own.notices))
    portions = own_portions(own.table, rows_at_once(run.model))
    evaluation, _, _ = evaluations(run.model, portions, None)
    decoder = evaluation.decoder
    if isinstance(decoder, ClassDecoder):
        labels = evaluation.targets.astype(np.float64).reshape(-1, 1)
        return Judged(run, labels, wrong(evaluation), evaluation)
    answers, errors = squared_errors(decoder, evaluation)
    return Judged(run, answers, errors, evaluation)


def squared_errors(decoder: NumberDecoder, evaluation: Evaluation) -> tuple[FloatArray, FloatArray]:
    """Return the targets (n_rows, n_targets), and each row's squared error (n_rows,).

    It is a mean over the targets, each in units of its variance among these rows: that of whoever
    says the mean is 1.
    """
    answers = decoder.preprocessing.inverse_targets(
        decoder.encode(evaluation.targets, evaluation.outputs.shape[1])
    )
    said = decoder.preprocessing.inverse_targets(evaluation.outputs)
    shares = shares_of_rows(evaluation)
    variances = shares @ np.square(answers - shares @ answers)
    squares = np.square(said - answers) / np.where(variances > 0.0, variances, 1.0)
    return answers, squares.mean(axis=1)


def is_same_question(one: Judged, other: Judged) -> bool:
    """Whether two runs were asked the same of the same rows, each counting alike."""
    if question_of(one) != question_of(other) or one.answers.shape != other.answers.shape:
        return False
    shares = (shares_of_rows(one.evaluation), shares_of_rows(other.evaluation))
    rounding = ROUNDING * np.abs(one.answers).max(initial=0.0)  # targets were scaled, in float32
    return np.allclose(one.answers, other.answers, atol=rounding) and np.allclose(*shares)


def question_of(judged: Judged) -> tuple[object, ...]:
    """Return what a network answers: numbers of these targets, or one of these classes."""
    assert judged.run.model is not None
    preprocessing = judged.run.model.preprocessing
    return preprocessing.task, preprocessing.classes, preprocessing.targets


def beside(run: Judged, best: Judged, shares: FloatArray) -> dict[str, Any]:
    """Return how much more a run errs than the best, and whether the rows can tell."""
    gains = run.errors - best.errors
    gain = float(shares @ gains)
    noise = float(np.sqrt(np.square(shares) @ np.square(gains - gain)))
    return {
        "run": run.run.label,
        "error": float(shares @ run.errors),
        "difference": gain,
        "standard_error": noise,
        "told_apart": len(shares) >= FEWEST_ROWS and gain > noise,
    }
