from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.commands import DATASETS, Outcome, bash, nnctl

AND_ROWS = "x1,x2\n1,1\n0,1\n"
AND_PREDICTED = "prediction\n1\n0\n"
DEMAND_NAMES = ["prediction_units_sold", "prediction_returns", "prediction_revenue"]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def written(name: str, text: str) -> str:
    Path(name).write_bytes(text.encode())
    return name


def columns_of(data: str, names: Sequence[str]) -> str:
    """Return a shipped data set with these columns alone, in this order."""
    with (DATASETS / data).open(newline="") as file:
        rows = [[row[name] for name in names] for row in csv.DictReader(file)]
    return "\n".join(",".join(row) for row in [names, *rows]) + "\n"


@pytest.mark.parametrize("source", ["rows.csv", "-"])
def test_rows_come_from_a_file_or_from_standard_input(runs: Path, source: str) -> None:
    written("rows.csv", AND_ROWS)
    assert nnctl("predict", "and", source, stdin=AND_ROWS) == Outcome(0, AND_PREDICTED, "")


def test_a_run_alone_predicts_its_own_rows_and_says_which(runs: Path) -> None:
    said = f"predicting the train rows of {runs}/and\n"
    assert nnctl("predict", "and") == Outcome(0, "prediction\n0\n0\n0\n1\n", said)
    assert nnctl("predict", "iris").err == f"predicting the test rows of {runs}/iris\n"


def test_nothing_at_all_is_the_latest_run(runs: Path) -> None:
    said = f"predicting the train rows of {runs}/line\n"
    expected = Outcome(0, "prediction\n1.0\n3.0\n5.0\n7.0\n", said)
    assert nnctl("predict") == nnctl("predict", "latest") == expected


@pytest.mark.parametrize("source", ["rows.csv", "-", "line"])
def test_one_argument_that_is_a_file_is_the_input(runs: Path, source: str) -> None:
    rows = written("line" if source == "line" else "rows.csv", "x\n5\n")
    assert Path(rows).is_file()
    assert nnctl("predict", source, stdin="x\n5\n") == Outcome(0, "prediction\n11.0\n", "")


def test_a_run_is_found_by_name_or_path(runs: Path) -> None:
    rows = written("rows.csv", AND_ROWS)
    assert nnctl("predict", runs / "and", rows).out == AND_PREDICTED
    assert nnctl("predict", "and", rows, "--runs-dir", runs).out == AND_PREDICTED


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("iriss", "there is no run 'iriss' in RUNS; did you mean iris?"),
        ("x" * 300, f"there is no run '{'x' * 300}' in RUNS; the latest are "),
        ("rows.csv", "there is no run 'rows.csv' in RUNS; the latest are "),
    ],
)
def test_a_run_that_is_not_there_is_named(runs: Path, run: str, message: str) -> None:
    outcome = nnctl("predict", run)
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith(f"error: {message.replace('RUNS', str(runs))}")


def test_no_runs_yet_says_how_to_get_one() -> None:
    error = "error: no runs in runs yet; train one with `nnctl train CONFIG`\n"
    assert nnctl("predict") == Outcome(4, "", error)


def test_proba_adds_a_column_a_class_that_sums_to_one(runs: Path) -> None:
    rows = table(nnctl("predict", "iris", DATASETS / "iris.csv", "--proba").out)
    assert len(rows) == 150
    classes = ["setosa", "versicolor", "virginica"]
    assert [*rows[0]] == ["prediction", *(f"probability_{name}" for name in classes)]
    for row in rows:
        shares = {name: float(row[f"probability_{name}"]) for name in classes}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-6)
        assert row["prediction"] == max(shares, key=shares.__getitem__)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("line", "--proba is for classes; this run estimates numbers"),
        ("and", "--proba needs probabilities; the outputs of this run are those of step "
         "(train with a sigmoid or softmax output)"),
    ],
)  # fmt: skip
def test_proba_without_probabilities_is_refused(runs: Path, run: str, message: str) -> None:
    assert nnctl("predict", run, "--proba") == Outcome(2, "", f"error: {message}\n")


