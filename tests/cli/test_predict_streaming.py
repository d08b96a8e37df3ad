"""`nnctl predict` on more rows than it holds at once, and in other formats than CSV."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.cli.commands import LONG_ENOUGH, Outcome, bash, environment, nnctl
from tests.mixed import NAMES, ROWS, mixed_csv, mixed_settings

AND_ROWS = "x1,x2\n1,1\n0,1\n"
MANY = 2**16  # rows of two columns, more than a chunk has
FORMS = {
    "csv": b"prediction\n1\n0\n",
    "jsonl": b'{"prediction": "1"}\n{"prediction": "0"}\n',
}
MEASURED = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "nnctl", "predict", "and", sys.argv[1]],
               stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Train on rows with columns of every kind, which stand in the file."""
    Path("mixed.yaml").write_text(json.dumps(mixed_settings(tmp_path)))
    assert nnctl("train", "mixed.yaml", "--quiet", "--no-plots").code == 0
    return tmp_path / "mixed.csv"


def written(name: str, text: str) -> str:
    Path(name).write_text(text)
    return name


def started(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "nnctl", *arguments],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


def test_what_has_been_read_is_predicted_before_more_is_there(runs: Path) -> None:
    with started("predict", "and", "-") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        impatient = threading.Timer(LONG_ENOUGH, process.kill)
        impatient.start()
        rows = b"x1,x2\n" + b"1,1\n0,1\n" * MANY
        writer = threading.Thread(target=process.stdin.write, args=(rows,))
        writer.start()
        # The input is still open when these come.
        first = [process.stdout.readline() for _ in range(3)]
        assert first == [b"prediction\n", b"1\n", b"0\n"]
        rest = b"".join(process.stdout.readline() for _ in range(MANY - 2))
        writer.join(LONG_ENOUGH)
        process.stdin.close()
        rest += process.stdout.read()
        impatient.cancel()
    assert process.returncode == 0
    assert rest == (b"1\n0\n" * MANY)[4:]


@pytest.mark.parametrize("bad", ["1,oops", "1"])
def test_what_stands_before_a_bad_row_is_predicted(runs: Path, bad: str) -> None:
    rows = written("rows.csv", "x1,x2\n" + "1,1\n0,1\n" * MANY + f"{bad}\n1,1\n")
    outcome = nnctl("predict", "and", rows)
    assert outcome.code == 3
    (error,) = outcome.err.splitlines()
    assert error.startswith(f"error: rows.csv:{2 * MANY + 2}:")
    header, *predicted = outcome.out.splitlines()
    assert header == "prediction"
    assert MANY <= len(predicted) <= 2 * MANY
    assert predicted == (["1", "0"] * MANY)[: len(predicted)]
    assert nnctl("predict", "and", rows, "-o", "out.csv") == Outcome(3, "", outcome.err)
    assert not Path("out.csv").exists()
    assert [path.name for path in Path().iterdir()] == ["rows.csv"]


def test_memory_does_not_grow_with_the_file(runs: Path) -> None:
    peaks = []
    for count in (40_000, 400_000):
        rows = written("rows.csv", "x1,x2,note\n" + f"1,1,{'n' * 90}\n" * count)
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, rows],
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
            timeout=LONG_ENOUGH,
        )
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] < peaks[0] + 25  # MiB; the second file alone has 37
    assert peaks[1] < 250


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        ((), "csv"),
        (("-o", "out"), "csv"),
        (("-o", "out.csv"), "csv"),
        (("-o", "out.jsonl"), "jsonl"),
        (("-o", "out.NDJSON"), "jsonl"),
        (("--json",), "jsonl"),
        (("--json", "--format", "jsonl"), "jsonl"),
        (("--format", "jsonl", "-o", "out.csv"), "jsonl"),
        (("--json", "-o", "out.csv"), "jsonl"),
        (("--format", "csv", "-o", "out.txt"), "csv"),
        (("--json", "-o", "out.json"), "jsonl"),
    ],
)
def test_the_format_is_the_one_named_else_that_of_the_suffix(
    runs: Path, arguments: tuple[str, ...], form: str
) -> None:
    outcome = nnctl("predict", "and", written("rows.csv", AND_ROWS), *arguments)
    assert (outcome.code, outcome.err) == (0, "")
    data = Path(arguments[-1]).read_bytes() if "-o" in arguments else outcome.out.encode()
    assert data == FORMS[form]


