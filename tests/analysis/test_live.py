from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.analysis import live, live_moments
from nnctl.analysis.drawn_rows import table_of
from nnctl.analysis.live import LONGEST_NAME, layers_of, live_document, shortened
from nnctl.analysis.live_moments import bytes_a_moment, packed, thinned
from nnctl.analysis.live_points import MOST_POINTS, live_points
from nnctl.data.table import Table, table_from_columns
from nnctl.nn.activations import ACTIVATIONS
from nnctl.nn.arrays import FloatArray
from nnctl.nn.layout import LayerSpec
from nnctl.nn.network import Network
from nnctl.nn.normalization import NORMALIZATIONS
from nnctl.runs.directory import RunDirectory
from nnctl.runs.history import read_history
from nnctl.training.inference import Model, load_model, models_over_epochs
from tests.analysis.test_pictures import THREE_FEATURES, generated, run_of
from tests.training.experiments import Settings, trained, write_csv

NO_HISTORY: dict[str, list[float]] = {}


def document_of(run: RunDirectory, model: Model) -> dict[str, Any] | None:
    table, _ = table_of(run)
    return live_document(models_over_epochs(run.last), model, table, read_history(run.metrics))


def data_of(document: dict[str, Any] | None) -> dict[str, Any]:
    assert document is not None
    data: dict[str, Any] = document["data"]
    return data


def at_epochs(model: Model, *epochs: int) -> list[Model]:
    return [replace(model, epoch=epoch) for epoch in epochs]


def columns_of(features: FloatArray, targets: list[str] | FloatArray) -> Table:
    return table_from_columns({"x1": features[:, 0], "x2": features[:, 1], "label": targets}, "t")


@pytest.fixture(name="moons", scope="module")
def _moons(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunDirectory, Model]:
    data = generated("moons", samples=40)
    data["split"] = {"validation": 0.25}
    return run_of(tmp_path_factory.mktemp("moons"), data, "binary_cross_entropy")


@pytest.mark.parametrize(
    ("data", "loss"),
    [
        (generated("sine", samples=20), "mean_squared_error"),
        ({"generator": THREE_FEATURES}, "binary_cross_entropy"),
    ],
)
def test_other_networks_than_those_of_two_numbers_have_no_document(
    tmp_path: Path, data: Settings, loss: str
) -> None:
    run, model = run_of(tmp_path, data, loss)
    assert document_of(run, model) is None


def test_two_features_of_another_kind_have_no_document(tmp_path: Path) -> None:
    rows = "a b y\n1 red 0\n2 blue 1\n3 red 0\n4 blue 1\n"
    settings = {
        "data": {"source": str(write_csv(tmp_path, rows)), "target": "y"},
        "loss": "binary_cross_entropy",
        "training": {"epochs": 1},
    }
    run = trained(tmp_path, settings).run
    assert document_of(run, load_model(run.best)) is None


def test_the_weights_of_each_epoch_come_back_from_the_text(
    moons: tuple[RunDirectory, Model],
) -> None:
    run, model = moons
    data = data_of(document_of(run, model))
    assert data["epochs"] == [0, 1, 2]
    assert data["epochs"][data["chosen"]] == model.epoch
    numbers = np.frombuffer(b64decode(data["numbers"]), "<f4").reshape(3, -1)
    for own, kept in zip(numbers, models_over_epochs(run.last), strict=True):
        expected = np.concatenate([kept.network.parameters, kept.network.state])
        np.testing.assert_array_equal(own, expected)
    assert len(np.unique(numbers[:, 0])) == 3


def test_losses_are_those_of_the_history_and_none_before_the_first_epoch(
    moons: tuple[RunDirectory, Model],
) -> None:
    run, model = moons
    losses = data_of(document_of(run, model))["losses"]
    history = read_history(run.metrics)
    assert losses["training loss"] == [None, *history["train_loss"]]
    assert losses["validation loss"] == [None, *history["validation_loss"]]


