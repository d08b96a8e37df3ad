from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import DATASETS, Outcome, bash, nnctl

AND_TABLES = """\
and, train: 4 rows, epoch 5
  metric              network   linear   majority class
 ───────────────────────────────────────────────────────
  loss                      0
  accuracy                  1        1             0.75
  balanced_accuracy         1        1              0.5
  precision                 1        1                0
  recall                    1        1                0
  f1                        1        1                0
  macro_precision           1        1            0.375
  macro_recall              1        1              0.5
  macro_f1                  1        1         0.428571
  roc_auc                   1        1              0.5

  class   precision   recall   f1   support
 ───────────────────────────────────────────
  0               1        1    1         3
  1               1        1    1         1

  true \\ predicted   0   1
 ──────────────────────────
  0                  3   0
  1                  0   1

"""
LINE_TABLE = """\
line, train: 4 rows, epoch 1
  metric                    network   linear      mean
 ──────────────────────────────────────────────────────
  loss                            0        0         5
  mean_squared_error              0        0         5
  root_mean_squared_error         0        0   2.23607
  mean_absolute_error             0        0         2
  r2                              1        1         0

"""


@pytest.mark.parametrize(("run", "tables"), [("and", AND_TABLES), ("line", LINE_TABLE)])
def test_the_measures_are_tables_on_stdout(runs: Path, run: str, tables: str) -> None:
    outcome = nnctl("evaluate", run)
    assert (outcome.code, outcome.out, outcome.err) == (0, tables, "")


