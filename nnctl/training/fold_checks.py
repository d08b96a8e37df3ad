"""A look at folds before they are trained: what is wrong, and what should be known."""

from __future__ import annotations

from dataclasses import replace

from nnctl.config import Config
from nnctl.data.dataset import load_dataset, notice_absent_classes
from nnctl.data.folds import Fold
from nnctl.data.loading import Tables
from nnctl.errors import DataError, Problem, RunError
from nnctl.runs.checkpoint import Checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.training.assembly import assemble
from nnctl.training.inference import portable_config
from nnctl.training.resuming import differences, told


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


def check_fold(run: RunDirectory, checkpoint: Checkpoint, config: Config, fold: Fold) -> None:
    """Refuse a fold that was trained otherwise than the others, as by `nnctl resume` alone."""
    metadata, expected = checkpoint.metadata, [fold.index, fold.count]
    # Of a resume that was killed early the checkpoint knows what its epochs were trained with, too.
    for trained in filter(None, (metadata.get("config_before"), metadata["config"])):
        now = portable_config(config)
        if now["metrics"] is None:
            now["metrics"] = trained["metrics"]  # they follow from the data
        found = differences(now, trained)
        if metadata["fold"] != expected:
            found["fold"] = (expected, metadata["fold"])
        if found:
            message = f"was not trained as the other folds are: {told(found)}"
            raise RunError(Problem(f"{message}; remove it, and it is trained anew", str(run.path)))


def of_folds(numbers: list[int], count: int) -> str:
    """Return the beginning of a sentence about some folds; nothing for all of them."""
    if len(numbers) == count:
        return ""
    return f"fold{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}: "
