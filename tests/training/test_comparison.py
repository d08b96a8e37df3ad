from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.nn.arrays import FloatArray
from nnctl.nn.losses import LOSSES
from nnctl.training.comparison import FEWEST_ROWS, distances, does_as_well, losses, wrong
from nnctl.training.decoding import Decoder
from nnctl.training.evaluation import Evaluation
from nnctl.training.inference import load_model
from tests.training.experiments import Settings, classification, regression, started, write_csv

MANY = 10 * FEWEST_ROWS
BINARY = LOSSES["binary_cross_entropy"]()
SQUARED = LOSSES["mean_squared_error"]()


def decoder_of(directory: Path, settings: Settings) -> Decoder:
    return load_model(started(directory, settings).run.best).decoder


@pytest.fixture
def of_classes(tmp_path: Path) -> Decoder:
    return decoder_of(tmp_path, classification())


@pytest.fixture
def of_numbers(tmp_path: Path) -> Decoder:
    return decoder_of(tmp_path, regression(write_csv(tmp_path, "x y \n 0 1 \n 1 3")))


def said(
    decoder: Decoder, outputs: Any, targets: Any, weights: FloatArray | None = None
) -> Evaluation:
    """What a model said of rows with these targets, one output a row."""
    column, right = np.array(outputs, float)[:, None], np.array(targets)
    return Evaluation({}, column, right, weights, decoder)


def right_in(decoder: Decoder, labels: Any, rights: int, sure: float = 0.9) -> Evaluation:
    """A model that is right, and always as sure, in so many of the rows."""
    right = np.where(labels == 1, sure, 1 - sure)
    right[rights:] = 1 - right[rights:]
    return said(decoder, right, labels)


