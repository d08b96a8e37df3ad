from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.commands import nnctl, refused, trained

MISTAKES = Path("run.yaml")
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
    **{
        f"28 {name}": (instead(cell), "", f"4:1: feature `a` has a missing value (received {shown}"
                       "); fill it in, remove the row, or write `missing:`, such as `missing: "
                       "median`")
        for name, cell, shown in (("NaN", "nan", "`nan`"), ("blank", "", "a blank cell"),
                                  ("NA", "NA", "`NA`"))
    },
    "29 large": (instead("1e400"), "", "4:1: feature `a` has a number too large for float64 "
                 "(received `1e400`); rescale the column"),
    **{
        f"29 {cell}": (instead(cell), "", f"4:1: feature `a` must hold numbers (received `{cell}`);"
                       " write it with the digits 0-9, as in `-1.5e3`, or say what the column is: "
                       "`columns: {a: categorical}`, or `ignored`")
        for cell in ("inf", "1_000", "３", "0x10")
    },
    "30 comma": (instead('"1,5"'), "", "4:1: feature `a` has a number with a decimal comma "
                 "(received `1,5`); write `decimal: \",\"`, or `1.5`"),
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
        ("no.csv", "the data does not exist (written as no.csv); check the path"),
        ("tabel.csv", "the data does not exist (written as tabel.csv); did you mean `table.csv`?"),
        ("run.yml", "the data does not exist (written as run.yml); check the path"),
        ("no/a.csv", "the data does not exist (written as no/a.csv), nor does the directory "
         "HERE/no"),
        (".", "the data is a directory (written as .); name a file in it"),
    ],
)  # fmt: skip
def test_data_that_is_not_there_is_named(source: str, message: str) -> None:
    MISTAKES.write_text(CLASSIFIED.format(more=""))
    Path("table.csv").touch()
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
