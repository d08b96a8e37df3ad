from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config import load_config
from nnctl.errors import DivergenceError
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.training.divergence import find_origin
from nnctl.training.experiment import Experiment, start_experiment
from nnctl.training.resuming import resume_experiment
from nnctl.training.setback import MOST_HALVINGS
from tests.cli.commands import ROOT
from tests.training.experiments import (
    Settings,
    column,
    parameters,
    regression,
    started,
    trained,
    values,
    write_csv,
)
from tests.training.pauses import after_batches, contents, ended

ROWS = "x y \n 0 1 \n 1 1 \n 1 0 \n 1 1 \n 0 0 \n 1 0"
SGD: Settings = {"name": "sgd", "learning_rate": 1e-3}
REMEDY = "lower optimizer.learning_rate, scale the data, or set training.gradient_clipping"


def chain(directory: Path, *weights: float, rows: str = ROWS, **sections: Any) -> Settings:
    """Return a chain of single units with these weights, without biases, in batches of two rows."""
    layers: list[Settings] = [
        {"activation": "identity", "bias": False, "initializer": values([[weight]])}
        for weight in weights
    ]
    keys = sections.pop("layer", {})
    hidden = [{"units": 1, **each, **keys} for each in layers[:-1]]
    defaults: Settings = {"optimizer": SGD, "training": {"epochs": 2, "batch_size": 2}}
    settings = {**defaults, **sections}
    settings["training"] = {**settings["training"], "shuffle": False}
    model = {"hidden": hidden, "output": layers[-1]}
    return regression(write_csv(directory, rows), model=model, **settings)


def diverged(directory: Path, settings: Settings) -> tuple[Experiment, str]:
    experiment = started(directory, settings)
    with pytest.raises(DivergenceError) as caught:
        list(experiment.epochs())
    return experiment, str(caught.value)


