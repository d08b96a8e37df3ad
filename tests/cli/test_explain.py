from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnctl.config import load_config
from nnctl.data.batching import batches
from nnctl.nn.losses import LOSSES
from nnctl.runs.checkpoint import read_checkpoint
from nnctl.runs.directory import RunDirectory
from nnctl.training.formulas import LOSS_FORMULAS
from nnctl.training.inference import load_model
from tests.cli.commands import ROOT, Outcome, nnctl
from tests.cli.samples import AND_DATA, CONFIGS

LINE_EXPLAINED = """\
line.yaml: regression, before training
  y = 1.5 x + 1

step 1: row 3 (line 4) of line.csv, of the training set; learning rate 0.5

inputs: as they stand in the data, and x as the network sees them
  input   in the data   x
 ─────────────────────────
  x       2             2

output, forward
  z = x W + b
  a = f(z), f(z) = z
        x   y
 ───────────────
  W x   2   1.5
  b         1
  z         4
  a         4

loss, mean_squared_error
  L = Σ (a - y)² / (n k), n = 1, k = 1
  output   a   y   a - y
 ────────────────────────
  y        4   5   -1

L = 1
answer: 4

output, backward
  dL/da = 2 (a - y) / (n k)
  dL/dz = dL/da f'(z)
  dL/dW = xᵀ dL/dz, dL/db = Σ_rows dL/dz, dL/dx = dL/dz Wᵀ
            dL/dx   y
 ──────────────────────
  dL/da             -2
  dL/dz             -2
  dL/dW x   -3      -4
  dL/db             -2

update by sgd
  g = dL/dw
  v <- 0.5 v + g
  w <- w - learning_rate v

output
  w           w     g    v    w after
 ─────────────────────────────────────
  x to y      1.5   -4   -4   3.5
  bias of y   1     -2   -2   2

L was 1 and is 16 after the step

after the step:
  y = 3.5 x + 2
"""
TO_EXPLAIN = (
    *("--row", 3),
    *("--set", "model.output.initializer.weights=[[1.5]]"),
    *("--set", "optimizer.momentum=0.5"),
)