def test_what_is_right_in_more_rows_than_chance_explains_is_better(of_classes: Decoder) -> None:
    labels = np.arange(MANY) % 2
    share = said(of_classes, np.full(MANY, 0.5), labels)
    network = right_in(of_classes, labels, MANY)
    for wrong_rows, as_well in ((0, True), (1, False), (MANY // 2, False)):
        simpler = right_in(of_classes, labels, MANY - wrong_rows)
        assert does_as_well(simpler, network, share, BINARY) is as_well
        assert does_as_well(network, simpler, share, BINARY)


def test_rows_that_one_and_the_other_get_right_in_turn_are_chance(of_classes: Decoder) -> None:
    labels = np.arange(MANY) % 2
    share = said(of_classes, np.full(MANY, 0.5), labels)
    first = np.where(labels == 1, 0.9, 0.1)
    second = first.copy()
    first[:10], second[10:18] = 1 - first[:10], 1 - second[10:18]
    one, other = said(of_classes, first, labels), said(of_classes, second, labels)
    assert does_as_well(one, other, share, BINARY)
    assert does_as_well(other, one, share, BINARY)


def test_of_few_rows_one_more_is_better(of_classes: Decoder) -> None:
    labels = np.array([0, 1, 1, 0])
    share = said(of_classes, np.full(4, 0.5), labels)
    one = said(of_classes, [0.1, 0.9, 0.9, 0.9], labels)
    other = said(of_classes, [0.1, 0.9, 0.1, 0.9], labels)
    third = said(of_classes, [0.9, 0.9, 0.1, 0.1], labels)
    assert not does_as_well(other, one, share, BINARY)
    assert does_as_well(one, other, share, BINARY)
    assert does_as_well(other, third, share, BINARY)
    # Two rows more and one less, which of many rows would be chance.
    fourth = said(of_classes, [0.1, 0.1, 0.1, 0.1], labels)
    assert not does_as_well(fourth, one, share, BINARY)


def test_of_rare_classes_the_probabilities_tell_more_than_the_answers(of_classes: Decoder) -> None:
    labels = (np.arange(MANY) % 20 == 0).astype(int)
    share = said(of_classes, np.full(MANY, 0.05), labels)
    knowing = said(of_classes, np.where(labels == 1, 0.4, 0.03), labels)
    assert wrong(share).tolist() == wrong(knowing).tolist() == labels.tolist()
    assert not does_as_well(share, knowing, share, BINARY)


def test_to_be_surer_of_what_both_tell_apart_is_no_gain(of_classes: Decoder) -> None:
    labels = np.arange(MANY) % 2
    share = said(of_classes, np.full(MANY, 0.5), labels)
    sure, surer = (right_in(of_classes, labels, MANY, p) for p in (0.95, 0.999))
    assert does_as_well(sure, surer, share, BINARY)
    assert not does_as_well(right_in(of_classes, labels, MANY, 0.7), surer, share, BINARY)


def test_numbers_are_compared_by_the_loss(of_numbers: Decoder) -> None:
    rng = np.random.default_rng(0)
    targets = rng.standard_normal((MANY, 1))
    mean = said(of_numbers, np.zeros(MANY), targets)
    near, far = (said(of_numbers, targets[:, 0] + error, targets) for error in (0.01, 0.02))
    assert not does_as_well(far, near, mean, SQUARED)
    assert does_as_well(near, far, mean, SQUARED)
    noisy, noisier = (
        said(of_numbers, targets[:, 0] + rng.standard_normal(MANY), targets) for _ in range(2)
    )
    assert does_as_well(noisy, noisier, mean, SQUARED)
    assert does_as_well(noisier, noisy, mean, SQUARED)


def test_rows_count_by_their_sample_weights(of_classes: Decoder) -> None:
    labels = np.arange(MANY) % 2
    weights = np.where(np.arange(MANY) < 50, 0.0, 1.0)
    share = said(of_classes, np.full(MANY, 0.5), labels, weights)
    right = np.where(labels == 1, 0.9, 0.1)
    network = said(of_classes, right, labels, weights)
    for last, as_well in ((50, True), (51, False)):
        shown = right.copy()
        shown[:last] = 1 - shown[:last]
        simpler = said(of_classes, shown, labels, weights)
        assert does_as_well(simpler, network, share, BINARY) is as_well


def test_what_is_worthwhile_is_measured_with_the_weights_too(of_classes: Decoder) -> None:
    labels = np.arange(MANY) % 2
    hard = np.arange(MANY) < MANY // 2
    weights = np.where(hard, 1e-6, 1.0)
    # The constant answer is far off in rows that hardly count, near in those that do.
    near = np.where(labels == 1, 0.9, 0.1)
    constant = said(of_classes, np.where(hard, 1 - near, near), labels, weights)
    sure, surer = (right_in(of_classes, labels, MANY, p) for p in (0.93, 0.95))
    simpler = said(of_classes, sure.outputs[:, 0], labels, weights)
    network = said(of_classes, surer.outputs[:, 0], labels, weights)
    assert not does_as_well(simpler, network, constant, BINARY)
    evenly = said(of_classes, constant.outputs[:, 0], labels)
    assert does_as_well(sure, surer, evenly, BINARY)


def test_what_cannot_be_measured_is_no_verdict(of_numbers: Decoder) -> None:
    targets = np.arange(4.0)[:, None]
    mean, broken = said(of_numbers, np.ones(4), targets), said(of_numbers, [np.nan] * 4, targets)
    assert not does_as_well(mean, broken, mean, SQUARED)
    assert not does_as_well(broken, mean, mean, SQUARED)
    weightless = said(of_numbers, np.ones(4), targets, np.zeros(4))
    assert not does_as_well(weightless, weightless, weightless, SQUARED)


def test_the_errors_of_each_row(of_classes: Decoder, of_numbers: Decoder) -> None:
    answer = said(of_classes, [0.25, 0.75, 0.75], [0, 0, 1])
    assert wrong(answer).tolist() == [0, 1, 0]
    assert distances(answer).tolist() == [0.125, 1.125, 0.125]
    estimate = said(of_numbers, [1.0, 2.0], [[1.5], [0.0]])
    assert losses(estimate, SQUARED).tolist() == [0.25, 4]
