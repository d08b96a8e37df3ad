from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnctl.data.arrays import FloatArray
from nnctl.training import evaluation
from nnctl.training.evaluation import CHUNK_ROWS, Evaluator, Examples, examples_of
from tests.training.experiments import FLOAT64, classification, started, trained, write_csv


def evaluator_of(
    directory: Path, rows: int = 7, dropout: float = 0.0
) -> tuple[Evaluator, Examples]:
    hidden = [{"units": 5, "activation": "tanh", "normalization": "batch", "dropout": dropout}]
    generator = {"name": "moons", "samples": rows}
    settings = classification(generator, model={"hidden": hidden}, compute=FLOAT64)
    trainer = trained(directory, settings).assembly.trainer
    return Evaluator(trainer.network, trainer.loss, trainer.decoder, rows), trainer.train


def test_the_loss_is_that_of_the_outputs(tmp_path: Path) -> None:
    evaluator, examples = evaluator_of(tmp_path, rows=60)
    outputs, loss = evaluator.outputs_and_loss(examples)
    right = np.where(examples.encoded == 1, outputs, 1 - outputs)
    assert outputs.shape == (60, 1)
    assert loss == pytest.approx(-np.log(right).mean(), rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_chunks_change_neither_loss_nor_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weighted: bool
) -> None:
    whole, examples = evaluator_of(tmp_path, rows=53)
    if weighted:
        weights: FloatArray = np.arange(53.0) % 3
        examples = Examples(examples.inputs, examples.targets, examples.encoded, weights, weights)
    monkeypatch.setattr(evaluation, "CHUNK_ROWS", 10)
    chunked = Evaluator(whole.network, whole.objective.loss, whole.decoder, 53)
    assert (whole.chunk, chunked.chunk) == (53, 10)
    expected, loss = whole.outputs_and_loss(examples)
    outputs, loss_of_chunks = chunked.outputs_and_loss(examples)
    np.testing.assert_allclose(outputs, expected, rtol=1e-12)
    assert loss_of_chunks == pytest.approx(loss, rel=1e-12)
    if weighted:
        right = np.where(examples.encoded == 1, outputs, 1 - outputs)[:, 0]
        assert loss == pytest.approx(np.average(-np.log(right), weights=weights), rel=1e-12)


def test_buffers_are_no_larger_than_the_rows_or_a_chunk(tmp_path: Path) -> None:
    small, _ = evaluator_of(tmp_path, rows=7)
    assert small.workspace.rows == 7
    large = Evaluator(small.network, small.objective.loss, small.decoder, 10**9)
    assert large.workspace.rows == CHUNK_ROWS


def test_evaluation_drops_no_units_and_moves_no_statistics(tmp_path: Path) -> None:
    evaluator, examples = evaluator_of(tmp_path, rows=40, dropout=0.5)
    state = evaluator.network.state.copy()
    first, second = (evaluator.evaluate(examples, ("accuracy",)) for _ in range(2))
    assert first.values == second.values
    np.testing.assert_array_equal(evaluator.network.state, state)


def test_a_row_is_evaluated_without_regard_to_the_others(tmp_path: Path) -> None:
    evaluator, examples = evaluator_of(tmp_path, rows=40)
    before, _ = evaluator.outputs_and_loss(examples)
    examples.inputs[1:] = 100.0
    after, _ = evaluator.outputs_and_loss(examples)
    assert after[0] == pytest.approx(before[0], rel=1e-12)
    assert not np.allclose(after[1:], before[1:])


def test_values_are_the_loss_and_the_metrics_in_order(tmp_path: Path) -> None:
    evaluator, examples = evaluator_of(tmp_path, rows=30)
    result = evaluator.evaluate(examples, ("roc_auc", "accuracy"))
    assert [*result.values] == ["loss", "roc_auc", "accuracy"]
    assert result.confusion is not None
    assert result.confusion.sum() == 30
    assert np.trace(result.confusion) / 30 == pytest.approx(result.values["accuracy"])


def test_the_confusion_is_weighed_as_the_metrics_are(tmp_path: Path) -> None:
    evaluator, examples = evaluator_of(tmp_path, rows=30)
    weights: FloatArray = np.arange(30.0) + 0.5
    weighed = Examples(examples.inputs, examples.targets, examples.encoded, weights, weights)
    result = evaluator.evaluate(weighed, ("accuracy",))
    assert result.confusion is not None
    assert result.confusion.sum() == weights.sum()
    share = np.trace(result.confusion) / weights.sum()
    assert share == pytest.approx(result.values["accuracy"], rel=1e-12)


def test_rows_without_any_weight_have_a_loss_of_zero(tmp_path: Path) -> None:
    evaluator, examples = evaluator_of(tmp_path, rows=8)
    nothing = np.zeros(8)
    unweighed = Examples(examples.inputs, examples.targets, examples.encoded, nothing, nothing)
    assert evaluator.outputs_and_loss(unweighed)[1] == 0.0


def test_what_overflows_is_infinite_and_warns_nobody(tmp_path: Path) -> None:
    evaluator, examples = evaluator_of(tmp_path, rows=8)
    evaluator.network.parameters[...] *= 1e308
    assert not np.isfinite(evaluator.evaluate(examples, ()).values["loss"])


def test_examples_are_encoded_for_the_loss(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "x kind \n 1 a \n 2 b \n 3 a")
    codes = {"binary_cross_entropy": [0, 1, 0], "hinge": [-1, 1, -1], "perceptron": [0, 1, 0]}
    for loss, expected in codes.items():
        data = {"source": str(path), "target": "kind"}
        experiment = started(tmp_path, {"data": data, "loss": loss})
        examples = experiment.assembly.trainer.train
        assert len(examples) == 3
        assert examples.encoded[:, 0].tolist() == expected
        assert examples.encoded.dtype == examples.inputs.dtype == np.float32
        again = examples_of(experiment.dataset.train, experiment.assembly.trainer.decoder, 1)
        np.testing.assert_array_equal(again.encoded, examples.encoded)
