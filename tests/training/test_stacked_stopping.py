"""Early stopping of several networks at once is that of each."""

from __future__ import annotations

import numpy as np
import pytest

from nnctl.training.stacked_stopping import StackedStopping
from nnctl.training.stopping import EarlyStopping, StoppingRule

N, EPOCHS = 40, 30
RULES = [(None, 0.0), (1, 0.0), (2, 0.3), (4, 0.0), (4, 1.0)]  # patience, min_delta


@pytest.mark.parametrize("monitor", ["validation_loss", "validation_accuracy"])
@pytest.mark.parametrize("cut", [0, 1, 7, 29])
def test_each_improves_and_stops_when_it_does_alone_also_from_the_middle_on(
    cut: int, monitor: str
) -> None:
    mode = "min" if monitor.endswith("loss") else "max"
    singles = [
        EarlyStopping(StoppingRule(monitor, mode, *RULES[n % len(RULES)]))  # type: ignore[arg-type]
        for n in range(N)
    ]
    values = np.round(np.random.default_rng(cut).normal(size=(EPOCHS, N)), 1)
    values[values > 1.5], values[values < -1.5] = np.nan, -np.inf
    values[:, 0] = np.nan
    for epoch in range(cut):
        for single, value in zip(singles, values[epoch], strict=True):
            single.update(epoch + 1, value)
    stacked = StackedStopping(singles)
    for epoch in range(cut, EPOCHS):
        improved = stacked.update(epoch + 1, values[epoch])
        expected = [s.update(epoch + 1, v) for s, v in zip(singles, values[epoch], strict=True)]
        assert improved.tolist() == expected
        assert stacked.should_stop.tolist() == [single.should_stop for single in singles]
        for index, single in enumerate(singles):
            assert stacked.state(index) == single.state()