def test_json_is_one_object(runs: Path) -> None:
    outcome = nnctl("evaluate", "and", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    report = json.loads(outcome.out)
    baselines = report.pop("baselines")
    measures = {name: value for name, value in report.items() if isinstance(value, float)}
    all_right = {
        "accuracy": 1, "balanced_accuracy": 1, "precision": 1, "recall": 1, "f1": 1,
        "macro_precision": 1, "macro_recall": 1, "macro_f1": 1, "roc_auc": 1,
    }  # fmt: skip
    assert measures == {"loss": 0, **all_right}
    assert [*baselines] == ["linear", "constant"]
    assert baselines["linear"] == all_right  # it has another loss, which says nothing beside this
    assert baselines["constant"].keys() == all_right.keys()
    assert (baselines["constant"]["accuracy"], baselines["constant"]["roc_auc"]) == (0.75, 0.5)
    assert {name: value for name, value in report.items() if name not in measures} == {
        "run": str(runs / "and"),
        "checkpoint": "best",
        "data": "train",
        "rows": 4,
        "classes": [
            {"name": "0", "precision": 1, "recall": 1, "f1": 1, "support": 3},
            {"name": "1", "precision": 1, "recall": 1, "f1": 1, "support": 1},
        ],
        "confusion": [[3, 0], [0, 1]],
    }


def test_the_test_rows_agree_with_the_summary(runs: Path) -> None:
    report = json.loads(nnctl("evaluate", "moons", "--json").out)
    summary = json.loads((runs / "moons" / "summary.json").read_text())
    assert report["data"] == summary["confusion"]["set"] == "test"
    assert report["rows"] == 80
    assert report["confusion"] == summary["confusion"]["matrix"]
    for metric in ("loss", "accuracy"):
        assert report[metric] == pytest.approx(summary["best"][f"test_{metric}"], rel=1e-6)
        for name in ("linear", "constant"):
            said, kept = report["baselines"][name], summary["baselines"][name]
            assert said[metric] == pytest.approx(kept[f"test_{metric}"], rel=1e-6)


@pytest.mark.parametrize(("split", "n_rows"), [("train", 80), ("validation", 40), ("test", 80)])
def test_split_chooses_among_the_own_rows(runs: Path, split: str, n_rows: int) -> None:
    report = json.loads(nnctl("evaluate", "moons", "--split", split, "--json").out)
    assert (report["data"], report["rows"]) == (split, n_rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("and", "--split", "test"), "this run has no test rows; it has train"),
        (("iris", "--split", "all"),
         "--split must be one of train, validation, test (received all)"),
        (("and", "-", "--split", "train"),
         "--split chooses among the run's own rows; leave it or INPUT out"),
    ],
)  # fmt: skip
def test_a_split_that_there_is_not_is_refused(
    runs: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert nnctl("evaluate", *arguments) == Outcome(2, "", f"error: {message}\n")


def test_the_last_weights_are_there_beside_the_best(runs: Path) -> None:
    for options, epoch in (((), 5), (("--checkpoint", "best"), 5), (("--checkpoint", "last"), 50)):
        out = nnctl("evaluate", "and", *options).out
        assert out.splitlines()[0] == f"and, train: 4 rows, epoch {epoch}"
    for command in ("evaluate", "predict", "plot-boundary"):
        error = "error: --checkpoint must be best or last (received first)\n"
        assert nnctl(command, "and", "--checkpoint", "first") == Outcome(2, "", error)


def test_labelled_rows_come_from_a_file_or_from_standard_input(runs: Path) -> None:
    rows = "label,x2,x1\n1,1,1\n1,0,1\n"
    Path("rows.csv").write_text(rows)
    from_file = json.loads(nnctl("evaluate", "and", "rows.csv", "--json").out)
    assert (from_file["data"], from_file["rows"]) == ("rows.csv", 2)
    assert from_file["confusion"] == [[0, 0], [1, 1]]
    from_stdin = json.loads(nnctl("evaluate", "and", "-", "--json", stdin=rows).out)
    assert from_stdin == {**from_file, "data": "<stdin>"}


def test_a_file_alone_is_measured_with_the_latest_run(runs: Path) -> None:
    Path("rows.csv").write_text("x,y\n0,2\n1,4\n")
    report = json.loads(nnctl("evaluate", "rows.csv", "--json").out)
    assert (report["run"], report["mean_absolute_error"]) == (str(runs / "line"), 1)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("x1,x2\n1,1\n", "<stdin>: there is no column `label`; the columns are `x1`, `x2`"),
        ("x1,x2,label\n1,1,2\n", "<stdin>:2:3: target `label` has an unknown class (received `2`)"),
    ],
)
def test_rows_without_a_known_label_are_refused(runs: Path, rows: str, message: str) -> None:
    outcome = nnctl("evaluate", "and", "-", stdin=rows)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.startswith(f"error: {message}")


def test_data_that_changed_since_is_noted(samples: Path) -> None:
    assert nnctl("train", "line.yaml", "--quiet", "--no-plots").code == 0
    Path("line.csv").write_text("x,y\n0,1\n1,3\n2,5\n3,8\n")
    noted = nnctl("evaluate")
    data = Path("line.csv").resolve()
    assert (noted.code, noted.err) == (
        0, f"note: {data} has changed since the run was trained: other values\n"
    )  # fmt: skip
    Path("line.csv").write_text("x,y\n0,1\n")
    changed = nnctl("evaluate")
    assert (changed.code, changed.out) == (3, "")
    assert changed.err.startswith(f"error: {data} had 4 rows when the run was trained and has 1 ")


WEIGHED = """\
  class   precision     recall      f1   support
 ────────────────────────────────────────────────
  0               1   0.777778   0.875       4.5
  1        0.666667          1     0.8         2

  true \\ predicted     0   1
 ────────────────────────────
  0                  3.5   1
  1                    0   2

"""


