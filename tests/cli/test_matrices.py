from __future__ import annotations

import pytest
from rich.cells import cell_len

from nnctl.cli.matrices import Matrix, aligned, shortened


def test_numbers_stand_point_under_point() -> None:
    cells = [1.5, -20.0, 300.25, None, "text", -0.0, 1e-7]
    assert aligned(cells, 6) == [
        "    1.5 ",
        "  -20   ",
        "  300.25",
        "        ",
        "text    ",
        "    0   ",
        "1e-07   ",
    ]


def test_digits_are_significant_ones() -> None:
    assert aligned([123.456789, 0.0012345], 3) == ["123      ", "  0.00123"]


def test_whole_numbers_have_all_of_their_digits() -> None:
    assert aligned([12345678, 7, None], 6) == ["12,345,678", "         7", "          "]


def test_off_a_terminal_a_whole_table_has_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    matrix = Matrix("", [f"column {n}" for n in range(40)], whole=True)
    matrix.add(["line"], [["x" * 20] * 40], 1, "lines")
    (line,) = (line for line in written(matrix, capsys) if line.startswith("  line"))
    assert line.split() == ["line", *["x" * 20] * 40]


def written(matrix: Matrix, capsys: pytest.CaptureFixture[str]) -> list[str]:
    matrix.write(6)
    return capsys.readouterr().out.splitlines()


def test_columns_without_room_are_left_out_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    matrix = Matrix("title", [f"column {n}" for n in range(20)], ("a = b; c = d",), corner="row")
    for what in ("z", "a"):
        matrix.add([f"{what} {n}" for n in range(5)], [[1.0] * 20] * 5, 2, "rows")
    lines = written(matrix, capsys)
    assert lines[:3] == ["title", "  a = b", "  c = d"]
    assert max(map(len, lines)) <= 100
    assert [line.split()[:2] for line in lines[5:9]] == [
        ["z", "0"],
        ["z", "1"],
        ["a", "0"],
        ["a", "1"],
    ]
    assert lines[-2] == "left out: 3 of 5 rows, 12 of 20 units (--json has all)"


def test_a_few_columns_that_are_no_units_are_left_out_by_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    matrix = Matrix("title", ["a", "b" * 40, "c" * 50, "d"], things="columns")
    matrix.add(["line"], [[1.0] * 4], 1, "lines")
    lines = written(matrix, capsys)
    assert lines[-2] == f"left out: columns {'c' * 50}, d (--json has all)"


def test_wide_characters_take_two_places(capsys: pytest.CaptureFixture[str]) -> None:
    matrix = Matrix("title", [f"{number}{'温度' * 5}" for number in range(9)])
    matrix.add(["线"], [[1.0] * 9], 1, "lines")
    lines = written(matrix, capsys)
    assert max(map(cell_len, lines)) <= 100
    assert sum(line.count("温度" * 5) for line in lines) == 3
    assert lines[-2] == "left out: 6 of 9 units (--json has all)"


@pytest.mark.parametrize("name", ["short", "x" * 24, "温度" * 6])
def test_a_name_with_room_is_shown_whole(name: str) -> None:
    assert shortened(name) == name


@pytest.mark.parametrize("name", ["ab" * 35, "温度" * 7, "a" + "温度" * 15])
def test_a_long_name_loses_its_middle(name: str) -> None:
    head, tail = shortened(name).split("…")
    assert 22 <= cell_len(head) + 1 + cell_len(tail) <= 24
    assert name.startswith(head.rstrip())
    assert name.endswith(tail.lstrip())


def test_a_matrix_that_is_continued_leaves_no_column_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    matrix = Matrix("title", [f"c{n}" for n in range(40)], continued=True)
    matrix.add(["line"], [[float(n) for n in range(40)]], 1, "lines")
    lines = written(matrix, capsys)
    headings = [word for line in lines for word in line.split() if word.startswith("c")]
    assert headings == [f"c{n}" for n in range(40)]
    assert max(map(len, lines)) <= 100
    assert not any("left out" in line for line in lines)


def test_even_the_widest_column_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    matrix = Matrix("title", ["x" * 300, "y"], continued=True)
    matrix.add(["line"], [[1.0, 2.0]], 1, "lines")
    text = "".join(written(matrix, capsys))
    assert text.count("x") == 300
    assert "y" in text


def test_what_stands_in_a_table_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    matrix = Matrix("\x1b[31m", ["[red]\n"], ("f = \x07",))
    matrix.add(["\x1b[0m"], [[1.0]], 1, "lines")
    text = "\n".join(written(matrix, capsys))
    for shown in ("\\x1b[31m", "[red]\\n", "f = \\x07", "\\x1b[0m"):
        assert shown in text
