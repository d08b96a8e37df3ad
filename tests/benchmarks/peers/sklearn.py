"""scikit-learn's `MLPClassifier.fit`, in float32 and without a reason to stop early."""

from __future__ import annotations

import sys
import warnings
from importlib import import_module

from tests.benchmarks.peers import Training
from tests.benchmarks.workloads import LEARNING_RATE, Workload, rows_of


def prepare(workload: Workload, threads: int | None) -> Training:
    """Return what goes on fitting for so many epochs; BLAS has its threads from outside."""
    neural_network = import_module("sklearn.neural_network")
    warnings.simplefilter("ignore")  # each fit says that it has not converged
    rows = rows_of(workload)
    model = neural_network.MLPClassifier(
        workload.sizes[1:-1],
        solver="adam",
        alpha=0.0,
        batch_size=workload.batch_rows,
        learning_rate_init=LEARNING_RATE,
        max_iter=1,
        tol=0.0,
        n_iter_no_change=sys.maxsize,
        warm_start=True,
        random_state=0,
    )
    model.fit(rows.inputs, rows.labels)  # what fit does once is no part of an epoch

    def train(epochs: int) -> None:
        model.max_iter = epochs
        model.fit(rows.inputs, rows.labels)

    return train