def test_support_and_confusion_are_sums_of_the_sample_weights() -> None:
    Path("weighed.csv").write_text("x,w,label\n0,1.5,0\n0,2,0\n1,2,1\n1,1,0\n")
    Path("weighed.yaml").write_text(
        "data: {source: weighed.csv, target: label, sample_weight: w, scaling: none}\n"
        "model: {output: {activation: step, initializer: "
        "{name: values, weights: [[1]], biases: [-0.5]}}}\n"
        "loss: perceptron\noptimizer: {name: sgd, learning_rate: 1e-300}\n"
        "training: {epochs: 1, batch_size: full}\n"
    )
    assert nnctl("train", "weighed.yaml", "--quiet", "--no-plots").code == 0
    report = json.loads(nnctl("evaluate", "--json").out)
    assert report["confusion"] == [[3.5, 1], [0, 2]]
    assert [scores["support"] for scores in report["classes"]] == [4.5, 2]
    assert report["accuracy"] == pytest.approx(5.5 / 6.5)
    assert nnctl("evaluate").out.endswith(WEIGHED)


def test_what_is_piped_is_never_coloured(runs: Path) -> None:
    outcome = bash("unset NO_COLOR; export FORCE_COLOR=1 TERM=xterm; nnctl evaluate and")
    assert (outcome.code, outcome.out) == (0, AND_TABLES)


def test_more_classes_than_fit_are_listed_without_a_confusion() -> None:
    labels = "abcdefghijklm"
    rows = "x,y\n" + "".join(f"{index},{label}\n" for index, label in enumerate(labels))
    Path("many.csv").write_text(rows)
    Path("many.yaml").write_text(
        "data: {source: many.csv, target: y}\nloss: categorical_cross_entropy\n"
        "training: {epochs: 1, batch_size: full}\n"
    )
    assert nnctl("train", "many.yaml", "--quiet", "--no-plots").code == 0
    out = nnctl("evaluate").out
    assert "\n  m " in out
    assert "true \\ predicted" not in out


def test_the_shipped_data_is_measured_whole(runs: Path) -> None:
    report = json.loads(nnctl("evaluate", "iris", DATASETS / "iris.csv", "--json").out)
    assert report["rows"] == sum(sum(row) for row in report["confusion"]) == 150
    assert [scores["support"] for scores in report["classes"]] == [50, 50, 50]


LINEARLY_SEPARABLE = """\
name: easy
data: {generator: {name: blobs, samples: 120, classes: 2, noise: 0.2}, split: {test: 0.5}}
model: {hidden: [{units: 8, activation: tanh}]}
loss: binary_cross_entropy
optimizer: {name: adam, learning_rate: 0.1}
training: {epochs: 20}
"""


def test_hidden_layers_that_earn_nothing_are_told_on_stderr() -> None:
    Path("easy.yaml").write_text(LINEARLY_SEPARABLE)
    assert nnctl("train", "easy.yaml", "--quiet", "--no-plots").code == 0
    note = (
        "note: as far as 60 rows can tell, the linear model does as well (accuracy 1, the network "
        "1): the hidden layers earn nothing here\n"
    )
    for options in ((), ("--json",)):
        outcome = nnctl("evaluate", *options)
        assert (outcome.code, outcome.err) == (0, note)


def test_a_run_without_baselines_is_shown_alone() -> None:
    Path("easy.yaml").write_text(LINEARLY_SEPARABLE)
    assert nnctl("train", "easy.yaml", "--quiet", "--no-plots").code == 0
    path = Path("runs/easy/checkpoints/baselines.npz")
    path.unlink()
    outcome = nnctl("evaluate")
    assert (outcome.code, outcome.err) == (
        0, f"note: there is no {path} (the end of a training writes it): no baselines\n"
    )  # fmt: skip
    assert "linear" not in outcome.out
    assert outcome.out.splitlines()[1].split() == ["metric", "network"]
    assert "baselines" not in json.loads(nnctl("evaluate", "--json").out)


