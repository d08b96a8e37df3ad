"""Tables with cells that no program expects: each command does its work, or says why it cannot."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.cli.commands import Outcome, nnctl
from tests.robustness.searching import fresh_directory, search

TABLE = "rows.csv"
DONE, REFUSED, BAD_DATA = 0, 2, 3
LEAST_TRAINED = 0.25  # the share of tables that must get as far as that

KINDS: dict[str, Callable[[int], str]] = {  # what a column holds, by the row's number
    "number": lambda n: f"{n * n % 7}.{n}",
    "integer": lambda n: str(n % 3),
    "word": lambda n: ("north", "south", "east")[n % 3],
    "answer": lambda n: ("yes", "no")[n % 2],
    "name": lambda n: f"id{n}",
    "one": lambda _: "1",
    "nothing": lambda _: "",
}
HOSTILE = (
    *("", " ", '"', '""', '"a', 'a"b', "'", ",", ";", "\t", "|", "\\", "#", "a,b", '","'),
    *("\n", "\r", "\r\n", "a\nb", "\x00", "\ufeff", "\x1b[31m", "\x0b", "\x0c", "\x1c", "\x85"),
    *("\u2028", "\u202e", "\u00a0", "e\u0301", "\u00e9", "\U0001f427", "\uffff", "\x7f"),
    *("\uff11\uff12", "\u0663", "\u00b2", "\u00bd", "\u2212" + "1", "1\u00a0000"),
    *("1e309", "1e308", "-1e308", "1e38", "1e-320", "5e-324", "-0", "9" * 400, "0" * 300 + "1"),
    *("inf", "-Infinity", "nan", "NA", "null", "None", "1_000", "0x10", "1,5", "1.5.2", "+1", "1e"),
    *("=1+1", "=cmd|' /C calc'!A0", "@SUM(A1)", "-1+1", "true", "FALSE", "2001-02-03", "[31]"),
    *("x" * 5000, "{}", "${HOME}", "%s", "&x", "*x", "!!python/object", "~", "? x", ": y", "x2"),
)
cell = st.sampled_from(HOSTILE)


@dataclass(frozen=True)
class Format:
    """How cells become bytes."""

    delimiter: str = ","
    quoting: str = "where needed"  # or everywhere, nowhere
    line_end: str = "\n"
    encoding: str = "utf-8"
    beginning: bytes = b""
    end: bytes = b""

    def written(self, rows: list[list[str]]) -> bytes:
        """Return the bytes of a file of these rows."""
        if self.quoting == "nowhere":
            lines = [self.delimiter.join(row) for row in rows]
            text = self.line_end.join([*lines, ""])
        else:
            stream = io.StringIO()
            everywhere = self.quoting == "everywhere"
            csv.writer(
                stream,
                delimiter=self.delimiter,
                lineterminator=self.line_end,
                quoting=csv.QUOTE_ALL if everywhere else csv.QUOTE_MINIMAL,
            ).writerows(rows)
            text = stream.getvalue()
        return self.beginning + text.encode(self.encoding, errors="replace") + self.end


usual_formats = st.builds(Format, quoting=st.sampled_from(["where needed", "everywhere"]))
formats = usual_formats | st.builds(
    Format,
    delimiter=st.sampled_from([",", ",", ",", ";", "\t", "|"]),
    quoting=st.sampled_from(["where needed", "where needed", "everywhere", "nowhere"]),
    line_end=st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8"] * 5 + ["latin-1", "utf-16"]),
    beginning=st.sampled_from([b""] * 6 + [b"\xef\xbb\xbf", b"\n", b"\x00", b"PK\x03\x04"]),
    end=st.sampled_from([b""] * 6 + [b"\n\n", b"\xff", b'"', b"1,2", b"\x1a"]),
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    """Draw a header and its rows: columns of some kinds, with hostile cells here and there."""
    kinds = draw(st.lists(st.sampled_from([*KINDS]), min_size=1, max_size=5))
    target = draw(st.sampled_from(["number", "integer", "word", "answer"]))
    columns = [*kinds, target] * draw(st.sampled_from([1] * 9 + [60]))
    n_rows = draw(st.sampled_from([30] * 8 + [5, 2, 1, 0]))
    rows = [[f"x{n}" for n in range(len(columns))]]
    rows += [[KINDS[kind](n) for kind in columns] for n in range(n_rows)]
    places = st.tuples(st.integers(0, n_rows), st.integers(0, len(columns) - 1), cell)
    for row, column, text in draw(st.lists(places, min_size=1, max_size=4)):
        rows[row][column] = text
    return rows


def ended(allowed: tuple[int, ...], *words: object) -> Outcome:
    """Run a command that may end so and not otherwise."""
    outcome = nnctl(*words)
    assert outcome.code in allowed, (words, outcome)
    assert "Traceback" not in outcome.err
    if outcome.code != DONE:
        assert outcome.out == ""
        assert any(line.startswith("error: ") for line in outcome.err.splitlines())
    return outcome


def rows_predicted(content: bytes, target: str) -> int | None:
    """Make a config for a table, train, predict and evaluate; None where there is no config."""
    with fresh_directory():
        Path(TABLE).write_bytes(content)
        options = ("--target", target, "-o", "run.yaml")
        if ended((DONE, REFUSED, BAD_DATA), "init", TABLE, *options).code != DONE:
            return None
        brief = ("--quiet", "--no-plots", "--set", "training.epochs=1")
        ended((DONE,), "train", "run.yaml", *brief)
        predicted = ended((DONE,), "predict", "run", TABLE, "--json").out
        rows = [json.loads(line) for line in predicted.split("\n")[:-1]]
        assert all("prediction" in row for row in rows)
        measured = ended((DONE, BAD_DATA), "evaluate", "run", TABLE, "--json")
        assert measured.code == BAD_DATA or json.loads(measured.out)["rows"] == len(rows)
        ended((DONE,), "predict", "run", TABLE, "--with-input", "-o", "out.csv")
        return len(rows)


def test_a_table_with_hostile_cells_is_learnt_or_refused_in_words() -> None:
    endings: Counter[bool] = Counter()

    @search(100)
    @given(tables(), formats)
    def learnt_or_refused(rows: list[list[str]], form: Format) -> None:
        predicted = rows_predicted(form.written(rows), rows[0][-1])
        endings[predicted is not None] += 1
        whole = form.quoting != "nowhere" and not form.end and len(rows[0]) > 1
        if predicted is not None and whole:
            assert predicted == len(rows) - 1

    learnt_or_refused()
    assert endings[True] >= LEAST_TRAINED * endings.total(), endings
