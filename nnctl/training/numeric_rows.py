"""Rows of an array of numbers, predicted without the way over a table of columns.

A portion of rows at a time stays in the processor's cache, from scaling to the last layer. Portions
are dealt to threads, whose products each stay on one processor: none waits for another in the
middle of a product, which on a busy machine is what takes the time.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnctl.data.arrays import FloatArray
from nnctl.data.numbers import parse_number
from nnctl.errors import DataError
from nnctl.runs.machine import usable_processors
from nnctl.training.inference import Model
from nnctl.training.threads import single_blas_thread

REAL_NUMBERS = "biuf"  # NumPy's kinds, with truth values
NUMBERS_IN_A_PORTION = 2**17  # a megabyte; more is fetched anew from the system each time
# Of a portion's products: with less to do, threads would wait for the interpreter's lock.
OPERATIONS_WORTH_A_THREAD = 2e6


def numeric_rows(model: Model, inputs: Any) -> NDArray[Any] | None:
    """Return inputs that are an array (n_rows, n_features) of numbers, or lists of them.

    None where a table has to tell what they are: columns by name, texts, another shape, and
    features that are not all numeric.
    """
    if hasattr(inputs, "keys") or hasattr(inputs, "columns") or not _takes_numbers(model):
        return None
    try:
        rows = np.asarray(inputs)
    except ValueError:  # of different lengths
        return None
    shape = (len(rows) if rows.ndim else 0, len(model.preprocessing.features))
    return rows if rows.dtype.kind in REAL_NUMBERS and rows.shape == shape else None


def _takes_numbers(model: Model) -> bool:
    """Whether a number always means itself: no feature is made of words, no number is a gap."""
    data = model.config.data
    marks = (parse_number(mark, data.decimal) for mark in data.missing_values)
    kinds = {feature.kind for feature in model.preprocessing.features}
    return kinds == {"numeric"} and all(mark is None for mark in marks)


def outputs_of_rows(model: Model, rows: NDArray[Any]) -> FloatArray | None:
    """Return the outputs (n_rows, n_outputs) for numbers (n_rows, n_features) in their own units.

    None where one of them cannot be used: a table says which. The result is the same on any number
    of processors.
    """
    outputs = np.empty((len(rows), model.network.n_outputs), model.network.dtype)
    size = max(1, min(model.rows_at_once, NUMBERS_IN_A_PORTION // rows.shape[1]))
    large = 2 * model.network.n_weights * size >= OPERATIONS_WORTH_A_THREAD
    threads = min(usable_processors(), len(rows) // size) if large and len(rows) > size else 1
    try:
        with single_blas_thread():
            Portions(model, rows, outputs, size).fill_by_threads(threads)
    except DataError:
        return None
    return outputs


class Portions:
    """Some rows at a time, each portion computed by whichever thread is free."""

    def __init__(self, model: Model, rows: NDArray[Any], outputs: FloatArray, size: int) -> None:
        self.model, self.rows, self.outputs, self.size = model, rows, outputs, size
        self.starts = iter(range(0, len(rows), size))  # to take one is a single step
        self.errors: list[BaseException] = []

    def fill_by_threads(self, threads: int) -> None:
        """Compute all portions; raise what one of the threads raised."""
        helpers: list[Thread] = []
        try:
            with suppress(RuntimeError):  # no more can be started: those that there are go on
                for _ in range(threads - 1):
                    helper = Thread(target=self._help)
                    helper.start()
                    helpers.append(helper)
            self.fill()
        finally:
            self._leave_the_rest()
            for helper in helpers:
                helper.join()
        for error in self.errors:
            raise error

    def _help(self) -> None:
        try:
            self.fill()
        except BaseException as error:
            self.errors.append(error)
            self._leave_the_rest()

    def _leave_the_rest(self) -> None:
        for _ in self.starts:
            pass

    def fill(self) -> None:
        """Compute portion after portion, as long as there are some that nobody has taken."""
        preprocessing, dtype = self.model.preprocessing, self.model.network.dtype
        for start in self.starts:
            part = slice(start, start + self.size)
            with np.errstate(over="ignore"):  # a float128 may be too large: a table says which
                codes = self.rows[part].astype(np.float64, copy=False)
            self.outputs[part] = self.model.outputs(preprocessing.encode(codes, dtype))
