from __future__ import annotations

from nnctl.config import config_from_dict
from nnctl.data.dataset import load_dataset
from nnctl.nn.layers import Dense
from nnctl.training.assembly import assemble
from nnctl.training.speed import Products, measure_speed

CONFIG = {
    "data": {"generator": {"name": "moons", "samples": 10}},
    "model": {"hidden": [{"units": 3}]},
    "loss": "binary_cross_entropy",
    "training": {"batch_size": 4},
}


def test_the_products_of_the_last_batch_are_as_short_as_it_is() -> None:
    config = config_from_dict(CONFIG, "/")
    assembly, _ = assemble(config, load_dataset(config))
    products = Products(assembly.trainer)
    for several, rows in ((products.usual, 4), (products.last, 2)):
        shapes = [(left.shape, right.shape) for left, right, _ in several]
        hidden = [((rows, 2), (2, 3)), ((2, rows), (rows, 3))]
        output = [((rows, 3), (3, 1)), ((3, rows), (rows, 1)), ((rows, 1), (1, 3))]
        assert shapes == [*hidden, *output]
    for *_, out in (*products.usual, *products.last):
        out[...] = 0.0
    products.compute(2)
    assert all(out.any() for *_, out in products.usual)
    assert not any(out.any() for *_, out in products.last)
    products.compute(1)
    assert all(out.any() for *_, out in products.last)
    stages = assembly.trainer.steps.workspace.stages
    assert {stage.multiply for stage in stages if isinstance(stage, Dense)} == {products.multiply}


def test_steps_are_taken_without_a_trace_in_the_data() -> None:
    config = config_from_dict(CONFIG, "/")
    dataset = load_dataset(config)
    before = dataset.train.inputs.copy()
    report = measure_speed(config, dataset, 0.01)
    assert (dataset.train.inputs == before).all()
    assert (report["batch_rows"], report["steps_an_epoch"]) == (4, 3)
