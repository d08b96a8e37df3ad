from __future__ import annotations

import numpy as np

from nnctl.training.confusion import ClassScores, class_rates, confusion_matrix, per_class_table

LABELS = np.array([0, 0, 1, 1, 1, 2])
PREDICTED = np.array([0, 1, 1, 1, 0, 1])


def test_rows_are_the_right_classes_and_columns_the_predicted_ones() -> None:
    confusion = confusion_matrix(LABELS, PREDICTED, 4)
    assert confusion.tolist() == [[1, 1, 0, 0], [1, 2, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert np.issubdtype(confusion.dtype, np.integer)


def test_weights_are_summed_in_place_of_counting() -> None:
    weights = np.array([1.0, 0.5, 2.0, 0.0, 1.5, 3.0], np.float32)
    confusion = confusion_matrix(LABELS, PREDICTED, 3, weights)
    assert confusion.tolist() == [[1.0, 0.5, 0.0], [1.5, 2.0, 0.0], [0.0, 3.0, 0.0]]


def test_small_integer_labels_do_not_overflow() -> None:
    labels = np.array([99, 98], np.int8)
    confusion = confusion_matrix(labels, labels, 100)
    assert confusion[99, 99] == confusion[98, 98] == 1
    assert confusion.sum() == 2


def test_each_class_gets_its_row() -> None:
    table = per_class_table(confusion_matrix(LABELS, PREDICTED, 3), ["a", "b", "c"])
    assert table == [
        ClassScores("a", 1 / 2, 1 / 2, 1 / 2, 2),
        ClassScores("b", 2 / 4, 2 / 3, 4 / 7, 3),
        ClassScores("c", 0.0, 0.0, 0.0, 1),
    ]


def test_a_class_that_never_occurs_has_rates_of_zero() -> None:
    rates = class_rates(np.array([[3, 0], [0, 0]]))
    assert [rate.tolist() for rate in rates] == [[1.0, 0.0]] * 3
