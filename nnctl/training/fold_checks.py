"""A look at folds before they are trained: what is wrong, and what should be known."""

from __future__ import annotations

from dataclasses import replace

from nnctl.config import Config
from nnctl.data.dataset import load_dataset, notice_absent_classes
from nnctl.data.folds import Fold
from nnctl.data.loading import Tables
from nnctl.errors import DataError, Problem
from nnctl.training.assembly import assemble


def look_at_folds(config: Config, count: int, tables: Tables) -> tuple[str, ...]:
    """Prepare the data of every fold, one at a time; return what a person should know of them.

    What holds for all folds is said once, anything else with the folds that it holds for.
    Raises DataError with every problem of every fold, ConfigError.
    """
    problems: dict[Problem, list[int]] = {}
    sentences: dict[str, list[int]] = {}
    for index in range(count):
        try:
            notices = look_at_fold(config, Fold(index, count), tables)
        except DataError as error:
            for problem in error.problems:
                problems.setdefault(problem, []).append(index + 1)
        else:
            for notice in notices:
                sentences.setdefault(notice, []).append(index + 1)
    if problems:
        raise DataError(
            [
                replace(problem, message=f"{of_folds(numbers, count)}{problem.message}")
                for problem, numbers in problems.items()
            ]
        )
    return tuple(of_folds(numbers, count) + text for text, numbers in sentences.items())


def look_at_fold(config: Config, fold: Fold, tables: Tables) -> tuple[str, ...]:
    """Prepare one fold and let go of it; return what a person should know of it."""
    dataset = load_dataset(config, fold, tables)
    assembly, _ = assemble(config, dataset)
    assert dataset.test is not None
    untested = notice_absent_classes(
        "test row", dataset.test.targets, dataset.preprocessing.classes
    )
    return (*dataset.notices, *assembly.notices, *untested)


def of_folds(numbers: list[int], count: int) -> str:
    """Return the beginning of a sentence about some folds; nothing for all of them."""
    if len(numbers) == count:
        return ""
    return f"fold{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}: "
