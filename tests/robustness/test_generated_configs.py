"""Every config that the schema allows trains, or is refused in words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from nnctl.config import config_from_dict, json_schema
from nnctl.errors import NnctlError
from nnctl.training.experiment import Experiment, start_experiment
from nnctl.training.inference import load_model
from nnctl.training.resuming import resume_experiment
from tests.robustness.schema_values import SchemaValues
from tests.robustness.searching import fresh_directory, search

SOURCE = "rows.csv"
COLUMNS = ("x", "z", "place", "flag", "weight", "group", "label", "kind", "height")
METRICS = ("loss", "accuracy", "roc_auc", "f1", "r2", "mean_absolute_error")
MONITORED = [f"{name}_{metric}" for name in ("train", "validation") for metric in METRICS]
LEAST_TRAINED = 0.35  # the share of configs that must get as far as that

VALUES = SchemaValues(
    json_schema(),
    {
        ("samples", "integer"): st.integers(1, 40),
        ("units", "integer"): st.integers(1, 4),
        ("classes", "integer"): st.integers(2, 4),
        ("features", "integer"): st.integers(1, 4),
        ("features", "array"): st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3),
        ("epochs", "integer"): st.just(1),
        ("source", "string"): st.just(SOURCE),
        ("validation_source", "string"): st.sampled_from([SOURCE, "absent.csv"]),
        ("test_source", "string"): st.sampled_from([SOURCE, "absent.csv"]),
        ("target", "string"): st.sampled_from(["label", "kind", "height", "no such column"]),
        ("target", "array"): st.sampled_from([["height"], ["height", "x"], ["label", "kind"]]),
        ("sample_weight", "string"): st.sampled_from(["weight", "x", "place"]),
        ("group", "string"): st.sampled_from(["group", "place", "label"]),
        ("delimiter", "string"): st.sampled_from([",", ";", "\t", "\x00", "x"]),
        ("encoding", "string"): st.sampled_from(["utf-8", "latin-1", "utf-16", "klingon"]),
        ("monitor", "string"): st.sampled_from([*MONITORED, "no such metric"]),
        ("columns", "object"): st.sampled_from(COLUMNS),
        ("class_weight", "object"): st.sampled_from(["no", "yes", "0", "1", "a"]),
        ("expect", "object"): st.sampled_from(MONITORED),
    },
)


def write_rows(directory: Path) -> None:
    """Write a table with columns of every kind, for targets of every kind."""
    places, answers = ("north", "south", "east"), ("no", "yes")
    rows = [
        [
            *(n % 7 - 3, n * n % 11 / 2, places[n % 3], answers[n % 2], n % 3, f"g{n % 6}"),
            *(answers[n % 5 < 2], "abc"[n % 3], n * n / 10),
        ]
        for n in range(30)
    ]
    lines = [",".join(map(str, row)) for row in [COLUMNS, *rows]]
    (directory / SOURCE).write_text("\n".join([*lines, ""]))


@st.composite
def data_sections(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a data section that has rows: those of a file, or of a generator."""
    node = VALUES.property("data")
    base = draw(st.sampled_from([["generator"], ["source", "target"]]))
    others = [key for key in node["properties"] if key not in (*base, "source", "generator")]
    extra = draw(st.lists(st.sampled_from(others), unique=True, max_size=2))
    section: dict[str, Any] = draw(VALUES.mapping(node, st.just([*base, *extra])))
    return section


@st.composite
def configs(draw: st.DrawFn, *, epochs: int) -> dict[str, Any]:
    """Draw a config with so many epochs."""
    root = VALUES.schema
    others = [key for key in root["properties"] if key not in ("data", "loss", "training")]
    extra = draw(st.lists(st.sampled_from(others), unique=True, max_size=4))
    config: dict[str, Any] = draw(VALUES.mapping(root, st.just(["loss", "training", *extra])))
    config["training"] |= {"epochs": epochs}
    return {"data": draw(data_sections()), **config}


def ending(config: dict[str, Any]) -> str:
    """Train an epoch and predict: the name of the error that is meant for people, or `trained`."""
    with fresh_directory() as directory:
        write_rows(directory)
        try:
            experiment = started(config, directory / "runs")
            for _ in experiment.epochs():
                pass
            experiment.finish()
            load_model(experiment.run.best)
        except NnctlError as error:
            note(str(error))
            return type(error).__name__
        return "trained"


def started(config: dict[str, Any], runs_dir: Path) -> Experiment:
    """Return a run at its beginning."""
    return start_experiment(config_from_dict(config, Path.cwd()), runs_dir)


def pause_after(batches: int, experiment: Experiment) -> None:
    """Let training pause after so many batches, as a signal would."""
    trainer = experiment.assembly.trainer
    propagate, counted = trainer.steps.propagate, iter(range(1, batches))

    def counting(*arguments: Any) -> Any:
        if next(counted, None) is None:
            trainer.pause()
        return propagate(*arguments)

    setattr(trainer.steps, "propagate", counting)  # noqa: B010  mypy lets nobody assign a method


def contents(experiment: Experiment) -> list[bytes]:
    """Train to the end; return the files that a run promises to the byte."""
    for _ in experiment.epochs():
        pass
    run = experiment.run
    return [path.read_bytes() for path in (run.metrics, run.best, run.last)]


def resumed_as_if_never_paused(config: dict[str, Any], batches: int) -> bool:
    """Compare a run with one that paused; False where the config cannot be trained."""
    with fresh_directory() as directory:
        write_rows(directory)
        try:
            expected = contents(started(config, directory / "whole"))
        except NnctlError:
            return False
        paused = started(config, directory / "paused")
        pause_after(batches, paused)
        contents(paused)
        assert contents(resume_experiment(paused.run)) == expected
        return True


def test_a_config_that_the_schema_allows_trains_or_is_refused_in_words() -> None:
    endings: Counter[str] = Counter()
    validator = Draft7Validator(json_schema())

    @search(150)
    @given(configs(epochs=1))
    def trains_or_is_refused(config: dict[str, Any]) -> None:
        validator.validate(config)
        endings[ending(config)] += 1

    trains_or_is_refused()
    assert endings["trained"] >= LEAST_TRAINED * endings.total(), endings


def test_whatever_is_trained_a_pause_after_any_batch_changes_no_byte() -> None:
    trained: Counter[bool] = Counter()

    @search(60)
    @given(configs(epochs=2), st.integers(1, 20))
    def pauses_and_goes_on(config: dict[str, Any], batches: int) -> None:
        trained[resumed_as_if_never_paused(config, batches)] += 1

    pauses_and_goes_on()
    assert trained[True] >= LEAST_TRAINED * trained.total(), trained