@pytest.mark.parametrize(
    "place", ["-o out.npy", "--format npy > out.npy", "--format npy | cat > out.npy"]
)
def test_npy_holds_the_names_of_classes(runs: Path, place: str) -> None:
    rows = written("rows.csv", AND_ROWS)
    assert bash(f"nnctl predict and {rows} {place}") == Outcome(0, "", "")
    array = np.load("out.npy", allow_pickle=False)
    assert (array.dtype, array.tolist()) == ("<U1", ["1", "0"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "xlsx"), "--format must be one of csv, jsonl, npy (received xlsx)"),
        (
            ("--json", "--format", "csv"),
            "--json stands for --format jsonl (received csv); leave one out",
        ),
        (
            ("--format", "npy", "--with-input"),
            "an npy array holds predictions alone; leave --with-input out",
        ),
        (
            ("-o", "out.npy", "--with-input"),
            "an npy array holds predictions alone; leave --with-input out",
        ),
        *(
            (
                ("-o", name),
                f"--output has the suffix of no format ({name}); name it .csv, .jsonl, .ndjson, "
                ".npy, or say --format",
            )
            for name in ("out.xlsx", "out.json", "out.csv.gz")
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    runs: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert nnctl("predict", "and", *arguments) == Outcome(2, "", f"error: {message}\n")
    assert [*Path().iterdir()] == []


def test_npy_is_not_sent_to_a_terminal(runs: Path) -> None:
    ours, theirs = pty.openpty()
    with started("predict", "and", "--format", "npy", stdout=theirs) as process:
        error = process.communicate(timeout=LONG_ENOUGH)[1]
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 2
    assert error.decode() == (
        "error: npy is not for a terminal; name a file with -o, or take another --format\n"
    )


def test_npy_holds_numbers_and_probabilities_in_the_dtype_of_the_run(runs: Path) -> None:
    rows = written("rows.csv", "x\n1\n2\n3\n")
    assert nnctl("predict", "line", rows, "-o", "line.npy").code == 0
    line = np.load("line.npy")
    assert (line.dtype, line.tolist()) == ("float32", [3, 5, 7])
    assert nnctl("predict", "demand", "-o", "demand.npy").code == 0
    assert np.load("demand.npy").shape == (400, 3)
    assert nnctl("predict", "iris", "--proba", "-o", "iris.npy").code == 0
    shares = np.load("iris.npy")
    assert (shares.dtype, shares.shape) == ("float32", (45, 3))
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)


def test_output_through_a_pipe_of_the_shell(runs: Path) -> None:
    rows = written("rows.csv", "x\n1\n2\n")
    script = f"nnctl predict line {rows} --format npy -o >(cat > out.npy); wait; sleep 0.2"
    assert bash(script) == Outcome(0, "", "")
    assert np.load("out.npy").tolist() == [3, 5]


def test_the_input_is_not_written_over_under_another_name(runs: Path) -> None:
    written("rows.csv", AND_ROWS)
    Path("link.csv").symlink_to("rows.csv")
    assert nnctl("predict", "and", "rows.csv", "-o", "link.csv") == Outcome(
        2, "", "error: --output is the input itself (link.csv); name another file\n"
    )
    assert Path("rows.csv").read_text() == AND_ROWS


