"""What users hand to `nnctl train` and its siblings by mistake, and what each of them gets."""

from __future__ import annotations

import csv
import json
import pickle
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from nnctl.runs import checkpoint as checkpoints
from tests.cli.commands import LONG_ENOUGH, environment, nnctl

XOR = "data: {generator: xor}\nloss: binary_cross_entropy\n" + (
    "training: {epochs: 1, batch_size: full}\n"
)
MISTAKES = Path("run.yaml")

# What follows a good config of two lines, or replaces it -> the error without the file's name.
BAD_CONFIGS: dict[str, str] = {
    # 1: not YAML at all
    "seed: [1": "4:1: not valid YAML: expected ',' or ']', but got '<stream end>' while parsing a "
    "flow sequence that begins in line 3",
    "training:\n\tepochs: 1": "4:1: not valid YAML: a tab cannot begin a token; indent with spaces",
    # 3: a key that there is not
    "epochs: 3": "3:1: unknown key `epochs`; it belongs in `training`",
    "training: {epoch: 3}": "3:12: unknown key `epoch` in training; did you mean `epochs`?",
    # 4: a key twice
    "seed: 1\nseed: 2": "4:1: the key `seed` stood in line 3 already; keep one of them",
    # 6: what only looks like a number
    "training: {epochs: true}": "3:20: training.epochs must be an integer (received true)",
    'training: {epochs: "8"}': '3:20: training.epochs must be an integer (received "8"); '
    "take the quotes away",
    # 7: words that YAML 1.1 takes for booleans, and times
    "training: {shuffle: no}": '3:21: training.shuffle must be true or false (received "no")',
    "training: {shuffle: on}": '3:21: training.shuffle must be true or false (received "on")',
    "training: {epochs: 1:30}": '3:20: training.epochs must be an integer (received "1:30"); '
    "take the quotes away",
    # 8: numbers that are none
    "optimizer: {learning_rate: .inf}": "3:28: optimizer.learning_rate must be a finite number "
    "(received .inf)",
    "optimizer: {learning_rate: .nan}": "3:28: optimizer.learning_rate must be a finite number "
    "(received .nan)",
    # 9: outside the range
    "optimizer: {learning_rate: 0}": "3:28: optimizer.learning_rate must be greater than 0 "
    "(received 0)",
    "optimizer: {learning_rate: -1}": "3:28: optimizer.learning_rate must be greater than 0 "
    "(received -1)",
    "training: {epochs: 0}": "3:20: training.epochs must be at least 1 (received 0)",
    "training: {batch_size: 0}": "3:24: training.batch_size must be an integer of at least 1, "
    "or `full` (received 0)",
    "model: {hidden: [{units: -1}]}": "3:26: model.hidden.0.units must be at least 1 (received -1)",
    # 11: code
    "seed: !!python/object/apply:os.system ['touch owned']": "3:7: the tag "
    "`!!python/object/apply:os.system` is not read; leave it out",
    # 12: what does not go together
    "model: {output: {activation: tanh}}": "3:30: model.output.activation: binary_cross_entropy "
    "needs a probability of its own from each unit, which tanh does not give; "
    "write `activation: sigmoid`",
    "model: {output: {units: 2}}": "3:25: model.output.units: binary_cross_entropy takes one unit "
    "(received 2); write `units: 1`, or `activation: softmax` and "
    "`loss: categorical_cross_entropy`",
    "model: {hidden: [{units: 4, activation: step}]}": "3:41: model.hidden.0.activation: the "
    "derivative of step is zero, so that nothing before it can learn; "
    "write `activation: sigmoid` or `relu`",
    # 15: names that lead elsewhere
    "name: ../x": "3:7: name must be 1 to 100 letters, digits, `.`, `_` or `-`, beginning with "
    'a letter or a digit (received "../x")',
}  # fmt: skip
WHOLE_CONFIGS: dict[str, str] = {
    # 2: nothing, or no mapping
    "": "1:1: the file is empty; expected a mapping",
    "- a\n- b\n": "1:1: expected a mapping (received a list)",
    "3\n": "1:1: expected a mapping (received 3)",
    # 12
    "data: {generator: xor}\nloss: categorical_cross_entropy\n"
    "model: {output: {activation: softmax, units: 1}}\n": "3:46: model.output.units: softmax over "
    "one unit is always 1; write `units: 2` or more, or `activation: sigmoid` and "
    "`loss: binary_cross_entropy`",
}
BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{level}: &a{level} [*a{level - 1}, *a{level - 1}]\n" for level in range(1, 30)
)
# 10: what is too much for a reader -> a part of the error
TOO_MUCH = {
    "an alias bomb": (BOMB, "an alias such as `*name` is not read"),
    "deep nesting": ("a: " + "[" * 10_000, "more than 20 levels deep"),
    "a number of 5,000 digits": ("seed: " + "9" * 5000, "an integer of 5,000 digits"),
    "a file of 100 MB": ("#" + " " * 100_000_000, "a config has at most 1,048,576 bytes"),
}
RUN_NAMES = ["../x", "/x", ".hidden", "x" * 300, "a\x1b[31mb", "a\nb", ""]