def explained(*arguments: object) -> dict[str, Any]:
    outcome = nnctl("explain", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    report: dict[str, Any] = json.loads(outcome.out)
    return report


def test_a_step_is_told_with_its_formulas_and_numbers(samples: Path) -> None:
    outcome = nnctl("explain", "line.yaml", *TO_EXPLAIN)
    assert outcome == Outcome(0, LINE_EXPLAINED, "")
    assert sorted(path.suffix for path in samples.iterdir()) == [".csv"] * 2 + [".yaml"] * 5


def test_json_has_every_number(samples: Path) -> None:
    report = explained("line.yaml", *TO_EXPLAIN)
    (step,) = report.pop("steps")
    assert report == {
        "name": "line.yaml",
        "epochs_trained": 0,
        "data": "line.csv",
        "task": "regression",
        "dtype": "float32",
        "features": ["x"],
        "inputs": ["x"],
        "input_of": ["x"],
        "targets": ["y"],
        "target_scaling": None,
        "outputs": ["y"],
        "loss": {
            "name": "mean_squared_error",
            "value": "L = Σ (a - y)² / (n k)",
            "derivative": "dL/da = 2 (a - y) / (n k)",
        },
        "optimizer": "sgd",
        "regularization": {"l1": 0.0, "l2": 0.0},
        "gradient_clipping": None,
        "formula": {
            "text": ["y = 1.5 x + 1"],
            "scores": [{"name": "y", "coefficients": {"x": 1.5}, "intercept": 1.0}],
        },
        "formula_after": {
            "text": ["y = 3.5 x + 2"],
            "scores": [{"name": "y", "coefficients": {"x": 3.5}, "intercept": 2.0}],
        },
    }
    (layer,) = step.pop("layers")
    assert step == {
        "step": 1,
        "epoch": 1,
        "batch": 1,
        "learning_rate": 0.5,
        "rows": [{"row": 3, "line": 4, "set": "training", "features": [2.0], "targets": [5.0]}],
        "inputs": [[2.0]],
        "targets": [[5.0]],
        "weights": None,
        "outputs": [[4.0]],
        "predictions": [[4.0]],
        "loss": 1.0,
        "penalty": 0.0,
        "gradient_norm": float(np.float32(np.sqrt(np.float32(20.0)))),
        "update": ["v <- 0.5 v + g", "w <- w - learning_rate v"],
        "outputs_after": [[9.0]],
        "loss_after": 16.0,
        "penalty_after": 0.0,
    }
    assert layer["stages"][0] == {
        "kind": "dense",
        "symbol": "z",
        "forward": "z = x W + b",
        "backward": "dL/dW = xᵀ dL/dz, dL/db = Σ_rows dL/dz, dL/dx = dL/dz Wᵀ",
        "outputs": [[4.0]],
        "d_outputs": [[-2.0]],
    }
    assert layer["d_inputs"] == [[-3.0]]
    assert layer["parameters"]["weights"] == {
        "before": [[1.5]],
        "gradient": [[-4.0]],
        "gradient_with_penalty": [[-4.0]],
        "gradient_used": [[-4.0]],
        "moment_v": [[-4.0]],
        "after": [[3.5]],
    }


def test_digits_are_as_many_as_asked_for(samples: Path) -> None:
    overrides = ("--set", "model.output.initializer.weights=[[0.1234567890123]]")
    outcome = nnctl(
        "explain", "line.yaml", *overrides, "--set", "compute.dtype=float64", "--digits", 12
    )
    assert "0.123456789012\n" in outcome.out
    outcome = nnctl("explain", "line.yaml", *overrides, "--digits", 3)
    assert "0.123\n" in outcome.out


def test_several_steps_end_in_a_table_of_their_own(samples: Path) -> None:
    rate = ("--set", "optimizer.learning_rate=0.1")
    outcome = nnctl("explain", "line.yaml", "--row", 2, "--steps", 2, *TO_EXPLAIN[2:4], *rate)
    table = outcome.out.partition("all steps\n")[2]
    assert [line.split() for line in table.splitlines()[2:4]] == [
        ["1", "0.1", "0.25", "0.09", "1.6", "1.1"],
        ["2", "0.1", "0.09", "0.0324", "1.66", "1.16"],
    ]
    heading = "  step   learning rate   L      L after   output: x to y   output: bias of y"
    assert table.splitlines()[0] == heading
    assert outcome.out.endswith("after 2 steps:\n  y = 1.66 x + 1.16\n")


def test_the_steps_of_a_batch_are_those_of_training(samples: Path) -> None:
    """Of the perceptron, whose numbers are whole: AND from weights of 1 and a bias of 0."""
    options = ("--batch", "--steps", 4)
    report = explained("and.yaml", *options)
    assert [step["rows"][0]["row"] for step in report["steps"]] == [1, 2, 3, 4]
    assert [(step["epoch"], step["batch"]) for step in report["steps"]] == [
        (1, b) for b in (1, 2, 3, 4)
    ]
    after = report["steps"][-1]["layers"][0]["parameters"]
    one_epoch = ("--set", "training.epochs=1", "--set", "expect={}")
    assert nnctl("train", "and.yaml", *one_epoch, "--no-plots", "--quiet").code == 0
    trained = read_checkpoint(RunDirectory(Path("runs/and")).last).arrays["parameters"]
    found = np.concatenate([np.ravel(after[name]["after"]) for name in ("weights", "biases")])
    np.testing.assert_array_equal(found, trained)


def test_without_a_row_it_is_the_first_one_for_training(samples: Path) -> None:
    (step,) = explained("moons.yaml")["steps"]
    (row,) = step["rows"]
    assert (row["set"], row["line"]) == ("training", None)
    sets = {
        explained("moons.yaml", "--row", number)["steps"][0]["rows"][0]["set"]
        for number in (1, 2, 16)
    }
    assert sets == {"training", "test", "validation"}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("options", [(), ("--batch", "--steps", 2), ("--json",)])
def test_every_sample_can_be_explained_before_and_after_training(
    samples: Path, runs: Path, name: str, options: tuple[object, ...]
) -> None:
    for subject in (f"{name}.yaml", name):
        for more in ((), ("--checkpoint", "last"))[: 1 if subject.endswith("yaml") else 2]:
            outcome = nnctl("explain", subject, *options, *more)
            assert outcome.code == 0
            assert outcome.out


def test_a_run_is_explained_with_its_trained_weights(runs: Path) -> None:
    report = explained("moons")
    best = read_checkpoint(runs / "moons" / "checkpoints" / "best.npz")
    assert report["epochs_trained"] == best.metadata["epoch"] > 0
    parameters = report["steps"][0]["layers"][0]["parameters"]["weights"]["before"]
    np.testing.assert_array_equal(np.ravel(parameters), best.arrays["parameters"][:16])


def test_the_last_checkpoint_brings_its_optimizer(runs: Path) -> None:
    moments = {}
    for which in ("best", "last"):
        outcome = nnctl("explain", "moons", "--checkpoint", which, "--json")
        note = "the optimizer begins without a memory of earlier steps"
        assert (note in outcome.err) is (which == "best")
        (step,) = json.loads(outcome.out)["steps"]
        moments[which] = step["update"][-1]
    last = read_checkpoint(runs / "moons" / "checkpoints" / "last.npz")
    assert "0.9^1)" in moments["best"]
    assert f"0.9^{last.metadata['optimizer_steps'] + 1})" in moments["last"]


def test_after_its_last_epoch_a_run_s_step_is_one_of_the_next(samples: Path) -> None:
    schedule = ("--set", "optimizer.schedule={name: step, step_size: 1, gamma: 0.5}")
    small = ("--set", "training.batch_size=1")
    assert nnctl("train", "line.yaml", *schedule, *small, "--no-plots", "--quiet").code == 0
    outcome = nnctl("explain", "line", "--checkpoint", "last", "--batch", "--steps", 4, "--json")
    assert outcome.err == "note: training ended with epoch 2; shown is how it would go on\n"
    steps = json.loads(outcome.out)["steps"]
    assert {(step["learning_rate"], step["epoch"]) for step in steps} == {(0.125, 3)}
    rows = [step["rows"][0]["row"] - 1 for step in steps]
    seed = load_config("line.yaml", ()).seed
    assert rows == np.concatenate([*batches(4, 1, seed, 2, True)]).tolist()


def test_a_rate_that_a_schedule_has_brought_to_0_is_remarked_on(samples: Path) -> None:
    schedule = ("--set", "optimizer.schedule=cosine")
    assert nnctl("train", "line.yaml", *schedule, "--no-plots", "--quiet").code == 0
    outcome = nnctl("explain", "line", "--checkpoint", "last")
    assert "; learning rate 0\n" in outcome.out
    assert "note: its schedule has brought the learning rate to 0 by then" in outcome.err


def test_left_out_it_is_the_latest_run(runs: Path) -> None:
    assert explained()["name"] == str(runs / "line")


def test_a_run_with_other_data_is_refused(samples: Path) -> None:
    assert nnctl("train", "line.yaml", "--no-plots", "--quiet").code == 0
    Path("line.csv").write_text("x,y\n0,1\n1,3\n2,5\n3,8\n")
    outcome = nnctl("explain", "line")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith("error: runs/line: its data is not what it was trained on: ")
    assert outcome.err.endswith("; restore it, or train again\n")


def test_a_run_is_explained_by_the_config_that_it_was_trained_with(samples: Path) -> None:
    assert nnctl("train", "line.yaml", "--no-plots", "--quiet").code == 0
    before = explained("line")
    config = Path("runs/line/config.yaml")
    text = config.read_text()
    assert "scaling: none" in text
    config.write_text(text.replace("scaling: none", "scaling: standardize"))
    assert explained("line") == before


def test_a_best_network_of_another_training_is_refused(samples: Path) -> None:
    for name in ("line", "moons"):
        assert nnctl("train", f"{name}.yaml", "--no-plots", "--quiet").code == 0
    best = Path("runs/line/checkpoints/best.npz")
    best.write_bytes(Path("runs/moons/checkpoints/best.npz").read_bytes())
    message = "is not of the same training as last.npz; restore it, or train again"
    assert nnctl("explain", "line") == Outcome(4, "", f"error: {best}: {message}\n")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("line.yaml", "--row", 5), 2, "--row must be from 1 to 4, the rows of "),
        (("line.yaml", "--row", 0), 2, "--row must be from 1 to 4, the rows of "),
        (("line.yaml", "--row", 1, "--batch"), 2, "--row explains a single row and --batch many"),
        (("line.yaml", "--checkpoint", "first"), 2, "--checkpoint must be best or last"),
        (("line.yaml", "--checkpoint", "last"), 2, "--checkpoint chooses among a run's weights"),
        (("dropping.yaml", "--row", 0), 2, "--row must be from 1 to 4, the rows of "),
        (("nothing.yaml",), 2, "nothing.yaml: there is no such config file"),
        (("nothing",), 4, "there is no run 'nothing'"),
        (("line.yaml", "--set", "loss=mse"), 2, "--set loss=mse: "),
    ],
)
def test_a_wrong_call_ends_with_its_line(
    samples: Path, arguments: tuple[object, ...], code: int, message: str
) -> None:
    hidden = "model: {hidden: [{units: 2, activation: tanh, dropout: 0.5}]}\n"
    Path("dropping.yaml").write_text(
        "data: {source: line.csv, target: y, task: regression}\nloss: huber\n" + hidden
    )
    outcome = nnctl("explain", *arguments)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith(f"error: {message}")