@pytest.mark.parametrize("loss", ["nan", "inf"])
def test_a_loss_that_is_no_number_is_none(moons: tuple[RunDirectory, Model], loss: str) -> None:
    _, model = moons
    history = {"epoch": [1.0, 2.0], "train_loss": [0.5, float(loss)]}
    document = live_document(at_epochs(model, 0, 1, 2), replace(model, epoch=2), None, history)
    assert data_of(document)["losses"] == {"training loss": [None, 0.5, None]}


def test_without_rows_the_ranges_are_those_of_the_training_rows(
    moons: tuple[RunDirectory, Model],
) -> None:
    _, model = moons
    document = live_document([model], model, None, NO_HISTORY)
    features = data_of(document)["features"]
    for position, feature in enumerate(features):
        assert feature["low"] < model.preprocessing.lowest[position]
        assert feature["high"] > model.preprocessing.highest[position]
    assert data_of(document)["points"] == {"values": [], "answers": []}


def test_rows_that_the_network_cannot_take_are_told_and_not_drawn(
    moons: tuple[RunDirectory, Model],
) -> None:
    points = live_points(moons[1].preprocessing, columns_of(np.zeros((2, 2)), ["0", "other"]))
    assert points.document["values"] == []
    assert "no points are drawn" in points.notes[0]
    assert "other" in points.notes[0]


def test_many_points_are_thinned_and_rows_with_a_gap_left_out(
    moons: tuple[RunDirectory, Model],
) -> None:
    features = np.arange(4000.0).reshape(2000, 2)
    features[7, 0] = np.nan
    labels = ["0", "1"] * 1000
    points = live_points(moons[1].preprocessing, columns_of(features, labels))
    assert len(points.document["values"]) == MOST_POINTS
    assert np.isfinite(points.document["values"]).all()
    assert [row[0] % 4 / 2 for row in points.document["values"]] == [
        answer for (answer,) in points.document["answers"]
    ]
    assert points.ranges[0][0] < 0
    assert points.ranges[1][1] > 3999
    assert points.notes == (
        "rows with a missing feature, not drawn: 1",
        "drawn are 500 of 1,999 rows, evenly spaced",
    )


def test_a_range_under_a_logarithm_stays_where_there_is_one(tmp_path: Path) -> None:
    rows = "x1 x2 y\n" + "".join(f"{n} {100 * n} {n % 2}\n" for n in range(12))
    settings: Settings = {
        "data": {
            "source": str(write_csv(tmp_path, rows)),
            "target": "y",
            "columns": {"x2": {"scaling": "log"}},
        },
        "loss": "binary_cross_entropy",
        "training": {"epochs": 1},
    }
    run = trained(tmp_path, settings).run
    first, second = data_of(document_of(run, load_model(run.best)))["features"]
    assert not first["logarithm"]
    assert first["low"] < 0
    assert second["logarithm"]
    assert -1 < second["low"] < 0


def test_features_that_reach_beyond_all_numbers_are_not_drawn(
    moons: tuple[RunDirectory, Model],
) -> None:
    features = np.array([[-1.7e308, 0.0], [1.7e308, 1.0]])
    document = live_document([], moons[1], columns_of(features, ["0", "1"]), NO_HISTORY)
    assert document is not None
    assert document["data"] is None
    (why,) = document["notes"]
    assert why.endswith("the features' values reach too far to be drawn")


@pytest.mark.parametrize(
    ("room", "kept"),
    [
        (9, [0, 1, 2, 3, 4, 5, 6, 7]),
        (8, [0, 1, 2, 3, 4, 5, 6, 7]),
        (5, [0, 2, 5, 6, 7]),
        (3, [0, 6, 7]),
        (2, [0, 6]),
        (1, [6]),
        (0, []),
    ],
)
def test_epochs_are_thinned_evenly_and_keep_the_chosen_one(
    moons: tuple[RunDirectory, Model], room: int, kept: list[int]
) -> None:
    models = at_epochs(moons[1], *range(8))
    moments, notes = thinned(models, models[6], room)
    assert [model.epoch for model in moments] == kept
    assert bool(notes) == (room < 8)
    if 0 < room < 8:
        assert notes == [f"{len(kept)} of the 8 kept epochs have room in this page"]


