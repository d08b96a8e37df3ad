"""The validation of stacked networks: a few at once, each as it is alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.layout import LayerSpec
from nnctl.nn.network import Network
from nnctl.training import evaluation, stacked_evaluation
from nnctl.training.stacked_evaluation import BYTES_AT_ONCE, StackedEvaluator, networks_at_once
from nnctl.training.together import stack_of
from tests.training.joint_trainings import KINDS, ROWS, begun, configs_of

N = 5


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the data is."""
    monkeypatch.chdir(tmp_path)
    Path("rows.csv").write_text(ROWS)


@pytest.mark.parametrize("together", [1, 2, 3, N])
@pytest.mark.parametrize("chunk", [4, 15, 1024])
@pytest.mark.parametrize("kind", ["classes", "batch normalization", "weighed numbers"])
def test_networks_that_take_turns_have_the_numbers_that_they_have_alone(
    kind: str, chunk: int, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "CHUNK_ROWS", chunk)
    monkeypatch.setattr(stacked_evaluation, "CHUNK_ROWS", chunk)
    monkeypatch.setattr(stacked_evaluation, "networks_at_once", lambda *_: together)
    experiments = begun(configs_of(KINDS[kind], range(N)))
    stack = stack_of(experiments)
    for index, trainer in enumerate(stack.trainers):
        trainer.network.state += 0.1 * index
        stack.network.state[index] = trainer.network.state
    first = stack.first
    assert first.validation is not None
    metrics = first.settings.metrics
    evaluator = StackedEvaluator(stack.network, first.loss, first.decoder, first.validation)
    found = evaluator.evaluate(metrics)
    for index, trainer in enumerate(stack.trainers):
        assert trainer.evaluator is not None
        alone = trainer.evaluator.evaluate(first.validation, metrics)
        assert {name: values[index] for name, values in found.items()} == alone.values
        assert np.array_equal(evaluator.outputs[index], alone.outputs)


@pytest.mark.parametrize(
    ("n", "units", "dtype", "expected"),
    [
        (64, 256, np.float32, 1),  # as large as all may be
        (64, 257, np.float32, 1),
        (64, 128, np.float32, 2),
        (64, 128, np.float64, 1),
        (9, 32, np.float32, 5),  # two groups, neither of them of one alone
        (64, 4, np.float32, 64),
    ],
)
def test_as_few_pass_a_chunk_at_once_as_fit_into_the_cache(
    n: int, units: int, dtype: type[np.floating], expected: int
) -> None:
    layers = [LayerSpec(units - 1, ACTIVATIONS["relu"]()), LayerSpec(1, ACTIVATIONS["sigmoid"]())]
    network = Network(2, layers, dtype, (n,))
    found = networks_at_once(network, 1024)
    assert found == expected
    assert found == 1 or found * 1024 * units * network.dtype.itemsize <= BYTES_AT_ONCE
