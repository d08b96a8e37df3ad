from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnctl.errors import NnctlError
from nnctl.nn.losses import LOSSES
from nnctl.nn.optimizers import OPTIMIZERS
from tests.training.experiments import Settings, trained

LAYER = st.fixed_dictionaries(
    {"units": st.integers(1, 5)},
    optional={
        "activation": st.sampled_from(["relu", "tanh", "gelu", "softplus", "selu", "identity"]),
        "normalization": st.sampled_from(["batch", "layer"]),
        "dropout": st.sampled_from([0.0, 0.5]),
        "initializer": st.sampled_from(["zeros", "orthogonal", "lecun_uniform"]),
    },
)
SPLIT = st.fixed_dictionaries(
    {}, optional={"validation": st.just(0.3), "test": st.just(0.3), "shuffle": st.booleans()}
)
TRAINING = st.fixed_dictionaries(
    {"epochs": st.just(1), "batch_size": st.sampled_from([1, 3, 32, "full"])},
    optional={
        "shuffle": st.booleans(),
        "class_weight": st.sampled_from(["balanced", {"1": 2.0}]),
        "early_stopping": st.sampled_from([{}, {"monitor": "train_r2"}]),
        "gradient_clipping": st.sampled_from([{"norm": 1.0}, {"value": 0.1}]),
    },
)
CONFIG = st.fixed_dictionaries(
    {
        "data": st.fixed_dictionaries(
            {
                "generator": st.fixed_dictionaries(
                    {
                        "name": st.sampled_from(["moons", "blobs", "linear", "not"]),
                        "samples": st.integers(1, 12),
                    }
                ),
                "split": SPLIT,
            }
        ),
        "model": st.fixed_dictionaries({"hidden": st.lists(LAYER, max_size=2)}),
        "loss": st.sampled_from([*LOSSES]),
        "training": TRAINING,
        "optimizer": st.fixed_dictionaries(
            {
                "name": st.sampled_from([*OPTIMIZERS]),
                "learning_rate": st.sampled_from([1e-3, 1.0, 1e30]),
            }
        ),
    }
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(chosen=CONFIG)
def test_every_config_trains_or_says_why_not(tmp_path: Path, chosen: Settings) -> None:
    assert exit_code(tmp_path, chosen) in (0, 2, 3, 5)


def exit_code(directory: Path, chosen: Settings) -> int:
    """That of a training of one epoch: 0, or the one of an error meant for people."""
    try:
        return 0 if trained(directory, chosen).finish()["epochs"] == 1 else 1
    except NnctlError as error:
        return error.exit_code