def test_a_trained_run_is_explained_as_it_is(runs: Path) -> None:
    outcome = nnctl("explain", "line", "--set", "seed=1")
    message = "error: --set is laid over a config; a trained run is explained as it is\n"
    assert outcome == Outcome(2, "", message)


def test_a_loss_that_grows_beyond_all_numbers_ends_with_5(samples: Path) -> None:
    rate = ("--set", "optimizer.learning_rate=1e30", "--set", "model.output.initializer.biases=[9]")
    outcome = nnctl("explain", "line.yaml", "--steps", 9, *rate)
    assert outcome.code == 5
    assert outcome.err.startswith("error: the loss became ")
    assert "step 1:" in outcome.out


def test_the_column_of_inputs_is_no_unit() -> None:
    outcome = nnctl("explain", f"{ROOT}/configs/iris.yaml")
    assert "left out: 3 of 8 units (--json has all)" in outcome.out


def test_a_wide_layer_is_shortened_and_says_so() -> None:
    Path("wide.yaml").write_text(
        f"data: {{source: {ROOT}/datasets/digits.csv, target: digit, scaling: min_max}}\n"
        "model: {hidden: [{units: 64, activation: tanh}]}\n"
        "loss: categorical_cross_entropy\n"
    )
    outcome = nnctl("explain", "wide.yaml", "--batch")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert max(len(line) for line in lines if str(ROOT) not in line) <= 100
    assert len(lines) < 250
    assert "56 of 64 inputs" in outcome.out
    assert "of 64 units (--json has all)" in outcome.out
    assert "4,088 of 4,096 weights" in outcome.out
    assert "28 of 32 rows" in outcome.out
    assert "w after" in outcome.out
    (step,) = explained("wide.yaml", "--batch")["steps"]
    assert np.shape(step["layers"][0]["parameters"]["weights"]["after"]) == (64, 64)
    assert np.shape(step["inputs"]) == (32, 64)