CASES: dict[str, tuple[tuple[float, ...], Settings, str, int]] = {
    # name -> the weights of the layers, other sections, what is named, and its batch
    "first layer": ((1e200, 1.0), {"rows": ROWS.replace("1 1", "1e200 1", 1)},
        "the net inputs of hidden layer 1", 1),
    "second layer": ((1e200, 1e200, 1.0), {}, "the net inputs of hidden layer 2", 1),
    "output layer": ((1e200, 1e100, 1e100), {}, "the net inputs of the output layer", 1),
    "loss": ((1e100, 1e100), {}, "the loss", 1),
    "gradients": ((1e-110, 1e210), {}, "the gradients of the weights of hidden layer 1", 1),
    "parameters": ((1e100, 1.0), {"optimizer": {"name": "sgd", "learning_rate": 1e150}},
        "the weights of the output layer", 1),
    "activations": ((1.75e308, 1.0), {"layer": {"activation": "selu"}},
        "the activations of hidden layer 1", 1),
    "dropout": ((1.75e308, 1.0), {"layer": {"dropout": 0.5}, "seed": 1},
        "the activations after dropout of hidden layer 1", 2),
    "running statistics": ((1e200, 1.0), {"layer": {"normalization": "batch"}},
        "the running variance of hidden layer 1", 1),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_origin_is_named_with_its_epoch_and_batch(tmp_path: Path, case: str) -> None:
    weights, sections, what, batch = CASES[case]
    _, message = diverged(tmp_path, chain(tmp_path, *weights, **sections))
    assert message == (
        f"training diverged in epoch 1, batch {batch}: {what} became infinite or NaN, at learning "
        f"rate {sections.get('optimizer', SGD)['learning_rate']:g}; {REMEDY}"
    )


def test_what_blew_up_earlier_than_the_loss_is_named(tmp_path: Path) -> None:
    rows = "x y \n 1 1 \n 1 1 \n 1 2 \n 1 2 \n 1 1 \n 1 1"  # nothing to learn in batch 1
    optimizer = {"name": "sgd", "learning_rate": 1e308}
    experiment, message = diverged(tmp_path, chain(tmp_path, 1, rows=rows, optimizer=optimizer))
    what = "batch 2: the weights of the output layer became infinite or NaN"
    assert message.startswith(f"training diverged in epoch 1, {what}, at learning rate 1e+308; ")
    assert experiment.history == []


WARM: Settings = {"name": "constant", "warmup_epochs": 9}
GROWING: Settings = {
    "rows": " \n ".join(
        ["x y", *40 * ROWS.split(" \n ")[1:]]
    ),  # an epoch is long enough to blow up
    "optimizer": {"name": "sgd", "learning_rate": 8, "schedule": WARM},
}
SLOWER: Settings = {
    "training": {"epochs": 12, "batch_size": 2, "on_divergence": "halve_learning_rate"}
}


def test_nothing_of_the_search_is_kept(tmp_path: Path) -> None:
    layer: Settings = {"layer": {"normalization": "batch"}}
    layer["optimizer"] = {"name": "sgd", "learning_rate": 0.3, "momentum": 0.5}
    long: Settings = {"training": {"epochs": 999, "batch_size": 2}}
    experiment, message = diverged(tmp_path, chain(tmp_path, 2, 2, **layer, **long))
    epochs = len(experiment.history)
    assert epochs > 1
    assert message.startswith(f"training diverged in epoch {epochs + 1}, batch ")
    last = read_checkpoint(experiment.run.last)
    long["training"]["epochs"] = epochs
    whole = trained(tmp_path, chain(tmp_path, 2, 2, **layer, **long))
    expected = read_checkpoint(whole.run.last)
    assert {*last.arrays} == {*expected.arrays}
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(last.arrays[name], array, err_msg=name)
    for key in ("epoch", "optimizer_steps", "learning_rate", "stopping", "progress"):
        assert last.metadata[key] == expected.metadata[key]


def test_a_search_takes_the_steps_that_training_took(tmp_path: Path) -> None:
    settings = chain(tmp_path, 1, 1, layer={"normalization": "batch", "dropout": 0.2})
    searched, expected = (started(tmp_path, settings).assembly.trainer for _ in range(2))
    assert find_origin(searched, 1e-3) is None
    assert searched.snapshot.epoch == 0
    next(expected.epochs(1))
    np.testing.assert_array_equal(searched.network.parameters, expected.network.parameters)
    np.testing.assert_array_equal(searched.network.state, expected.network.state)


def halvings(epoch: int, learning_rate: float) -> int:
    """Return how often the rate that an epoch would have had was halved until then."""
    return int(np.log2(8 * min(epoch / 10, 1) / learning_rate) + 0.5)


def test_a_setback_leads_to_the_best_weights_and_an_optimizer_without_a_past(
    tmp_path: Path,
) -> None:
    rates: Settings = {"name": "sgd", "learning_rate": 0.05, "momentum": 0.9}
    settings = chain(tmp_path, 2, optimizer=rates, layer={"normalization": "batch"}, **SLOWER)
    trainer = started(tmp_path, settings).assembly.trainer
    for _ in trainer.epochs(8):
        pass
    best, state = trainer.best_parameters.copy(), trainer.best_state.copy()
    epoch, trainer.learning_rate.learning_rate = trainer.stopping.best_epoch, 1e300
    assert trainer.stopping.waited > 0
    with pytest.raises(DivergenceError):
        next(trainer.epochs(9))
    kept = trainer.snapshot
    np.testing.assert_array_equal(kept.arrays["parameters"], best)
    np.testing.assert_array_equal(kept.arrays["state"], state)
    assert not kept.arrays["optimizer_velocity"].any()
    assert (kept.epoch, kept.optimizer_steps, kept.progress) == (8, 0, None)
    assert kept.stopping["waited"] == 0
    assert kept.learning_rate["halvings"] == MOST_HALVINGS
    expected = f"begun anew at {1e300 / 1024:g} with the weights of epoch {epoch}"
    assert trainer.setbacks[-1].endswith(expected)


def test_weights_that_are_worse_than_untrained_ones_are_not_gone_back_to(tmp_path: Path) -> None:
    """The first epoch is the best so far, and yet it made the loss larger."""
    far = {"name": "sgd", "learning_rate": 1.9}
    settings = chain(tmp_path, 0.5, optimizer=far, **SLOWER)
    experiment = started(tmp_path, settings)
    trainer, first = experiment.assembly.trainer, parameters(experiment)["weights"].copy()
    next(trainer.epochs(1))
    trainer.learning_rate.learning_rate = 1e300
    with pytest.raises(DivergenceError):
        next(trainer.epochs(2))
    assert trainer.stopping.best_epoch == 1
    np.testing.assert_array_equal(trainer.snapshot.arrays["parameters"], first[0])
    assert trainer.setbacks[-1].endswith(" with the first weights")


def test_trained_weights_are_not_thrown_away_because_no_epoch_is_called_the_best(
    tmp_path: Path,
) -> None:
    """As where a resumed run has another penalty, and chooses its best epoch anew."""
    settings = chain(tmp_path, 2, optimizer={"name": "sgd", "learning_rate": 0.1}, **SLOWER)
    run = ended(started(tmp_path, settings))
    overrides = ["training.epochs=13", "optimizer.learning_rate=1e300", "regularization.l2=0.01"]
    trainer = resume_experiment(run, overrides, force=True).assembly.trainer
    present = trainer.network.parameters.copy()
    with pytest.raises(DivergenceError):
        next(trainer.epochs(13))
    assert trainer.stopping.best_epoch is None
    np.testing.assert_array_equal(trainer.snapshot.arrays["parameters"], present)
    assert trainer.setbacks[-1].endswith(" with the best weights so far")


def test_a_loss_that_explodes_is_a_divergence_before_it_overflows(tmp_path: Path) -> None:
    optimizer = {"name": "sgd", "learning_rate": 2.5}
    training = {"epochs": 9, "batch_size": "full"}
    stopping = trained(tmp_path, chain(tmp_path, 1, optimizer=optimizer, training=training))
    assert max(column(stopping, "train_loss")) > 1e4
    training["on_divergence"] = "halve_learning_rate"
    halving = trained(tmp_path, chain(tmp_path, 1, optimizer=optimizer, training=training))
    assert max(column(halving, "train_loss")) < 10
    assert halving.assembly.trainer.learning_rate.halvings == 1


TOO_HIGH: dict[str, tuple[str, list[float]]] = {
    "linear_regression": ("optimizer.learning_rate=0.05", [30, 100, 1000]),
    "wine": ("optimizer={name: sgd, learning_rate: 0.05}", [100, 1000, 10000]),
    "sine": ("optimizer={name: sgd, learning_rate: 0.1, momentum: 0.9}", [10, 30, 100]),
}


@pytest.mark.parametrize(
    ("name", "factor"), [(name, factor) for name, (_, fs) in TOO_HIGH.items() for factor in fs]
)
def test_a_rate_that_is_far_too_high_still_leads_to_what_a_good_one_leads_to(
    tmp_path: Path, name: str, factor: float
) -> None:
    good = ["training.on_divergence=halve_learning_rate", TOO_HIGH[name][0]]
    config = load_config(ROOT / f"configs/{name}.yaml", good)
    rate = f"optimizer.learning_rate={config.optimizer.learning_rate * factor}"
    reached = []
    for settings in (config, load_config(ROOT / f"configs/{name}.yaml", [*good, rate])):
        experiment = start_experiment(settings, tmp_path / "runs")
        for _ in experiment.epochs():
            pass
        reached.append(experiment.assembly.trainer.stopping.best_value)
    assert reached[0] is not None
    assert reached[1] is not None
    assert reached[1] < 1.1 * reached[0] + 0.001


def test_every_setback_is_said_with_the_next_epoch(tmp_path: Path) -> None:
    experiment = started(tmp_path, chain(tmp_path, 2, **GROWING, **SLOWER))
    before, said = 0, 0
    for result in experiment.epochs():
        rate = result.values["learning_rate"]
        now = halvings(result.epoch, rate)
        rates = [rate * 2**number for number in range(now - before, 0, -1)]
        assert [notice.partition(" with ")[0] for notice in result.notices] == [
            f"epoch {result.epoch} diverged at learning rate {rate:g}: begun anew at {rate / 2:g}"
            for rate in rates
        ]
        before, said = now, said + len(rates)
    assert said == experiment.assembly.trainer.learning_rate.halvings > 1


def test_what_is_to_be_said_of_setbacks_outlives_a_pause(tmp_path: Path) -> None:
    settings = chain(tmp_path, 2, **GROWING, **SLOWER)
    whole = started(tmp_path, settings)
    expected = [notice for result in whole.epochs() for notice in result.notices]
    experiment, said = started(tmp_path, settings), list[str]()
    run = experiment.run
    while not experiment.is_trained:
        after_batches(experiment.assembly.trainer, 7, experiment.assembly.trainer.pause)
        said += [notice for result in experiment.epochs() for notice in result.notices]
        experiment = resume_experiment(run)
    assert said == expected != []
    assert contents(run) == contents(whole.run)


def test_after_ten_halvings_it_is_over(tmp_path: Path) -> None:
    experiment, message = diverged(tmp_path, chain(tmp_path, 1e200, 1e200, **SLOWER))
    rate = 1e-3 / 2**MOST_HALVINGS
    assert MOST_HALVINGS == 10
    assert message == (
        "training diverged in epoch 1, batch 1: the net inputs of the output layer became "
        f"infinite or NaN, at learning rate {rate:g} after 10 halvings, from 0.001; {REMEDY}"
    )
    assert parameters(experiment)["weights"][0, 0] == 1e200


def skipping(directory: Path, rows: str, **sections: Any) -> Experiment:
    training = {"epochs": 3, "batch_size": 2, "on_divergence": "skip_batch"}
    return started(directory, chain(directory, 1, 2, rows=rows, training=training, **sections))


@pytest.mark.parametrize("bad", ["1e200 1 \n 0 1", "0 1e200 \n 2 2", "1 NA \n 3e307 3e307"])
@pytest.mark.parametrize("layer", [{}, {"normalization": "batch"}])
def test_a_skipped_batch_leaves_no_trace(tmp_path: Path, bad: str, layer: Settings) -> None:
    good = ROWS.split("\n")
    bad = bad.replace("NA", "-3e307")
    experiments = [
        skipping(tmp_path, rows, layer=layer, optimizer={**SGD, "momentum": 0.5})
        for rows in ("\n".join([*good[:3], bad, *good[3:]]), ROWS)
    ]
    notices = [[n for result in e.epochs() for n in result.notices] for e in experiments]
    assert notices == [
        [f"epoch {n}: 1 of 4 batches skipped, whose numbers were not finite" for n in (1, 2, 3)],
        [],
    ]
    assert column(experiments[0], "train_loss") == column(experiments[1], "train_loss")
    skipped, other = (e.assembly.trainer for e in experiments)
    np.testing.assert_array_equal(skipped.network.parameters, other.network.parameters)
    np.testing.assert_array_equal(skipped.network.state, other.network.state)
    assert skipped.optimizer.steps == other.optimizer.steps == 9


def test_gradients_that_are_not_finite_are_skipped_too(tmp_path: Path) -> None:
    settings = chain(
        tmp_path,
        1e-110,
        1e210,
        training={"epochs": 1, "batch_size": 3, "on_divergence": "skip_batch"},
    )
    with pytest.raises(DivergenceError, match="in epoch 1: every batch was skipped, at learning"):
        trained(tmp_path, settings)


def test_parameters_that_are_not_finite_cannot_be_skipped(tmp_path: Path) -> None:
    settings = chain(
        tmp_path,
        5.0,
        optimizer={"name": "sgd", "learning_rate": 1e308},
        training={"epochs": 1, "batch_size": "full", "on_divergence": "skip_batch"},
    )
    with pytest.raises(DivergenceError, match="in epoch 1: a parameter is not finite, at learning"):
        trained(tmp_path, settings)
