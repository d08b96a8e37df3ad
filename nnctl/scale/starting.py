"""What is looked at before a sweep trains anything, and the sweep that is gone on with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

from nnctl.config import Config
from nnctl.config.sweep_checks import is_counted, number_of_values
from nnctl.config.sweep_loading import SweepFile, load_sweep
from nnctl.data.dataset import load_dataset
from nnctl.data.fingerprint import changes
from nnctl.errors import ConfigError, Problem, RunError
from nnctl.runs.json_file import read_json
from nnctl.runs.sweep import BASE, SweepDirectory, create_sweep
from nnctl.scale.choosing import Chooser, Plan
from nnctl.scale.crew import available
from nnctl.scale.records import header
from nnctl.scale.results import FINAL, INVALID, TrialResult, described, result_from_dict
from nnctl.scale.space import SUGGESTIONS, Parameters, random_parameters
from nnctl.scale.study import Study, needs_optuna, require_optuna
from nnctl.scale.sweep import Sweep
from nnctl.training.assembly import assemble
from nnctl.training.build import build_stopping
from nnctl.training.stacking import Alike, shape_of

MOST_TOLD = 3  # of trials that cannot be
OTHER_LOSSES = ("loss", "training.class_weight", "data.sample_weight", "data.target")


@dataclass(frozen=True)
class Look:
    """What is known of a sweep before it is trained."""

    metric: str
    count: int  # of trials
    epochs: int  # of the first trial
    trials: Mapping[int, Parameters]  # as they are planned
    alike: Mapping[int, Alike]  # those that may train stacked
    data: Mapping[str, Any]
    notices: tuple[str, ...]


def start_sweep(file: SweepFile, runs_dir: Path, name: str | None = None) -> Sweep:
    """Look at every trial's config and at the data, and create the directory.

    Raises ConfigError where no trial's config can be, DataError or StorageError, before anything
    stands on the disk.
    """
    require_optuna(file.sweep)
    look, at_once = look_at(file), available(file.sweep.workers)
    directory = create_sweep(
        runs_dir,
        name or f"{file.sweep.name}-sweep",
        header(file.sweep, look.metric, look.count, look.data, "running")
        | {"best": None, "importance": {}, "results": []},
        replace(file, sweep=file.sweep.model_copy(update={"base": BASE, "set": {}})).sweep_text(),
        file.base_text(),
    )
    return sweep_of(file, directory, look, at_once)


def resume_sweep(directory: SweepDirectory, workers: int | str | None = None) -> Sweep:
    """Return the sweep with the trials that have ended, ready to train the others.

    `workers`, if any, are others than those that it was begun with.

    Raises RunError where its files are damaged or changed, or its data is not what it was.
    """
    record = read_json(directory.record)
    file = load_sweep(directory.sweep, (), {"workers": workers})
    require_optuna(file.sweep)
    look = look_at(file)
    try:
        found = [result_from_dict(entry) for entry in record["results"]]
        trained_on = dict(record["data"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = "is damaged: it does not say what became of its trials; sweep again"
        raise RunError(Problem(message, str(directory.record))) from error
    refuse_other_data(directory, trained_on, look.data)
    refuse_other_parameters(directory, file, look, found)
    sweep = sweep_of(file, directory, replace(look, notices=()), at_once=1)
    for result in found:
        if result.status in FINAL and result.number <= look.count:
            sweep.ended[result.number] = result
    if sweep.left:
        sweep.at_once = available(file.sweep.workers)
    return sweep


def sweep_of(file: SweepFile, directory: SweepDirectory, look: Look, at_once: int) -> Sweep:
    """Return a sweep in which nothing has ended."""

    def open_chooser(workers: int) -> Chooser:
        if needs_optuna(file.sweep):
            return Study(directory.study, file.sweep, look.metric, look.epochs, workers)
        return Plan(look.trials)

    return Sweep(
        file,
        directory,
        look.metric,
        look.count,
        open_chooser,
        at_once,
        look.alike,
        look.data,
        look.notices,
    )


def look_at(file: SweepFile) -> Look:
    """Check every trial's config, and prepare the data of the first that can be."""
    trials = all_trials(file)
    configs: dict[int, Config] = {}
    invalid: dict[int, ConfigError] = {}
    for number, parameters in trials.items():
        try:
            configs[number] = file.trial_config(parameters)
        except ConfigError as error:
            invalid[number] = error
    if not configs:
        raise next(iter(invalid.values()))
    first = next(iter(configs.values()))
    dataset = load_dataset(first)
    assembly, first = assemble(first, dataset)
    metric = chosen_metric(file, first)
    planned = of_invalid(invalid) if file.sweep.search in SUGGESTIONS else ()
    of_choice = (*of_repeats(file), *of_other_rows(first, trials))
    notices = (*planned, *of_choice, *of_bars(first), *dataset.notices, *assembly.notices)
    count, epochs = file.sweep.trials or len(trials), first.training.epochs
    alike = {
        number: shape
        for number, config in configs.items()
        if file.sweep.search in SUGGESTIONS and (shape := shape_of(config, dataset)).most > 1
    }
    return Look(metric, count, epochs, trials, alike, dataset.fingerprints, notices)