def test_long_names_leave_no_column_out() -> None:
    column, category = "a column " + "of many words " * 6, "a category " + "with a text " * 5
    Path("rows.csv").write_text(f"{column},kind,y\n1.5,{category},1\n2.5,b,2\n3,c,4\n")
    Path("long.yaml").write_text(
        "data: {source: rows.csv, target: y, task: regression, scaling: none}\nloss: huber\n"
    )
    outcome = nnctl("explain", "long.yaml", "--row", 1)
    assert "left out" not in outcome.out
    table = outcome.out.partition("as the network sees them\n")[2].splitlines()
    assert table[2].split()[-2:] == ["1.5", "1.5"]
    assert [line.count("…") for line in table[2:4]] == [1, 2]
    report = explained("long.yaml")
    assert report["inputs"][0] == column.strip()
    assert f"kind={category.strip()}" in report["inputs"]


def test_dropout_and_a_lonely_row_under_batch_normalization_are_remarked_on(samples: Path) -> None:
    layer = "model.hidden=[{units: 3, normalization: batch, dropout: 0.5}]"
    alone = nnctl("explain", "moons.yaml", "--set", layer)
    assert "note: batch normalization over a single row makes every value 0; " in alone.err
    assert "note: the units that dropout drops are drawn as in the same batch" in alone.err
    together = nnctl("explain", "moons.yaml", "--set", layer, "--batch")
    assert "single row" not in together.err
    for text in (
        "mask of row",
        "sqrt(variance + epsilon)",
        "v of row",
        "dL/dscale",
        "dL/dd of row",
    ):
        assert text in together.out


SCALED = ("--set", "data.target_scaling=standardize", "--set", "data.split.test=0")


