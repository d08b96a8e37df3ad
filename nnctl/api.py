"""The Python API: the commands as functions, with arrays instead of files.

    import nnctl

    run = nnctl.train("configs/iris.yaml")
    run.summary["best"]["test_accuracy"]
    run.predict([[5.1, 3.5, 1.4, 0.2]])              # array(['setosa'])
    run.predict({"petal_width": [0.2], ...})         # by name, in any order: also a data frame
    run.evaluate("new_flowers.csv")["accuracy"]      # without a file: its own test rows
    nnctl.load_run("latest").predict_proba(X)

`nnctl` itself offers these names and imports this module when one of them is first used.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.config import Config, config_from_dict, load_config
from nnctl.data.arrays import FloatArray
from nnctl.data.given_columns import Inputs, table_of_inputs
from nnctl.data.sources import open_chunks
from nnctl.data.table import Table
from nnctl.runs.directory import RunDirectory, find_run
from nnctl.runs.history import read_history
from nnctl.runs.json_file import read_json
from nnctl.training.baselines import load_baselines
from nnctl.training.cross_validation import start_cross_validation
from nnctl.training.decoding import ClassDecoder
from nnctl.training.experiment import start_experiment
from nnctl.training.inference import Model, load_model
from nnctl.training.loop import EpochResult
from nnctl.training.numeric_rows import numeric_rows, outputs_of_rows
from nnctl.training.own_portions import own_portions
from nnctl.training.own_rows import own_rows
from nnctl.training.predicting import require_probabilities, rows_at_once
from nnctl.training.reporting import evaluate_tables, wishes_of_labelled_rows
from nnctl.training.threads import single_blas_thread

__all__ = ["Run", "cross_validate", "load_config", "load_run", "train"]


@dataclass(frozen=True, repr=False)
class Run:
    """A run directory and, once asked for, its best network."""

    directory: RunDirectory

    def __repr__(self) -> str:
        """`Run('runs/iris')`."""
        return f"Run({str(self.path)!r})"

    @property
    def path(self) -> Path:
        """Where the run stands."""
        return self.directory.path

    @cached_property
    def model(self) -> Model:
        """The network at its best epoch, with its preprocessing."""
        return load_model(self.directory.best)

    @property
    def config(self) -> Config:
        """The config with every default filled in."""
        return load_config(self.directory.config)

    @property
    def summary(self) -> dict[str, Any]:
        """What summary.json says; RunError for a run that has not finished."""
        return read_json(self.directory.summary)

    @property
    def history(self) -> dict[str, list[float]]:
        """The columns of metrics.csv."""
        return read_history(self.directory.metrics)

    def predict(self, inputs: Inputs) -> NDArray[Any]:
        """Predict rows of features in their own units.

        `inputs` are columns by name, as in a dictionary or a data frame, of which those that are no
        features are left alone; or rows (n_samples, n_features) in the order of the features.
        Returns class names (n_samples,), or numbers in the target's unit: (n_samples,), for several
        targets (n_samples, n_targets). Rows go through whole products: a value may differ from that
        of `nnctl predict` by a relative 1e-6. Raises DataError for rows that cannot be used.
        """
        outputs, decoder = self._outputs(inputs), self.model.decoder
        if isinstance(decoder, ClassDecoder):
            return np.array(decoder.classes)[decoder.predicted(outputs)]
        values = self.model.preprocessing.inverse_targets(outputs)
        return values[:, 0] if values.shape[1] == 1 else values

    def predict_proba(self, inputs: Inputs) -> FloatArray:
        """Return each class's probability (n_samples, n_classes), in the order of `classes`.

        Raises UsageError where the network's outputs are no probabilities.
        """
        require_probabilities(self.model)
        decoder = self.model.decoder
        assert isinstance(decoder, ClassDecoder)
        return decoder.scores(self._outputs(inputs))

    def evaluate(self, source: str | Path | None = None) -> dict[str, Any]:
        """Measure the network as `nnctl evaluate` does; return what its --json says.

        `source` is a file of labelled rows; left out, they are the run's own: test rows, else
        validation, else training. Raises DataError for rows that cannot be used.
        """
        model, rows = self.model, rows_at_once(self.model)
        tables: Iterator[Table]
        if source is None:
            own = own_rows(self.directory)
            tables, name = own_portions(own.table, rows), own.set_name
        else:
            wishes, name = wishes_of_labelled_rows(model), str(source)
            tables = open_chunks(name, model.config.data, wishes, rows=rows)
        with single_blas_thread():
            report = evaluate_tables(model, tables, load_baselines(self.directory.baselines, model))
        return {"run": str(self.path), "checkpoint": "best", "data": name, **report.measures}

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; empty for a regression."""
        return self.model.preprocessing.classes

    def _outputs(self, inputs: Inputs) -> FloatArray:
        model, preprocessing = self.model, self.model.preprocessing
        rows = numeric_rows(model, inputs)
        outputs = None if rows is None else outputs_of_rows(model, rows)
        if outputs is not None:
            return outputs
        names, wishes = preprocessing.feature_names, preprocessing.wishes()
        table = table_of_inputs(inputs, names, model.config.data, wishes)
        return model.outputs(preprocessing.transform_features(table, model.network.dtype))


def train(
    config: Config | str | Path | dict[str, Any],
    overrides: Sequence[str] = (),
    *,
    runs_dir: str | Path = "runs",
    name: str | None = None,
    on_epoch: Callable[[EpochResult], None] | None = None,
) -> Run:
    """Train as `nnctl train` does, without plots; return the finished run.

    `config` is a file, a loaded config, or a mapping whose paths are relative to the working
    directory. `overrides` are those of `--set`, for a file. `expect:` is written into the
    summary and raises nothing.
    Raises ConfigError, DataError, DivergenceError or StorageError.
    """
    settings = _settings(config, overrides)
    experiment = start_experiment(settings, Path(runs_dir), name)
    with contextlib.closing(experiment.epochs()) as epochs:
        for result in epochs:
            if on_epoch is not None:
                on_epoch(result)
    experiment.finish()
    return Run(experiment.run)


def cross_validate(
    config: Config | str | Path | dict[str, Any],
    overrides: Sequence[str] = (),
    *,
    folds: int = 5,
    runs_dir: str | Path = "runs",
    name: str | None = None,
) -> dict[str, Any]:
    """Cross-validate as `nnctl cross-validate` does; return what its --json says.

    `["metrics"]["test_accuracy"]` has `mean` and `sample_standard_deviation`, `["run"]` is the
    directory: `load_run(f"{directory}/fold-1")` opens a fold.
    Raises what `train` does, and UsageError where there can be no such folds.
    """
    validation = start_cross_validation(_settings(config, overrides), folds, Path(runs_dir), name)
    with contextlib.closing(validation.results()) as results:
        for _ in results:
            pass
    return {"run": str(validation.directory.path), **validation.record()}


def load_run(reference: str | None = None, runs_dir: str | Path = "runs") -> Run:
    """Open a run by its path, its name under `runs_dir`, or `latest` (also where left out)."""
    return Run(find_run(reference, Path(runs_dir)))


def _settings(config: Config | str | Path | dict[str, Any], overrides: Sequence[str]) -> Config:
    if isinstance(config, dict):
        return config_from_dict(config, Path.cwd())
    return config if isinstance(config, Config) else load_config(config, overrides)