def test_with_input_repeats_the_cells_as_they_stand(runs: Path) -> None:
    rows = written("rows.csv", 'note,x2,x1\n"a, ""b""",1.0,1e0\n=1+1,0.50,0\n')
    assert nnctl("predict", "and", rows, "--with-input").out == (
        'note,x2,x1,prediction\n"a, ""b""",1.0,1e0,1\n=1+1,0.50,0,0\n'
    )
    assert nnctl("predict", "and", "--with-input").out == (
        "x1,x2,label,prediction\n0,0,0,0\n0,1,0,0\n1,0,0,0\n1,1,1,1\n"
    )


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_with_input_never_hides_a_column_of_the_same_name(
    runs: Path, form: tuple[str, ...]
) -> None:
    rows = written("rows.csv", "x1,x2,prediction\n1,1,mine\n")
    assert nnctl("predict", "and", rows).out == "prediction\n1\n"
    assert nnctl("predict", "and", rows, "--with-input", *form) == Outcome(
        3, "", "note: not among the run's features, so ignored: column `prediction`\n"
        "error: rows.csv: has a column `prediction` already; rename it, "
        "or leave --with-input out\n",
    )  # fmt: skip


def test_json_is_an_object_a_line(runs: Path) -> None:
    rows = written("rows.csv", "x1,x2,né\n1,1,a\n0,1,b\n")
    assert nnctl("predict", "and", rows, "--json").out == '{"prediction": "1"}\n' + (
        '{"prediction": "0"}\n'
    )
    assert nnctl("predict", "and", rows, "--json", "--with-input").out.splitlines()[0] == (
        '{"x1": "1", "x2": "1", "né": "a", "prediction": "1"}'
    )
    lines = nnctl("predict", "demand", DATASETS / "demand.csv", "--json").out.splitlines()
    assert len(lines) == 400
    assert [*json.loads(lines[0])] == DEMAND_NAMES
    assert all(type(value) is float for value in json.loads(lines[0]).values())


def test_several_targets_have_a_column_each(runs: Path) -> None:
    rows = table(nnctl("predict", "demand", DATASETS / "demand.csv").out)
    assert [*rows[0]] == DEMAND_NAMES
    assert len(rows) == 400


def test_columns_are_found_by_name_whatever_else_there_is(runs: Path) -> None:
    names = ["temperature", "weekday", "price", "promotion"]
    straight = nnctl("predict", "demand", DATASETS / "demand.csv").out
    backwards = columns_of("demand.csv", ["revenue", *reversed(names)])
    assert nnctl("predict", "demand", "-", stdin=backwards) == Outcome(0, straight, "")


def test_every_missing_column_is_named(runs: Path) -> None:
    rows = written("rows.csv", "x1,X_2\n1,1\n")
    assert nnctl("predict", "and", rows) == Outcome(
        3, "", "error: rows.csv: there is no column `x2`; did you mean `X_2`?\n"
    )
    nothing = nnctl("predict", "and", written("rows.csv", "a\n1\n"))
    assert [line.rpartition(";")[0] for line in nothing.err.splitlines()] == [
        "error: rows.csv: there is no column `x1`",
        "error: rows.csv: there is no column `x2`",
    ]


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_file_for_another_run_is_one_error(runs: Path, command: str) -> None:
    outcome = nnctl(command, "iris", written("rows.csv", "petal,x\n1,1\n"))
    target = ", `species`" if command == "evaluate" else ""
    assert outcome == Outcome(
        3,
        "",
        f"error: rows.csv: {5 if target else 4} columns are missing: `sepal_length`, "
        f"`sepal_width`, `petal_length`, `petal_width`{target}; the data has `petal`, `x`; is this "
        f"the right run? ({runs}/iris)\n",
    )


def test_a_row_has_the_same_bytes_alone_and_among_others(runs: Path) -> None:
    header, *rows = columns_of("iris.csv", ["sepal_length", "sepal_width", "petal_length",
                                            "petal_width"]).splitlines()  # fmt: skip
    whole = nnctl("predict", "iris", "-", "--proba", stdin="\n".join([header, *rows])).out
    for index in (0, 1, 77, 149):
        alone = nnctl("predict", "iris", "-", "--proba", stdin=f"{header}\n{rows[index]}\n").out
        assert alone.splitlines()[1] == whole.splitlines()[1 + index]