GOOD_ROWS = "a,b,y\n1,2,p\n2,1,q\n3,4,p\n4,3,q\n"
CLASSIFIED = "data: {{source: rows.csv, target: y{more}}}\nloss: categorical_cross_entropy\n" + (
    "training: {{epochs: 1, batch_size: full}}\n"
)
REGRESSED = "data: {source: rows.csv, target: y, task: regression}\nloss: mean_squared_error\n"


def instead(cell: str) -> str:
    """Return the good rows with another cell in line 4, column 1."""
    return GOOD_ROWS.replace("3,4", f"{cell},4")


# Rows, more of the `data` section -> the error without the file's name.
BAD_ROWS: dict[str, tuple[str | bytes, str, str]] = {
    "19 empty": ("", "", " the data is empty; write the columns' names in the first line, and rows "
                 "below"),
    "19 header": ("a,b,y\n", "", " the data has a header but no rows; write a row below it"),
    "19 few": (GOOD_ROWS, ", split: {test: 0.01}", " there are too few rows for the split "
               "(received 4): test has a share of 0.01 and gets none; add rows, or change `split`"),
    "21 latin-1": (GOOD_ROWS.replace("p", "é").encode("latin-1"), "", " byte 10 is not utf-8 text "
                   "(received 0xe9); name the file's encoding, perhaps with `encoding: latin-1`"),
    "21 utf-16": (b"\xff\xfe" + GOOD_ROWS.encode("utf-16-le"), "", " byte 0 is not utf-8 text "
                  "(received 0xff); name the file's encoding, perhaps with `encoding: utf-16`"),
    "22 NUL": (instead("3\0"), "", "4: the line holds a NUL byte; is this a text file? "
               "UTF-16 needs `encoding:`"),
    "23 ragged": (instead("3,3"), "", "4: the row has the wrong number of cells (expected 3, "
                  "received 4); quote a cell that holds the delimiter"),
    "24 quote": (instead('"3'), "", "4: a quote that opens in this row never closes; close it"),
    "25 twice": (GOOD_ROWS.replace("a,b", "a,a"), "", "1:2: column 1 is called `a` too; "
                 "rename one of them"),
    "26 target": (GOOD_ROWS.replace("y", "Y"), "", " there is no column `y`; did you mean `Y`?"),
    "26 feature": (GOOD_ROWS, ", features: [size]", " there is no column `size`; "
                   "the columns are `a`, `b`, `y`"),
    "27 delimiter": (GOOD_ROWS.replace(",", ";"), ', delimiter: ","', "1: the header holds a "
                     'semicolon but no `,`; write `delimiter: ";"`, or leave `delimiter` out'),
    "28 NaN": (instead("nan"), "", "4:1: feature `a` has a missing value (received `nan`); "
               "fill it in, or remove the row"),
    "28 blank": (instead(""), "", "4:1: feature `a` has a missing value (received a blank cell); "
                 "fill it in, or remove the row"),
    "28 NA": (instead("NA"), "", "4:1: feature `a` has a missing value (received `NA`); "
              "fill it in, or remove the row"),
    "29 large": (instead("1e400"), "", "4:1: feature `a` has a number too large for float64 "
                 "(received `1e400`); rescale the column"),
    **{
        f"29 {cell}": (instead(cell), "", f"4:1: feature `a` must hold numbers (received `{cell}`);"
                       " write it with the digits 0-9, as in `-1.5e3`")
        for cell in ("inf", "1_000", "３", "0x10")
    },
    "30 comma": (instead('"1,5"'), "", "4:1: feature `a` has a number with a decimal comma "
                 "(received `1,5`); write `1.5`"),
    "32 fraction": (GOOD_ROWS.replace("p", "1").replace("q", "1.5"), "", "3:3: target `y` holds no "
                    "class but a number (received 1.5); write whole numbers or text, or "
                    "`task: regression` with a loss for it"),
    "33 one class": (GOOD_ROWS.replace("q", "p"), "", " target `y` holds one class only (`p`); "
                     "a classification needs rows of at least two"),
    "33 one row": (GOOD_ROWS + "5,5,r\n", ", split: {test: 0.4}", " a stratified split cannot "
                   "divide a class of one row (received `r`); add rows, remove them, or write "
                   "`stratify: false` in `split`"),
}  # fmt: skip
# What is odd and yet clear, and more of the `data` section.
ODD_ROWS: dict[str, tuple[bytes, str]] = {
    "20 BOM": (b"\xef\xbb\xbf" + GOOD_ROWS.encode(), ""),
    "20 CRLF": (GOOD_ROWS.replace("\n", "\r\n").encode(), ""),
    "20 no newline": (GOOD_ROWS.strip().encode(), ""),
    "20 blank end": (GOOD_ROWS.encode() + b"\n\n", ""),
    "20 spaces": (GOOD_ROWS.replace(",", ", ").encode(), ""),
    "21 utf-16": (GOOD_ROWS.encode("utf-16"), ", encoding: utf-16"),
    "21 latin-1": (GOOD_ROWS.encode("latin-1"), ", encoding: latin-1"),
    "27 semicolons": (GOOD_ROWS.replace(",", ";").encode(), ""),
    "27 tabs": (GOOD_ROWS.replace(",", "\t").encode(), ""),
}
STRANGE = ["[red]", "$$", "<script>alert(1)</script>", "\x1b[31mred", "two\nlines"]