@pytest.mark.parametrize("damage", ["cut", "of another run"])
def test_damaged_baselines_are_never_shown(runs: Path, damage: str) -> None:
    Path("easy.yaml").write_text(LINEARLY_SEPARABLE)
    assert nnctl("train", "easy.yaml", "--quiet", "--no-plots", "--runs-dir", "mine").code == 0
    path = Path("mine/easy/checkpoints/baselines.npz")
    other = runs / "iris" / "checkpoints" / "baselines.npz"
    path.write_bytes(path.read_bytes()[:-100] if damage == "cut" else other.read_bytes())
    outcome = nnctl("evaluate", "--runs-dir", "mine")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith(f"error: {path}: ")
    assert outcome.err.count("\n") == 1


def test_a_column_that_nobody_looks_at_and_a_value_far_away_are_noted(runs: Path) -> None:
    rows = "id,x,y\n7,1,3\n8,2,5\n9,900,1801\n"
    outcome = nnctl("evaluate", "line", "-", "--json", stdin=rows)
    assert outcome.code == 0
    assert outcome.err == (
        "note: not among the run's features, so ignored: column `id`\n"
        "note: `x` is 900 in line 4, far outside the 0 to 3 of the training rows\n"
    )
    assert json.loads(outcome.out)["rows"] == 3


def test_a_file_of_many_rows_is_measured_like_its_parts(runs: Path) -> None:
    rows = DATASETS.joinpath("iris.csv").read_text().splitlines()
    many = [rows[0], *rows[1:] * 400]
    Path("many.csv").write_text("\n".join(many) + "\n")
    report = json.loads(nnctl("evaluate", "iris", "many.csv", "--json").out)
    once = json.loads(nnctl("evaluate", "iris", DATASETS / "iris.csv", "--json").out)
    assert report["rows"] == 60_000
    assert report["confusion"] == [[400 * n for n in row] for row in once["confusion"]]
    assert report["loss"] == pytest.approx(once["loss"], rel=1e-6)
    linear, linear_once = (each["baselines"]["linear"] for each in (report, once))
    assert linear["loss"] == pytest.approx(linear_once["loss"], rel=1e-6)


def test_a_file_that_was_trained_on_is_told(samples: Path) -> None:
    assert nnctl("train", "line.yaml", "--quiet", "--no-plots").code == 0
    Path("link.csv").symlink_to("line.csv")
    Path("copy.csv").write_bytes(Path("line.csv").read_bytes())
    for name in ("line.csv", "./link.csv"):
        assert nnctl("evaluate", "line", name).err == (
            "note: 4 of these rows were trained on; others would say more\n"
        )
    assert nnctl("evaluate", "line", "copy.csv").err == ""
    for share, rows in (("validation", 1), ("test", 2)):
        split = f"data.split.{share}={rows / 4}"
        options = ("--set", split, "--quiet", "--no-plots", "--name", share)
        assert nnctl("train", "line.yaml", *options).code == 0
        assert nnctl("evaluate", share, "line.csv").err.splitlines()[0] == (
            f"note: {4 - rows} of these rows were trained on; `nnctl evaluate runs/{share}` "
            f"measures the {rows} {share} rows"
        )


def test_rows_without_the_weights_of_the_run_are_told() -> None:
    Path("weighed.csv").write_text("x,w,y\n0,1,1\n1,2,3\n2,1,5\n")
    Path("weighed.yaml").write_text(
        "data: {source: weighed.csv, target: y, sample_weight: w}\nloss: mean_squared_error\n"
        "training: {epochs: 1}\n"
    )
    assert nnctl("train", "weighed.yaml", "--quiet", "--no-plots").code == 0
    weighed, plain = (
        nnctl("evaluate", "-", stdin=f"x,y{w}\n1,3{w and ',1'}\n") for w in (",w", "")
    )
    note = "note: <stdin> has no sample weights (`w`), so that all rows count alike\n"
    assert weighed.code == plain.code == 0
    assert note not in weighed.err
    assert plain.err.startswith(note)


@pytest.mark.parametrize("rows", ["", "x,y\n"])
def test_a_file_without_rows_is_refused(runs: Path, rows: str) -> None:
    outcome = nnctl("evaluate", "line", "-", stdin=rows)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.startswith("error: ")
