"""Optuna chooses the trials, or ends early those that do badly; its study is a file in the sweep.

The file is a journal, which `optuna-dashboard` opens. Only the sweep's own process writes to it,
and whoever holds the sweep may mend what a killed one left there.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnctl.config.sweep_checks import kind_of, number_of_values
from nnctl.config.sweep_schema import ParameterConfig, SweepConfig
from nnctl.data.streams import stream
from nnctl.errors import Problem, RunError, UsageError
from nnctl.scale.results import FAILED, PRUNED, TrialResult
from nnctl.scale.space import SUGGESTIONS, Parameters, grid_value
from nnctl.scale.study_states import check_states
from nnctl.training.metrics import direction

if TYPE_CHECKING:
    import optuna
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial

LARGEST_SEED = 2**31
FIRST_AT_RANDOM = 10  # trials of tpe before it looks at the others
SCALARS = (str, int, float, bool, type(None))  # what Optuna takes as a choice
NEEDED = {"cma_es": "cmaes"}  # search -> what it takes beside Optuna


def needs_optuna(sweep: SweepConfig) -> bool:
    """Whether a sweep is made by Optuna."""
    return sweep.search not in SUGGESTIONS or sweep.pruner is not None


def require_optuna(sweep: SweepConfig) -> None:
    """Raise UsageError where a sweep needs Optuna and it is not installed, or not all of it."""
    if needs_optuna(sweep) and importlib.util.find_spec("optuna") is None:
        what = f"search: {sweep.search}" if sweep.pruner is None else f"pruner: {sweep.pruner}"
        raise UsageError(f"`{what}` needs Optuna; install it with `pip install 'nnctl[sweep]'`")
    package = NEEDED.get(sweep.search)
    if package is not None and importlib.util.find_spec(package) is None:
        what = f"`search: {sweep.search}` needs the package {package} beside Optuna"
        raise UsageError(f"{what}; install both with `pip install 'nnctl[sweep]'`")


def tpe(seed: int, workers: int) -> BaseSampler:
    """Return the tree-structured Parzen estimator: Bergstra et al. (2011).

    Each parameter is drawn by itself. With several workers it takes trials that are still being
    trained for bad ones, so that no two are alike.
    """
    from optuna.samplers import TPESampler

    return TPESampler(
        n_startup_trials=FIRST_AT_RANDOM,
        multivariate=False,
        seed=seed,
        constant_liar=workers > 1,
    )


def cma_es(seed: int, _workers: int) -> BaseSampler:
    """Return the evolution strategy with covariance matrix adaptation: Hansen, arXiv:1604.00772.

    All parameters are drawn together from one normal distribution, which moves towards the better
    half of each generation and takes its shape. The first trial is drawn at random.
    """
    from optuna.samplers import CmaEsSampler

    return CmaEsSampler(seed=seed, warn_independent_sampling=False)


def median(_epochs: int) -> BasePruner:
    """End a trial whose best value is worse than the median of the others at the same epoch."""
    from optuna.pruners import MedianPruner

    return MedianPruner()


def asha(_epochs: int) -> BasePruner:
    """Keep the best quarter at epochs 1, 4, 16 ...: Li et al. (2018), asynchronous halving."""
    from optuna.pruners import SuccessiveHalvingPruner

    return SuccessiveHalvingPruner(min_resource=1, reduction_factor=4)


def hyperband(epochs: int) -> BasePruner:
    """Halve in several brackets, of which some begin late: Li et al. (2018), "Hyperband"."""
    from optuna.pruners import HyperbandPruner

    return HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)


# Names of a sweep's file -> what makes them of a seed and the workers, and of the epochs.
SAMPLERS: dict[str, Callable[[int, int], BaseSampler]] = {"tpe": tpe, "cma_es": cma_es}
PRUNERS: dict[str, Callable[[int], BasePruner]] = {
    "median": median,
    "asha": asha,
    "hyperband": hyperband,
}


class Study:
    """The trials of one sweep, as Optuna knows them; it counts them from 0."""

    def __init__(
        self, path: Path, sweep: SweepConfig, metric: str, epochs: int, workers: int
    ) -> None:
        self.path, self.sweep, self.metric, self.workers = path, sweep, metric, workers
        self.prunes = sweep.pruner is not None
        pruner = None if sweep.pruner is None else PRUNERS[sweep.pruner](epochs)
        self.study = opened(path, sweep.name, direction(metric.partition("_")[2]), pruner)
        if sweep.search in NEEDED:
            check_states(path, (each.system_attrs for each in self.study.trials))
        self.trials: dict[int, Trial] = {}

    def parameters(self, number: int) -> Parameters:
        """Return the parameters of a trial; those it had, where it had begun.

        Raises RunError where the study does not know of the trials before it.
        """
        import optuna

        known, learns = self.study.trials, self.sweep.search not in SUGGESTIONS
        if number > len(known) + 1:
            message = f"does not know of the {number - 1} trials before; restore it, or sweep again"
            raise RunError(Problem(message, str(self.path)))
        if number <= len(known):
            trial = optuna.trial.Trial(self.study, known[number - 1]._trial_id)
        else:
            trial = self.study.ask() if learns else self._added(number)
        self.trials[number] = trial
        return self._drawn(trial, number) if learns else self._values(trial)

    def _values(self, trial: Trial) -> Parameters:
        """Return the parameters of a trial that has them all."""
        return {key: suggested(trial, key, each) for key, each in self.sweep.parameters.items()}

    def _drawn(self, trial: Trial, number: int) -> Parameters:
        """Return the parameters of a trial, and draw those that it does not have yet.

        Each draw has a sampler of its own, so that a sweep killed between two goes on alike.
        """
        if not trial.params.keys() >= self.sweep.parameters.keys():
            self.study.sampler = self._sampler(number, "")
            _ = trial.relative_params  # what is drawn together is, when it is first asked for
        values: Parameters = {}
        for key, parameter in self.sweep.parameters.items():
            self.study.sampler = self._sampler(number, key)
            values[key] = suggested(trial, key, parameter)
        return values

    def _sampler(self, number: int, key: str) -> BaseSampler:
        seed = int(stream(self.sweep.seed, f"sampler {key}", number).integers(LARGEST_SEED))
        return SAMPLERS[self.sweep.search](seed, self.workers)

    def _added(self, number: int) -> Trial:
        """Add a trial whose parameters follow from its number."""
        import optuna

        space = self.sweep.parameters
        planned = SUGGESTIONS[self.sweep.search](space, self.sweep.seed, number)
        self.study.add_trial(
            optuna.trial.create_trial(
                state=optuna.trial.TrialState.RUNNING,
                params={key: as_choice(space[key], value) for key, value in planned.items()},
                distributions={key: distribution(each) for key, each in space.items()},
            )
        )
        return optuna.trial.Trial(self.study, self.study.trials[number - 1]._trial_id)

    def is_pruned(self, number: int, epoch: int, value: float) -> bool:
        """Tell Optuna what a trial reached after an epoch, and ask whether it is to end.

        A trial that goes on after a kill reports epochs again: what was said of them holds.
        """
        trial = self.trials[number]
        reported = max(self._frozen(number).intermediate_values, default=0)
        if epoch > reported:
            trial.report(value, epoch)
        return epoch >= reported and bool(trial.should_prune())

    def _frozen(self, number: int) -> FrozenTrial:
        return self.study.get_trials(deepcopy=False)[number - 1]

    def tell(self, result: TrialResult) -> None:
        """Tell Optuna how a trial ended; one that failed is tried again when the sweep goes on."""
        from optuna.trial import TrialState

        if result.status == FAILED or result.number > len(self.study.get_trials(deepcopy=False)):
            return
        value, number = result.value(self.metric), result.number - 1
        if value is not None:
            self.study.tell(number, value, skip_if_finished=True)
        else:
            state = TrialState.PRUNED if result.status == PRUNED else TrialState.FAIL
            self.study.tell(number, state=state, skip_if_finished=True)


def opened(path: Path, name: str, mode: str, pruner: BasePruner | None) -> optuna.Study:
    """Open the study, or create it; what a killed process left half-written is cut off."""
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path.with_name(path.name + ".lock").unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError), path.open("rb+") as file:
        file.truncate(file.read().rfind(b"\n") + 1)
    return optuna.create_study(
        storage=optuna.storages.JournalStorage(JournalFileBackend(str(path))),
        study_name=name,
        direction="minimize" if mode == "min" else "maximize",
        pruner=pruner or optuna.pruners.NopPruner(),
        load_if_exists=True,
    )


def suggested(trial: Trial, key: str, parameter: ParameterConfig) -> Any:
    """Let Optuna choose a value of a parameter."""
    value = trial._suggest(key, distribution(parameter))
    if parameter.choice is None or all(isinstance(each, SCALARS) for each in parameter.choice):
        return value
    return next(each for each in parameter.choice if as_choice(parameter, each) == value)


def distribution(parameter: ParameterConfig) -> Any:
    """Return a parameter as Optuna describes it."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if parameter.choice is not None:
        return CategoricalDistribution([as_choice(parameter, each) for each in parameter.choice])
    kind = kind_of(parameter)
    low, high = getattr(parameter, kind)
    if kind == "int" or parameter.step is not None:
        high = grid_value(parameter, number_of_values(parameter) - 1)
    if kind == "int":
        return IntDistribution(low, high, step=int(parameter.step or 1))
    return FloatDistribution(low, high, log=kind == "log_uniform", step=parameter.step)


def as_choice(parameter: ParameterConfig, value: Any) -> Any:
    """Return a value as Optuna takes it: lists and mappings as their JSON."""
    if parameter.choice is None or all(isinstance(each, SCALARS) for each in parameter.choice):
        return value
    return json.dumps(value, sort_keys=True)