def test_the_data_that_a_run_was_trained_on_is_not_written_over() -> None:
    written("rows.csv", "x,y\n1,1\n2,3\n3,5\n4,7\n")
    data = "{source: rows.csv, test_source: link.csv, target: y}"
    Path("link.csv").symlink_to("rows.csv")
    written("run.yaml", f"data: {data}\nloss: mean_squared_error\ntraining: {{epochs: 1}}\n")
    assert nnctl("train", "run.yaml", "--quiet", "--no-plots").code == 0
    before = Path("rows.csv").read_bytes()
    for name in ("rows.csv", "link.csv"):
        assert nnctl("predict", "-o", name) == Outcome(
            2, "", f"error: --output is the input itself ({name}); name another file\n"
        )
        assert Path("rows.csv").read_bytes() == before


def test_cells_that_a_spreadsheet_would_run_are_never_altered(runs: Path) -> None:
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK(""x"")']
    rows = written("rows.csv", "=id,x\n" + "".join(f'"{cell}",1\n' for cell in cells))
    lines = nnctl("predict", "line", rows, "--with-input").out.splitlines()
    assert lines[0] == "=id,x,prediction"
    quoted = [*cells[:-1], f'"{cells[-1]}"']
    assert lines[1:] == [f"{cell},1,3.0" for cell in quoted]
    assert "never altered" in " ".join(nnctl("predict", "--help").out.replace("│", " ").split())


def test_own_rows_are_repeated_as_they_stand_in_their_file() -> None:
    data = "id,x,y\n007, 1.50 ,1\nb,2e0,3\nc,0.0,5\nd,4,7\n"
    written("rows.csv", data)
    written(
        "run.yaml",
        "data: {source: rows.csv, target: y, features: [x], split: {test: 0.5, shuffle: false}}\n"
        "loss: mean_squared_error\ntraining: {epochs: 1}\n",
    )
    assert nnctl("train", "run.yaml", "--quiet", "--no-plots").code == 0
    lines = nnctl("predict", "--with-input").out.splitlines()
    assert [line.rpartition(",")[0] for line in lines] == ["id,x,y", "c,0.0,5", "d,4,7"]
    assert [line.rpartition(",")[2] for line in lines] == nnctl("predict").out.splitlines()


def test_rows_that_were_made_are_repeated_as_short_numbers(runs: Path) -> None:
    header, *rows = nnctl("predict", "moons", "--with-input").out.splitlines()
    assert header == "x1,x2,label,prediction"
    assert len(rows) == 80
    assert {row.split(",")[2] for row in rows} == {"0", "1"}


def test_columns_that_are_no_features_are_listed_once(runs: Path) -> None:
    rows = written("rows.csv", "x1,label,note,x2,id\n" + "1,0,n,1,7\n" * 3)
    note = "note: not among the run's features, so ignored: columns `note`, `id`\n"
    assert nnctl("predict", "and", rows) == Outcome(0, "prediction\n1\n1\n1\n", note)


def test_columns_that_the_config_ignores_are_no_news() -> None:
    written("rows.csv", "x,w,g,i,y\n1,1,a,1,1\n2,1,b,1,3\n3,1,c,1,5\n4,1,d,1,7\n")
    written(
        "run.yaml",
        "data: {source: rows.csv, target: y, sample_weight: w, group: g, columns: {i: ignored}}\n"
        "loss: mean_squared_error\ntraining: {epochs: 1}\n",
    )
    assert nnctl("train", "run.yaml", "--quiet", "--no-plots").code == 0
    assert nnctl("predict", "rows.csv").err == ""


def test_a_value_far_outside_is_told_once_a_column(runs: Path) -> None:
    rows = written("rows.csv", "x\n3\n5000\n-4\n" + "9000\n" * (2 * MANY))
    outcome = nnctl("predict", "line", rows)
    assert outcome.code == 0
    assert outcome.err == (
        "note: `x` is 5000 in line 3, far outside the 0 to 3 of the training rows\n"
    )
    assert outcome.out.splitlines()[:4] == ["prediction", "7.0", "10001.0", "-7.0"]