def test_a_scaled_target_is_shown_in_its_own_unit_beside_the_answer(samples: Path) -> None:
    Path("line.csv").write_text("x,y\n0,-5\n1,-3\n2,-1\n3,1\n")  # mean -2, deviation sqrt(5)
    outcome = nnctl("explain", "line.yaml", "--row", 4, "--digits", 3, *SCALED)
    assert "\n  y = (target + 2) / 2.24\n" in outcome.out
    report = explained("line.yaml", "--row", 4, *SCALED)
    assert report["target_scaling"] == {"y": {"center": -2.0, "scale": pytest.approx(5**0.5)}}
    (step,) = report["steps"]
    ((answer,),) = step["predictions"]
    assert answer == pytest.approx(step["outputs"][0][0] * 5**0.5 - 2.0, rel=1e-6)
    assert f"\nanswer: {answer:.3g}\ntarget: 1\n" in outcome.out
    batch = nnctl("explain", "line.yaml", "--batch", "--set", "training.batch_size=full", *SCALED)
    assert "\ntarget: -5, -3, -1, 1\n" in batch.out


@pytest.mark.parametrize("option", ["normalization: batch", "dropout: 0.5"])
def test_the_answer_is_what_the_trained_network_predicts(samples: Path, option: str) -> None:
    Path("hidden.yaml").write_text(
        "data: {source: line.csv, target: y, task: regression}\nloss: huber\n"
        f"model: {{hidden: [{{units: 8, activation: tanh, {option}}}]}}\n"
        "training: {epochs: 5}\n"
    )
    assert nnctl("train", "hidden.yaml", "--no-plots", "--quiet").code == 0
    (step,) = explained("hidden")["steps"]
    model = load_model(RunDirectory(Path("runs/hidden")).best)
    outputs = model.outputs(np.array(step["inputs"]))
    predicted, training = map(model.preprocessing.inverse_targets, (outputs, step["outputs"]))
    np.testing.assert_allclose(step["predictions"], predicted, rtol=1e-5)
    assert abs(training - predicted) > 1e-3
    assert "\nanswer when it predicts: " in nnctl("explain", "hidden").out


MIXED = "size,colour,weight,label\n1,red,0.5,a\n,blue,1,b\n3,,2,a\n4,red,1,b\n"
MIXED_CONFIG = """\
data: {source: mixed.csv, target: label, sample_weight: weight, missing: most_frequent}
loss: binary_cross_entropy
training: {batch_size: full}
"""


def test_cells_stand_beside_the_inputs_that_they_become() -> None:
    Path("mixed.csv").write_text(MIXED)
    Path("mixed.yaml").write_text(MIXED_CONFIG)
    outcome = nnctl("explain", "mixed.yaml", "--row", 3)
    table = outcome.out.partition("as the network sees them\n")[2].splitlines()[2:5]
    assert [line.split() for line in table] == [
        ["size", "3", "0.57735"],
        ["colour=blue", "missing", "0"],
        ["colour=red", "missing", "1"],
    ]


def test_the_rows_of_a_batch_show_their_weights() -> None:
    Path("mixed.csv").write_text(MIXED)
    Path("mixed.yaml").write_text(MIXED_CONFIG)
    outcome = nnctl("explain", "mixed.yaml", "--batch")
    table = outcome.out.partition("as the network sees them\n")[2].splitlines()
    assert table[0].split()[:4] == ["row", "weight", "y", "b"]
    assert [line.split()[:3] for line in table[2:6]] == [
        ["1", "0.5", "0"],
        ["2", "1", "1"],
        ["3", "2", "0"],
        ["4", "1", "1"],
    ]
    assert "in place of 1/n each row has its share of all sample and class weights" in outcome.out


def test_the_names_of_strangers_are_shown_and_not_obeyed() -> None:
    Path("rows.csv").write_text('"[red]\x1b[31m",y\n1,"<b>\x1b[0m"\n2,=1+1\n')
    Path("run.yaml").write_text(
        "data: {source: rows.csv, target: y, task: classification}\nloss: binary_cross_entropy\n"
    )
    outcome = nnctl("explain", "run.yaml")
    assert outcome.code == 0
    assert "\x1b" not in outcome.out + outcome.err
    for shown in ("  W [red]\\x1b[31m", "`=1+1`", "`<b>\\x1b[0m`"):
        assert shown in outcome.out


TASKS = {
    "hinge": "classification",
    "perceptron": "classification",
    "binary_cross_entropy": "classification",
    "categorical_cross_entropy": "classification",
}


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_is_explained(loss: str) -> None:
    Path("and.csv").write_text(AND_DATA)
    task = TASKS.get(loss, "regression")
    Path("and.yaml").write_text(
        f"data: {{source: and.csv, target: label, task: {task}}}\nloss: {loss}\n"
    )
    outcome = nnctl("explain", "and.yaml")
    assert outcome.code == 0, outcome.err
    assert f"\nloss, {loss}\n  {LOSS_FORMULAS[loss].value.split('; ')[0]}" in outcome.out
