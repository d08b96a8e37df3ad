from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nnctl.errors import ConfigError
from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.layout import LayerSpec
from nnctl.training.assembly import count_rows
from nnctl.training.memory import memory_shortage, readable_bytes, training_bytes
from tests.training.experiments import Settings, classification, started

MEBIBYTE = 2**20
SIZE = r"\d+\.\d (Ki|Mi|Gi|Ti|Pi|Ei)B"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (1023, "1023 B"),
        *(
            (1024**power, f"1.0 {unit}")
            for power, unit in enumerate(("KiB", "MiB", "GiB", "TiB", "PiB", "EiB"), 1)
        ),
        (1536, "1.5 KiB"),
        (1024**7, "1024.0 EiB"),
    ],
)
def test_sizes_are_written_for_people(count: int, text: str) -> None:
    assert readable_bytes(count) == text


def test_what_does_not_fit_is_refused_before_it_is_allocated(tmp_path: Path) -> None:
    hidden = [{"units": 1_000_000}, {"units": 1_000_000}]
    tracemalloc.start()
    try:
        with pytest.raises(ConfigError) as caught:
            started(tmp_path, classification(model={"hidden": hidden}))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert re.fullmatch(
        rf"model: training would take about {SIZE} of memory, more than half of what is usable "
        rf"\({SIZE} allowed\); write fewer units, or a smaller training\.batch_size",
        str(caught.value),
    )
    assert peak < 5 * MEBIBYTE
    assert not (tmp_path / "runs").exists()


def test_what_fits_is_let_through() -> None:
    assert memory_shortage(MEBIBYTE) is None
    shortage = memory_shortage(2**62)
    assert shortage is not None
    assert shortage.startswith("model: training would take about 4.0 EiB of memory")


WIDE: Settings = {"units": 400, "activation": "gelu", "normalization": "layer", "dropout": 0.5}
AMSGRAD = {"name": "adam", "amsgrad": True}
SPLIT = {"validation": 0.3, "test": 0.2}


@pytest.mark.parametrize(
    ("hidden", "rows", "batch_size", "classes"),
    [
        ([{"units": 400}] * 3, 64, 16, 2),  # most of it parameters
        ([WIDE] * 2, 1600, "full", 2),  # most of it buffers
        ([], 3000, 16, 60),  # most of it targets and outputs
    ],
)
def test_the_estimate_is_an_upper_bound_and_no_wild_one(
    tmp_path: Path, hidden: list[Settings], rows: int, batch_size: int | str, classes: int
) -> None:
    settings = classification(
        {"name": "blobs", "samples": rows, "classes": classes},
        model={"hidden": hidden},
        loss="categorical_cross_entropy",
        optimizer=AMSGRAD,
        training={"epochs": 1, "batch_size": batch_size},
    )
    settings["data"] |= {"split": SPLIT if rows > 1000 else {}}
    started(tmp_path, settings)  # what is imported and remembered once is not counted
    tracemalloc.start()
    try:
        experiment = started(tmp_path, settings)
        for _ in experiment.epochs():
            pass
        experiment.finish()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    trainer = experiment.assembly.trainer
    network = trainer.network
    estimate = training_bytes(
        network.n_inputs,
        network.layers,
        trainer.batch_rows,
        count_rows(experiment.dataset),
        network.dtype,
    )
    assert peak < estimate < 4 * peak


def test_every_part_makes_the_estimate_grow() -> None:
    relu, dtype = ACTIVATIONS["relu"](), np.dtype(np.float32)
    layers = [LayerSpec(10, relu), LayerSpec(3, relu)]
    base = training_bytes(4, layers, 32, 100, dtype)
    assert base == training_bytes(4, layers, 32, 100, np.dtype(np.float64)) / 2
    larger = [
        training_bytes(5, layers, 32, 100, dtype),
        training_bytes(4, layers, 33, 100, dtype),
        training_bytes(4, layers, 32, 101, dtype),
        training_bytes(4, [LayerSpec(11, relu), layers[1]], 32, 100, dtype),
        training_bytes(4, [LayerSpec(10, relu, dropout=0.1), layers[1]], 32, 100, dtype),
    ]
    assert min(larger) > base