def test_each_column_with_far_values_is_told(runs: Path) -> None:
    np.save("rows.npy", np.array([[0, 1], [9, 1], [0, -8.5]]))
    outcome = nnctl("predict", "and", "rows.npy")
    assert outcome == Outcome(
        0,
        "prediction\n0\n1\n0\n",
        "note: `x1` is 9 in row 2, far outside the 0 to 1 of the training rows\n"
        "note: `x2` is -8.5 in row 3, far outside the 0 to 1 of the training rows\n",
    )


def test_rows_of_every_kind_are_found_by_name_in_any_order(mixed: Path) -> None:
    straight = nnctl("predict", mixed, "--proba")
    assert straight.code == 0
    assert straight.err == ""
    order = [4, 2, 5, 0, 3, 1]
    rows = [[row[place] for place in order] for row in ROWS]
    backwards = mixed_csv(rows, [NAMES[place] for place in order])
    assert nnctl("predict", "-", "--proba", stdin=backwards) == straight


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"island": "Bisco"}, "input `island` has the category `Bisco`, which no training row has; "
         "did you mean `Biscoe`?"),
        ({"size": "huge"}, "input `size` has no `huge` in its `order`; known are `small`, "
         "`medium`, `large`"),
        ({"ringed": "maybe"}, "input `ringed` must hold true or false, yes or no, 1 or 0 "
         "(received `maybe`)"),
        ({"mass": "heavy"}, "input `mass` must hold numbers (received `heavy`); write it with the "
         "digits 0-9, as in `-1.5e3`"),
    ],
)  # fmt: skip
def test_a_cell_that_training_never_saw_is_told_with_its_place(
    mixed: Path, changes: dict[str, str], message: str
) -> None:
    (name, cell), place = next(iter(changes.items())), 0
    rows = [list(row) for row in ROWS]
    place = NAMES.index(name)
    rows[3][place] = cell
    path = written("rows.csv", mixed_csv(rows))
    assert nnctl("predict", path) == Outcome(3, "", f"error: rows.csv:5:{place + 1}: {message}\n")


def test_an_unknown_category_is_none_of_the_known_where_that_is_wished(tmp_path: Path) -> None:
    settings = mixed_settings(tmp_path, data={"unknown": "ignore"})
    Path("mixed.yaml").write_text(json.dumps(settings))
    assert nnctl("train", "mixed.yaml", "--quiet", "--no-plots").code == 0
    rows = [
        ["3750", island, "yes", "small", "39.1", "wild"] for island in ("Mars", "Venus", "Dream")
    ]
    outcome = nnctl("predict", written("rows.csv", mixed_csv(rows)), "--proba")
    out = outcome.out.splitlines()
    assert out[1] == out[2] != out[3]
    note = (
        "note: `island` has 2 rows of categories that no training row has, such as `Mars` in "
        "line 2: taken for none\n"
    )
    assert outcome.err == note
    assert note in nnctl("evaluate", "rows.csv").err


def test_unknown_categories_are_told_once_however_many_portions_have_them(tmp_path: Path) -> None:
    settings = mixed_settings(tmp_path, data={"unknown": "ignore"})
    Path("mixed.yaml").write_text(json.dumps(settings))
    assert nnctl("train", "mixed.yaml", "--quiet", "--no-plots").code == 0
    known, unknown = (["3750", name, "yes", "small", "39.1", "wild"] for name in ("Dream", "Mars"))
    rows = mixed_csv([known, *[unknown] * (2 * MANY)])
    assert nnctl("predict", "-", stdin=rows).err == (
        f"note: `island` has {2 * MANY:,} rows of categories that no training row has, such as "
        "`Mars` in line 3: taken for none\n"
    )


def test_no_colours_go_into_a_pipe(runs: Path) -> None:
    outcome = bash("FORCE_COLOR=1 TERM=xterm-256color nnctl predict and --with-input | cat")
    assert outcome.code == 0
    assert "\x1b" not in outcome.out + outcome.err
