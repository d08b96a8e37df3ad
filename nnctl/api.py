"""The Python API: the commands as functions, with arrays instead of files.

    import nnctl

    run = nnctl.train("configs/iris.yaml")
    run.summary["best"]["test_accuracy"]
    run.predict([[5.1, 3.5, 1.4, 0.2]])              # array(['setosa'])
    nnctl.load_run("latest").predict_proba(X)

`nnctl` itself offers these names and imports this module when one of them is first used.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnctl.config import Config, config_from_dict, load_config
from nnctl.data.arrays import FloatArray
from nnctl.errors import DataError
from nnctl.runs.directory import RunDirectory, find_run
from nnctl.runs.history import read_history
from nnctl.runs.json_file import read_json
from nnctl.training.decoding import ClassDecoder
from nnctl.training.experiment import start_experiment
from nnctl.training.inference import Model, load_model
from nnctl.training.loop import EpochResult
from nnctl.training.predicting import require_probabilities

__all__ = ["Run", "load_config", "load_run", "train"]


@dataclass(frozen=True)
class Run:
    """A run directory and, once asked for, its best network."""

    directory: RunDirectory

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

    def predict(self, inputs: ArrayLike) -> NDArray[Any]:
        """Predict rows of features in their own units and in the order of the config's features.

        `inputs` is (n_samples, n_features). Returns class names (n_samples,), or numbers in the
        target's unit: (n_samples,), for several targets (n_samples, n_targets). Rows go through
        whole products: a value may differ from that of `nnctl predict` by a relative 1e-6.
        """
        outputs, decoder = self._outputs(inputs), self.model.decoder
        if isinstance(decoder, ClassDecoder):
            return np.array(decoder.classes)[decoder.predicted(outputs)]
        values = self.model.preprocessing.inverse_targets(outputs)
        return values[:, 0] if values.shape[1] == 1 else values

    def predict_proba(self, inputs: ArrayLike) -> FloatArray:
        """Return each class's probability (n_samples, n_classes), in the order of `classes`.

        Raises UsageError where the network's outputs are no probabilities.
        """
        require_probabilities(self.model)
        decoder = self.model.decoder
        assert isinstance(decoder, ClassDecoder)
        return decoder.scores(self._outputs(inputs))

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; empty for a regression."""
        return self.model.preprocessing.classes

    def _outputs(self, inputs: ArrayLike) -> FloatArray:
        try:
            values = np.asarray(inputs, np.float64)
        except ValueError as error:
            raise DataError(f"inputs must be rows of numbers, equally long ({error})") from None
        features = self.model.preprocessing.features
        if values.ndim != 2 or values.shape[1] != len(features):
            raise DataError(
                f"inputs must be of shape (n_samples, {len(features)}), a column each for "
                f"{', '.join(features)} (received shape {values.shape})"
            )
        model = self.model
        return model.outputs(model.preprocessing.scale_features(values, model.network.dtype))


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
    if isinstance(config, dict):
        settings = config_from_dict(config, Path.cwd())
    elif isinstance(config, Config):
        settings = config
    else:
        settings = load_config(config, overrides)
    experiment = start_experiment(settings, Path(runs_dir), name)
    with contextlib.closing(experiment.epochs()) as epochs:
        for result in epochs:
            if on_epoch is not None:
                on_epoch(result)
    experiment.finish()
    return Run(experiment.run)


def load_run(reference: str | None = None, runs_dir: str | Path = "runs") -> Run:
    """Open a run by its path, its name under `runs_dir`, or `latest` (also where left out)."""
    return Run(find_run(reference, Path(runs_dir)))