def test_a_stream_longer_than_a_portion_has_one_header(runs: Path) -> None:
    many = "x1,x2\n" + "1,1\n0,1\n" * 4097
    assert nnctl("predict", "and", "-", stdin=many).out == "prediction\n" + "1\n0\n" * 4097


def test_output_goes_to_the_file_alone(runs: Path) -> None:
    rows = written("rows.csv", AND_ROWS)
    assert nnctl("predict", "and", rows, "-o", "out.csv") == Outcome(0, "", "")
    assert Path("out.csv").read_text() == AND_PREDICTED


def test_output_is_whole_or_not_touched(runs: Path) -> None:
    written("out.csv", "good\n")
    bad = "x1,x2\n" + "1,1\n" * 5000 + "1,oops\n"
    outcome = nnctl("predict", "and", "-", "-o", "out.csv", stdin=bad)
    assert outcome.code == 3
    assert outcome.err.startswith("error: <stdin>:5002:2: input `x2` ")
    assert Path("out.csv").read_text() == "good\n"
    assert [path.name for path in Path().iterdir()] == ["out.csv"]


def test_an_output_that_cannot_be_written_is_named(runs: Path) -> None:
    outcome = nnctl("predict", "and", "-o", "nowhere/out.csv")
    assert (outcome.code, outcome.out) == (7, "")
    assert "error: nowhere/out.csv: cannot be written" in outcome.err


def test_standard_input_is_read_in_the_encoding_of_the_config() -> None:
    Path("rows.csv").write_bytes("é,label\n0,a\n1,b\n".encode("latin-1"))
    written(
        "run.yaml",
        "data: {source: rows.csv, target: label, encoding: latin-1}\n"
        "loss: binary_cross_entropy\ntraining: {epochs: 1, batch_size: full}\n",
    )
    assert nnctl("train", "run.yaml", "--quiet", "--no-plots").code == 0
    from_file = nnctl("predict", "rows.csv", "--with-input")
    assert from_file.out.startswith("é,label,prediction\n0,a,")
    for locale in ("C", "C.UTF-8"):
        command = f"LC_ALL={locale} nnctl predict - --with-input"
        assert bash(f"{command} < rows.csv") == Outcome(0, from_file.out, "")


def test_a_reader_that_stops_early_ends_it_quietly(runs: Path) -> None:
    many = written("many.csv", "x1,x2\n" + "1,1\n" * 50_000)
    script = f"nnctl predict and {many} | head -1; echo ${{PIPESTATUS[*]}}"
    assert bash(f"set -o pipefail; {script}") == Outcome(0, "prediction\n0 0\n", "")
    script = f"nnctl predict and - < {many} | head -1"
    assert bash(f"set -o pipefail; {script}") == Outcome(0, "prediction\n", "")


def test_a_pipe_of_the_shell_is_an_input(runs: Path) -> None:
    assert bash("nnctl predict <(printf 'x\\n5\\n')") == Outcome(0, "prediction\n11.0\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("command", ["predict and", "evaluate and"])
def test_a_full_disk_behind_stdout_is_one_line(runs: Path, command: str) -> None:
    outcome = bash(f"nnctl {command} > /dev/full")
    assert outcome.code == 7
    assert outcome.err.splitlines()[-1] == (
        "error: <stdout>: cannot be written (No space left on device); check where the output goes"
    )
    assert "Traceback" not in outcome.err


def test_the_input_is_not_written_over(runs: Path) -> None:
    rows = Path("rows.csv")
    rows.write_text("x1,x2\n0,1\n")
    outcome = nnctl("predict", "and", "rows.csv", "-o", "./rows.csv")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == "error: --output is the input itself (rows.csv); name another file\n"
    assert rows.read_text() == "x1,x2\n0,1\n"


def test_a_run_that_did_not_end_well_says_so(samples: Path) -> None:
    optimizer = "optimizer={name: sgd, learning_rate: 1e10}"
    assert nnctl("train", "demand.yaml", "--set", optimizer, "--quiet").code == 5
    outcome = nnctl("predict", "demand")
    assert outcome.code == 0
    assert "note: training of runs/demand diverged; its best epoch is" in outcome.err