def refused(code: int, *options: str) -> list[str]:
    """Train what cannot be trained; return its errors after it has left nothing behind."""
    before = sorted(Path().iterdir())
    outcome = nnctl("train", "run.yaml", *options)
    assert (outcome.code, outcome.out) == (code, "")
    assert sorted(Path().iterdir()) == before
    lines = outcome.err.splitlines()
    assert lines
    assert all(line.startswith("error: ") for line in lines)
    return [line.removeprefix("error: ") for line in lines]


def trained(*options: str, runs_dir: str = "runs") -> str:
    """Train what is odd and yet right; return what was said."""
    common = ("--quiet", "--no-plots", "--runs-dir", runs_dir)
    outcome = nnctl("train", "run.yaml", *common, *options)
    assert (outcome.code, outcome.out) == (0, f"{runs_dir}/run\n")
    return outcome.err


@pytest.mark.parametrize("addition", BAD_CONFIGS)
def test_a_bad_config_is_told_with_its_place(addition: str) -> None:
    MISTAKES.write_text(f"data: {{generator: xor}}\nloss: binary_cross_entropy\n{addition}\n")
    assert f"run.yaml:{BAD_CONFIGS[addition]}" in refused(2)


@pytest.mark.parametrize("text", WHOLE_CONFIGS)
def test_a_config_of_another_kind_is_told(text: str) -> None:
    MISTAKES.write_text(text)
    assert refused(2) == [f"run.yaml:{WHOLE_CONFIGS[text]}"]


def test_numbers_are_read_as_yaml_1_2_has_them() -> None:
    MISTAKES.write_text(XOR + "seed: 010\noptimizer: {learning_rate: 1e-3}\n")  # rows 5 and 7
    assert trained() == ""
    kept = Path("runs/run/config.yaml").read_text()
    assert "\nseed: 10\n" in kept
    assert "learning_rate: 0.001" in kept