def all_trials(file: SweepFile) -> dict[int, Parameters]:
    """Return the parameters of every trial, where they follow from the trial's number."""
    sweep = file.sweep
    suggest = SUGGESTIONS.get(sweep.search, random_parameters)  # a sample of what is possible
    count = sweep.trials or prod(map(number_of_values, sweep.parameters.values()))
    return {n: suggest(sweep.parameters, sweep.seed, n) for n in range(1, count + 1)}


def chosen_metric(file: SweepFile, config: Config) -> str:
    """Return what the trials are chosen by; ConfigError where the trials do not measure it."""
    wanted = file.sweep.optimize or build_stopping(config).rule.monitor
    place = file.marks.mark(("optimize",))
    rows, _, metric = wanted.partition("_")
    message = None
    others = [key for key in file.sweep.parameters if key.startswith(OTHER_LOSSES)]
    if metric == "loss" and others:
        message = f"losses cannot be compared among trials that differ in {others[0]}; choose by a"
        message += " metric, such as validation_accuracy"
    elif rows == "validation" and not config.data.has_validation:
        message = "there are no validation rows; write `split: {validation: 0.2}` in the config's"
        message += " `data`"
    elif metric not in ("loss", *(config.metrics or ())):
        message = f"{metric} is not measured in the trials; add it to the config's `metrics`"
    if message:
        raise ConfigError(Problem(f"optimize: {message}", place.file, place.line, place.column))
    return wanted


def of_invalid(invalid: Mapping[int, ConfigError]) -> tuple[str, ...]:
    """Say which trials cannot be, the same reason once."""
    reasons: dict[str, list[int]] = {}
    for number, error in invalid.items():
        reasons.setdefault(described(error), []).append(number)
    return tuple(
        f"{of_trials(numbers)} cannot be trained: {reason}" for reason, numbers in reasons.items()
    )


def of_trials(numbers: list[int]) -> str:
    """Return `trial 3` or `trials 3, 4, 5 and 9 more`."""
    shown = ", ".join(map(str, numbers[:MOST_TOLD]))
    more = len(numbers) - MOST_TOLD
    return (
        f"trial{'s' if len(numbers) > 1 else ''} {shown}{f' and {more} more' if more > 0 else ''}"
    )


def of_repeats(file: SweepFile) -> Iterator[str]:
    """Say that there are more trials than values to try, so that some are made again."""
    sweep = file.sweep
    counts = [number_of_values(each) for each in sweep.parameters.values() if is_counted(each)]
    trials, combinations = sweep.trials or 0, prod(counts)
    if sweep.search != "grid" and len(counts) == len(sweep.parameters) and trials > combinations:
        s = "" if combinations == 1 else "s"
        yield (
            f"{trials} trials of {combinations} combination{s}: some are the same; `search: grid`"
            " takes each once"
        )


def of_other_rows(config: Config, trials: Mapping[int, Parameters]) -> Iterator[str]:
    """Say that trials with another seed are judged by other rows, of which some are easier."""
    data = config.data
    is_drawn = data.split.shuffle and (data.split.validation > 0 or data.split.test > 0)
    is_made = data.generator is not None and data.generator.seed is None
    seeds = {str(parameters.get("seed")) for parameters in trials.values()}
    if len(seeds) > 1 and data.validation_source is None and (is_drawn or is_made):
        yield (
            "`seed` draws other rows into each set, so the trials are not compared on the same"
            " rows; sweep over training.seed"
        )


def of_bars(config: Config) -> tuple[str, ...]:
    """Say that what the config expects is no test here."""
    if not config.expect:
        return ()
    return ("`expect` of the config fails no trial; it holds for best.yaml when that is trained",)


def refuse_other_parameters(
    directory: SweepDirectory, file: SweepFile, look: Look, found: Iterable[TrialResult]
) -> None:
    """Raise RunError where sweep.yaml was changed, and trials had been made from what it said."""
    is_planned = file.sweep.search in SUGGESTIONS
    for result in found:
        planned, had = look.trials.get(result.number, result.parameters), result.parameters
        others = [
            key for key in planned if key not in had or (is_planned and planned[key] != had[key])
        ]
        others += [key for key in had if key not in planned]
        if others and result.status != INVALID:
            message = f"was changed: trial {result.number} had another {others[0]}; restore it, or"
            raise RunError(Problem(f"{message} sweep again", str(directory.sweep)))


def refuse_other_data(
    directory: SweepDirectory, before: Mapping[str, Any], now: Mapping[str, Any]
) -> None:
    """Raise RunError where the trials to come would be trained on other data."""
    if before.keys() != now.keys():
        found = ["it has other files"]
    else:
        found = [f"data.{key} is {part}" for key in now for part in changes(before[key], now[key])]
    if found:
        message = f"its data is not what its trials were trained on: {'; '.join(found)}; restore it"
        raise RunError(Problem(message, str(directory.path)))
