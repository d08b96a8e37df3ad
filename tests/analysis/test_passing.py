from __future__ import annotations

from pathlib import Path

import numpy as np

from nnctl.analysis.passing import layer_values
from tests.analysis.test_pictures import generated, run_of
from tests.analysis.test_units import DEEP


def test_rows_are_passed_on_as_in_prediction(tmp_path: Path) -> None:
    _, model = run_of(tmp_path, generated("moons", samples=40), "binary_cross_entropy", **DEEP)
    inputs = np.random.default_rng(0).standard_normal((7, 2)).astype(np.float32)
    first, second, output = layer_values(model.network, inputs)
    views = model.network.views(0)
    np.testing.assert_allclose(first.z, inputs @ views["weights"] + views["biases"], rtol=1e-5)
    np.testing.assert_allclose(first.a, np.tanh(first.z), rtol=1e-5)
    np.testing.assert_allclose(second.a, 1 / (1 + np.exp(-second.z)), rtol=1e-5)
    views, state = model.network.views(1), model.network.state_layout.views(model.network.state, 1)
    plain = first.a @ views["weights"] + views["biases"]
    spread = np.sqrt(state["running_variance"] + 1e-5)
    normalized = (plain - state["running_mean"]) / spread * views["scale"] + views["shift"]
    np.testing.assert_allclose(second.z, normalized, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(output.a, model.outputs(inputs))
    names = [layer.name for layer in (first, second, output)]
    assert names == ["hidden 1", "hidden 2", "output"]