@pytest.mark.parametrize("text", TOO_MUCH)
def test_what_is_too_much_is_refused_soon_and_in_little_memory(text: str) -> None:
    content, message = TOO_MUCH[text]
    MISTAKES.write_text(content)
    del content
    nnctl("train", "none.yaml")  # what is imported now need not be counted
    began = time.monotonic()
    errors = refused(2)
    assert time.monotonic() - began < 1
    assert any(message in error for error in errors)
    tracemalloc.start()
    refused(2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30e6


def test_a_batch_larger_than_the_data_is_one_batch_and_said_once() -> None:
    MISTAKES.write_text(XOR)
    assert trained("--set", "training.batch_size=1000", "--set", "training.epochs=3") == (
        "note: training.batch_size is 1000, more than the 4 training rows: "
        "every epoch is one batch of them all\n"
    )


@pytest.mark.parametrize("units", [10_000_000, 10**18])
def test_a_network_larger_than_memory_is_never_allocated(units: int) -> None:
    MISTAKES.write_text(XOR + f"model: {{hidden: [{{units: {units}}}, {{units: {units}}}]}}\n")
    tracemalloc.start()
    errors = refused(2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "units" in errors[0]
    assert "iB" in errors[0]  # GiB, TiB, PiB, ...
    assert peak < 30e6


@pytest.mark.parametrize("name", RUN_NAMES)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    MISTAKES.write_text(XOR)
    (error,) = refused(2, "--name", name)
    assert error.startswith("a run's name must be 1 to 100 letters, digits, `.`, `_` or `-`, ")


def test_two_trainings_at_once_never_share_a_directory() -> None:
    MISTAKES.write_text(XOR)
    command = [sys.executable, "-m", "nnctl", "train", "run.yaml", "--quiet", "--no-plots"]
    both = [
        subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outs = [process.communicate(timeout=LONG_ENOUGH)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted(outs) == ["runs/run\n", "runs/run-2\n"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("training.epoch=3", "unknown key `epoch` in training; did you mean `epochs`?"),
        ("epochs", "expected KEY=VALUE, such as training.epochs=50"),
        ("=3", "expected KEY=VALUE, such as training.epochs=50"),
        ("training.epochs=[", "not valid YAML: expected the node content, but found "
         "'<stream end>' while parsing a flow node (column 2 of the value)"),
        ("training.epochs=0", "training.epochs must be at least 1 (received 0)"),
    ],
)  # fmt: skip
def test_a_wrong_override_names_its_option(option: str, message: str) -> None:
    MISTAKES.write_text(XOR)
    assert refused(2, "--set", option) == [f"--set {option}: {message}"]


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows_are_told_with_their_place(case: str) -> None:
    rows, more, error = BAD_ROWS[case]
    Path("rows.csv").write_bytes(rows if isinstance(rows, bytes) else rows.encode())
    MISTAKES.write_text(CLASSIFIED.format(more=more))
    assert refused(3) == [f"{Path('rows.csv').resolve()}:{error}"]


@pytest.mark.parametrize("case", ODD_ROWS)
def test_odd_rows_are_read_like_good_ones(case: str) -> None:
    rows, more = ODD_ROWS[case]
    Path("rows.csv").write_bytes(rows)
    MISTAKES.write_text(CLASSIFIED.format(more=more))
    assert trained() == ""
    Path("rows.csv").write_text(GOOD_ROWS)
    MISTAKES.write_text(CLASSIFIED.format(more=""))
    assert trained(runs_dir="good") == ""
    histories = [Path(runs, "run/metrics.csv").read_bytes() for runs in ("runs", "good")]
    assert histories[0] == histories[1]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no.csv", "the data does not exist; check the path"),
        ("run.yml", "the data does not exist; did you mean `run.yaml`?"),
        ("no/a.csv", "the data does not exist, nor does the directory HERE/no"),
        (".", "the data is a directory; name a CSV file in it"),
    ],
)  # fmt: skip
def test_data_that_is_not_there_is_named(source: str, message: str) -> None:
    MISTAKES.write_text(CLASSIFIED.format(more=""))
    path = Path(source).absolute() if source != "." else Path.cwd()
    expected = f"{path}: {message.replace('HERE', str(Path.cwd()))}"
    assert refused(3, "--set", f"data.source={source}") == [expected]


def test_text_is_no_target_of_a_regression() -> None:
    Path("rows.csv").write_text(GOOD_ROWS)
    MISTAKES.write_text(REGRESSED)
    (error,) = refused(3)
    assert error.startswith(
        f"{Path('rows.csv').resolve()}:2:3: target `y` holds text (received `p`)"
    )


def test_constant_features_are_listed_once_and_scaled_by_one() -> None:
    Path("rows.csv").write_text("a,b,c,y\n1,2,0,p\n1,1,0,q\n1,4,0,p\n1,3,0,q\n")
    MISTAKES.write_text(CLASSIFIED.format(more=""))
    note = "note: constant in the training rows, so scaled by 1: features `a`, `c`\n"
    assert trained() == note
    assert "nan" not in Path("runs/run/metrics.csv").read_text()


def damaged(data: bytes, damage: str) -> bytes:
    """Return a checkpoint's bytes after something has happened to them."""
    return {
        "truncated": data[: len(data) // 2],
        "empty": b"",
        "flipped": data[:500] + bytes([data[500] ^ 1]) + data[501:],
        "a pickle": pickle.dumps({"weights": [1.0, 2.0]}),
    }[damage]


@pytest.mark.parametrize("damage", ["truncated", "empty", "flipped", "a pickle"])
@pytest.mark.parametrize("command", ["predict", "evaluate", "plot-boundary"])
def test_a_damaged_checkpoint_is_never_used(command: str, damage: str) -> None:
    MISTAKES.write_text(XOR)
    assert trained() == ""
    best = Path("runs/run/checkpoints/best.npz")
    best.write_bytes(damaged(best.read_bytes(), damage))
    outcome = nnctl(command, "run")
    assert (outcome.code, outcome.out) == (4, "")
    assert outcome.err.startswith(f"error: {best}: ")
    assert outcome.err.count("\n") == 1


def test_a_pickle_in_numpys_own_clothes_is_never_unpickled() -> None:
    MISTAKES.write_text(XOR)
    assert trained() == ""
    best = Path("runs/run/checkpoints/best.npz")
    np.savez(best, parameters=np.array([Trap()], dtype=object))
    outcome = nnctl("predict", "run")
    assert (outcome.code, outcome.out) == (4, "")
    assert not Path("owned").exists()


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("owned").absolute(),)


def test_a_checkpoint_of_a_newer_format_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    MISTAKES.write_text(XOR)
    assert trained() == ""
    best = Path("runs/run/checkpoints/best.npz")
    written = checkpoints.read_checkpoint(best)
    with monkeypatch.context() as later:
        later.setattr(checkpoints, "FORMAT", checkpoints.FORMAT + 1)
        later.setattr(checkpoints, "OLDEST_READER", "7.8.9")
        checkpoints.save_checkpoint(best, written)
    outcome = nnctl("predict", "run")
    assert (outcome.code, outcome.out) == (4, "")
    assert "needs nnctl 7.8.9 or newer: upgrade nnctl" in outcome.err


def test_strange_names_are_shown_literally_everywhere() -> None:
    first, second, target, *classes = STRANGE
    rows = [[first, second, target], ["0", "1", classes[0]], ["1", "0", classes[1]]]
    with Path("rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    data = {"source": "rows.csv", "target": target}
    config = {"data": data, "loss": "binary_cross_entropy", "training": {"epochs": 1}}
    MISTAKES.write_text(json.dumps(config))
    outcome = nnctl("train", "run.yaml", "--set", "training.batch_size=full")
    assert outcome.code == 0
    shown = nnctl("evaluate", "run").out
    for text in (outcome.err, shown, nnctl("check", "run.yaml").out):
        assert "\x1b" not in text
    assert "  two\\nlines  " in shown
    assert "  \\x1b[31mred  " in shown
    predicted = nnctl("predict", "run", "--with-input", "--json").out.splitlines()
    assert [[*json.loads(line)] for line in predicted] == [[*STRANGE[:3], "prediction"]] * 2
    assert nnctl("plot-boundary", "run", "-o", "b.svg").code == 0
    assert "<script>" not in Path("b.svg").read_text()