def test_a_best_epoch_that_was_not_kept_is_among_the_others(
    moons: tuple[RunDirectory, Model],
) -> None:
    models = at_epochs(moons[1], 0, 4, 8)
    chosen = replace(moons[1], epoch=5)
    moments, notes = thinned(models, chosen, 64)
    assert [model.epoch for model in moments] == [0, 4, 5, 8]
    assert not notes
    assert thinned([], chosen, 64)[1] == ["the run kept no network of other epochs"]


def wide(model: Model, units: int) -> Model:
    kind = ACTIVATIONS["tanh"]()
    output = model.network.layers[-1]
    network = Network(2, [LayerSpec(units, kind), LayerSpec(units, kind), output])
    return replace(model, network=network)


@pytest.mark.parametrize(
    ("units", "most", "least"), [(32, 64, 64), (100, 30, 10), (400, 1, 1), (800, 0, 0)]
)
def test_no_document_is_larger_than_a_page_may_be(
    moons: tuple[RunDirectory, Model], units: int, most: int, least: int
) -> None:
    models = at_epochs(wide(moons[1], units), *range(64))
    document = live_document(models, models[-1], table_of(moons[0])[0], NO_HISTORY)
    assert document is not None
    assert len(json.dumps(document)) < live_moments.MOST_BYTES + 4000
    if most == 0:
        assert document["data"] is None
        assert "its network of 644,001 parameters is too large" in document["notes"][0]
    else:
        assert least <= len(document["data"]["epochs"]) <= most


def test_a_text_is_as_long_as_was_reckoned(moons: tuple[RunDirectory, Model]) -> None:
    for units in range(1, 6):
        model = wide(moons[1], units)
        assert len(packed([model])) == bytes_a_moment(model.network)


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_numbers_keep_the_precision_of_the_run(
    moons: tuple[RunDirectory, Model], name: str
) -> None:
    old = moons[1].network
    network = Network(2, old.layers, np.dtype(name).type)
    network.parameters[...] = 1 / 3
    data = data_of(
        live_document([], replace(moons[1], network=network), None, {"epoch": [], "loss": []})
    )
    numbers = np.frombuffer(b64decode(data["numbers"]), np.dtype(name).newbyteorder("<"))
    assert data["dtype"] == name
    np.testing.assert_array_equal(numbers, network.parameters)


def test_places_lead_to_each_layers_own_arrays() -> None:
    specs = [
        LayerSpec(3, ACTIVATIONS["elu"](), normalization=NORMALIZATIONS["batch"]()),
        LayerSpec(2, ACTIVATIONS["tanh"](), bias=False, normalization=NORMALIZATIONS["layer"]()),
        LayerSpec(1, ACTIVATIONS["identity"]()),
    ]
    network = Network(2, specs, np.float64)
    network.parameters[...] = np.arange(network.parameters.size)
    network.state[...] = np.arange(network.state.size) + 1000
    everything = np.concatenate([network.parameters, network.state])
    for index, layer in enumerate(layers_of(network)):
        expected = network.views(index) | network.state_layout.views(network.state, index)
        assert layer["places"].keys() == expected.keys()
        for name, (start, stop) in layer["places"].items():
            np.testing.assert_array_equal(everything[start:stop], expected[name].ravel())
    assert layers_of(network)[0]["normalization"] == {"name": "batch", "epsilon": 1e-5}
    assert layers_of(network)[2]["normalization"] is None


def test_names_of_strangers_are_kept_on_one_line_and_short() -> None:
    assert shortened("a\nb\x1b[31m") == "a\\nb\\x1b[31m"
    assert shortened("<script>") == "<script>"
    long = shortened("abc" * 100)
    assert len(long) <= LONGEST_NAME
    assert "…" in long


def test_the_same_run_gives_the_same_document(moons: tuple[RunDirectory, Model]) -> None:
    first, second = (json.dumps(document_of(*moons), allow_nan=False) for _ in range(2))
    assert first == second
    assert set(live.LOSSES.values()) <= read_history(moons[0].metrics).keys()
