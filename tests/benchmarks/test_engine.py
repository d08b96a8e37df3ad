"""The benchmark of the engine measures what it says, and its tables say what was measured."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks import engine, growth
from tests.benchmarks.growth_picture import growth_picture
from tests.benchmarks.measuring import AUTO, Contender, Measurement, contenders, environment
from tests.benchmarks.peers import PEERS
from tests.benchmarks.peers.nnctl import assemble_training, config_of
from tests.benchmarks.peers.products import products_of_step
from tests.benchmarks.picture import picture
from tests.benchmarks.results import AIMS, best_of, compare
from tests.benchmarks.steady import CONDITIONS, Steadiness, steadiness
from tests.benchmarks.tabulating import comparisons, details, markdown, ratios, times
from tests.benchmarks.workloads import WORKLOADS, Workload, rows_of

SMALL = Workload("small", (3, 5, 4, 2), 8, 3)
MEASURED = [
    Measurement("xor", Contender("products", 1), (4.0, 5.0, 4.0)),
    Measurement("xor", Contender("products", 2), (6.0, 3.0, 8.0)),
    Measurement("xor", Contender("nnctl", AUTO), (14.0, 15.0, 18.0)),
    Measurement("xor", Contender("nnctl", 1), (12.0, 15.0, 18.0)),
    Measurement("xor", Contender("sklearn", 1), (120.0, 100.0, 180.0)),
]


def test_a_peer_stands_in_the_tables_at_its_fastest_number_of_threads() -> None:
    found = best_of(MEASURED, "xor", "products")
    assert found is not None
    assert found.contender.threads == 2


def test_nnctl_stands_there_as_the_peers_do() -> None:
    found = best_of(MEASURED, "xor", "nnctl")
    assert found is not None
    assert found.contender.threads == 1


def test_a_ratio_is_that_of_the_least_times_and_the_median_that_of_the_rounds() -> None:
    found = compare(MEASURED, "xor", "sklearn")
    assert found is not None
    assert found.least == pytest.approx(12.0 / 100.0)
    assert found.median == pytest.approx(0.1)  # of 0.1, 0.15 and 0.1
    assert found.reached is True


@pytest.mark.parametrize(("least", "reached"), [(18.0, True), (18.1, False)])
def test_an_aim_is_reached_at_its_own_value_and_not_beyond(least: float, reached: bool) -> None:
    measured = [
        Measurement("xor", Contender("products", 1), (3.0,)),
        Measurement("xor", Contender("nnctl", AUTO), (least,)),
    ]
    found = compare(measured, "xor", "products")
    assert found is not None
    assert found.aim == 6.0
    assert found.reached is reached


def test_what_was_not_measured_is_compared_with_nothing() -> None:
    assert compare(MEASURED, "xor", "torch") is None
    assert compare(MEASURED, "moons", "products") is None


def test_the_tables_for_the_readme_are_markdown() -> None:
    assert markdown(times(MEASURED)) == (
        "| features-hidden-classes, batch | products alone | nnctl | scikit-learn |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| xor 2-8-2, 4 | 3.0 | 12.0 | 100 |"
    )
    assert markdown(ratios(MEASURED)) == (
        "| nnctl's time (aim) | / products alone | / scikit-learn |\n"
        "| --- | ---: | ---: |\n"
        "| xor | 4.00 (<= 6) | 0.12 (<= 0.15) |"
    )


def test_the_terminal_is_told_every_thread_and_whether_an_aim_is_reached() -> None:
    assert details(MEASURED).rows[1][:6] == ("xor", "products alone", "2", "3.0", "6.0", "8.0")
    assert details(MEASURED).rows[2][2] == "auto"
    assert comparisons(MEASURED).rows == (
        ("xor", "products alone", "4.00", "2.25", "<= 6", "yes"),
        ("xor", "scikit-learn", "0.12", "0.10", "<= 0.15", "yes"),
    )


def test_steadiness_is_told_with_an_aim_for_nnctl_alone() -> None:
    found = [Steadiness("xor", peer, 4.0, (1.0, 1.25, 1.1, 2.0)) for peer in ("nnctl", "torch")]
    grid = steadiness(found)
    assert len(grid.header) == 3 + len(CONDITIONS) + 1
    assert grid.rows[0] == ("xor", "nnctl", "4.0", "1.00", "1.25", "1.10", "2.00", "<= 1.5")
    assert grid.rows[1][-1] == ""


def test_every_aim_is_of_a_workload_and_a_peer_that_exist() -> None:
    assert set(AIMS) <= set(PEERS)
    assert all(set(aims) <= set(WORKLOADS) for aims in AIMS.values())


@pytest.mark.parametrize("peer", PEERS)
def test_every_peer_has_its_module(peer: str) -> None:
    assert importlib.util.find_spec(f"tests.benchmarks.peers.{peer}") is not None


def test_the_products_are_those_of_a_step() -> None:
    products = list(products_of_step(SMALL))
    shapes = [(first.shape, second.shape, out.shape) for first, second, out in products]
    assert shapes == [
        ((8, 3), (3, 5), (8, 5)),
        ((8, 5), (5, 4), (8, 4)),
        ((8, 4), (4, 2), (8, 2)),
        ((4, 8), (8, 2), (4, 2)),
        ((8, 2), (2, 4), (8, 4)),
        ((5, 8), (8, 4), (5, 4)),
        ((8, 4), (4, 5), (8, 5)),
        ((3, 8), (8, 5), (3, 5)),
    ]
    assert all(first.dtype == np.float32 for first, _, _ in products)
    operations = sum(2 * first.size * second.shape[1] for first, second, _ in products)
    assert operations == SMALL.operations


def test_nnctl_trains_the_network_that_the_workload_says() -> None:
    trainer = assemble_training(SMALL, rows_of(SMALL)).trainer
    assert [trainer.network.n_inputs, *(layer.units for layer in trainer.network.layers)] == [
        *SMALL.sizes
    ]
    assert (len(trainer.train), trainer.batch_rows) == (SMALL.rows, SMALL.batch_rows)
    assert trainer.steps.batches_in_epoch == SMALL.batches
    assert trainer.network.dtype == np.float32
    (result,) = trainer.epochs(1)
    assert {"train_loss", "train_accuracy"} <= set(result.values)
    assert trainer.optimizer.steps == SMALL.batches


def test_threads_reach_nnctl_by_its_config_and_the_others_by_variables() -> None:
    inherited = {"OPENBLAS_CORETYPE": "Haswell", "OMP_NUM_THREADS": "7", "PATH": "/bin"}
    assert environment(Contender("nnctl", 2), inherited) == {"PATH": "/bin"}
    assert environment(Contender("torch", AUTO), inherited) == {"PATH": "/bin"}
    one = environment(Contender("torch", 1), inherited)
    assert (one["OMP_NUM_THREADS"], one["OPENBLAS_NUM_THREADS"]) == ("1", "1")
    assert "OPENBLAS_CORETYPE" not in one
    assert config_of(SMALL, 2)["compute"] == {"threads": 2}
    assert config_of(SMALL, None)["compute"] == {"threads": "auto"}


def test_the_processors_clock_counts_one_thread_only() -> None:
    assert contenders(["products", "nnctl"], (1, 2), "processor") == [
        Contender("products", 1),
        Contender("nnctl", 1),
    ]
    assert contenders(["nnctl"], (1, 2)) == [
        Contender("nnctl", AUTO),
        Contender("nnctl", 1),
        Contender("nnctl", 2),
    ]


def test_the_whole_benchmark_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept, table, plot = (tmp_path / name for name in ("all.json", "table.md", "bars.png"))
    words = "--workloads xor --peers products --clock processor --rounds 2 --seconds 0.01"
    engine.main(
        [*words.split(), "--json", str(kept), "--markdown", str(table), "--plot", str(plot)]
    )
    measured = json.loads(kept.read_text(encoding="utf-8"))
    assert [one["contender"] for one in measured] == [
        {"peer": "products", "threads": 1},
        {"peer": "nnctl", "threads": 1},
    ]
    assert all(len(one["microseconds"]) == 2 for one in measured)
    assert all(number > 0.0 for one in measured for number in one["microseconds"])
    assert table.read_text(encoding="utf-8").count("| xor") == 2
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert "nnctl beside its peers" in capsys.readouterr().out


def test_growth_is_measured_of_the_smallest_networks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "AXES", growth.AXES[:1])
    plot = tmp_path / "growth.png"
    growth.main(["--points", "2", "--plot", str(plot)])
    printed = capsys.readouterr().out
    assert "units a hidden layer" in printed
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_an_exponent_is_that_of_the_upper_half(power: float) -> None:
    values = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    results = [50.0, 50.0, 50.0, *(3.0 * value**power for value in values[3:])]
    assert growth.exponent(values, results) == pytest.approx(power, abs=1e-12)


def test_what_a_training_keeps_is_counted_by_hand() -> None:
    # 4 vectors of 4 * 5 + 6 * 4 + 5 * 2 parameters, a pass over 8 rows, and 24 rows of 3 + 2.
    assert growth.kept_bytes(SMALL) == 4 * (4 * 54 + 8 * 4 * 11 + 8 * 3 + 24 * 5)


def test_the_picture_has_a_bar_a_peer_and_says_its_time() -> None:
    axes = picture(MEASURED).axes[0]
    assert sorted(bar.get_height() for bar in axes.patches) == [3.0, 12.0, 100.0]  # type: ignore[attr-defined]
    assert {"3.0", "12.0", "100"} <= {text.get_text() for text in axes.texts}
    assert axes.get_yscale() == "log"


def test_the_picture_of_growth_lays_the_arithmetic_through_the_last_point() -> None:
    points = [
        {
            "axis": "rows",
            "value": value,
            "microseconds": 10.0 * value,
            "megabytes": 5.0,
            "operations": float(value**2),
            "kept": 1.0,
        }
        for value in (1, 2, 4)
    ]
    time, memory = growth_picture(points).axes
    dashed, measured = time.get_lines()
    assert np.array_equal(np.asarray(dashed.get_ydata()), [2.5, 10.0, 40.0])
    assert np.array_equal(np.asarray(measured.get_ydata()), [10.0, 20.0, 40.0])
    low, high = memory.get_ylim()
    assert high / low == pytest.approx(10.0)  # so that a flat curve looks flat
