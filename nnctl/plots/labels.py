"""Names that strangers wrote, as figures show them: literally, on one line, never obeyed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from nnctl.errors import printable
from nnctl.plots.style import drawable_characters

NAME_LENGTH = 32
TITLE_CHARACTERS_PER_INCH = 9.5
LEGEND_CHARACTERS_PER_INCH = 12.5
LEGEND_HANDLE_WIDTH = 9  # what a handle and its gaps take, in characters
LEGEND_ROWS = 20  # entries in a column of the legend beside an axes
MOST_ENTRIES = 2 * LEGEND_ROWS
AT_THE_END = 3  # entries that stay of the last where there are more

Place = Literal["outside lower center", "outside right center"]


def shown(text: object, length: int = NAME_LENGTH) -> str:
    r"""Return text as a figure shows it: escaped where no font has a glyph, shortened if long.

    Two class names in a script without a font would else be the same row of empty boxes.

    >>> shown("line\nbreak"), shown("abcdefghij", length=5)
    ('line\\nbreak', 'ab…ij')
    """
    drawable = drawable_characters()
    line = "".join(
        character
        if ord(character) in drawable
        else character.encode("unicode_escape").decode("ascii")
        for character in printable(text)
    )
    if len(line) <= length:
        return line
    tail = (length - 1) // 2
    return f"{line[: length - 1 - tail]}…{line[len(line) - tail :]}"


def set_title(figure: Figure, title: str) -> None:
    """Put a title over the figure, as long as its width allows."""
    figure.suptitle(shown(title, int(figure.get_figwidth() * TITLE_CHARACTERS_PER_INCH)))


def legend_below(figure: Figure, handles: Sequence[Artist], names: Sequence[str]) -> None:
    """Put a legend under the axes: in one row if it has room, else in columns of one width."""
    width = int(figure.get_figwidth() * LEGEND_CHARACTERS_PER_INCH)
    widths = [len(shown(name)) + LEGEND_HANDLE_WIDTH for name in names]
    columns = len(names) if sum(widths) <= width else max(1, width // max(widths))
    _legend(figure, handles, names, "outside lower center", columns)


def legend_beside(figure: Figure, handles: Sequence[Artist], names: Sequence[str]) -> None:
    """Put a legend to the right of the axes: there many names have room.

    Of very many, which would leave none for the axes, a line stands for those in the middle.
    """
    left_out = len(names) - MOST_ENTRIES
    if left_out > 0:
        first = MOST_ENTRIES - AT_THE_END - 1
        nothing = Line2D([], [], linestyle="none")
        handles = [*handles[:first], nothing, *handles[-AT_THE_END:]]
        names = [*names[:first], f"and {left_out + 1} more", *names[-AT_THE_END:]]
    columns = -(-len(names) // LEGEND_ROWS)
    _legend(figure, handles, names, "outside right center", columns)


def _legend(
    figure: Figure, handles: Sequence[Artist], names: Sequence[str], place: Place, columns: int
) -> None:
    numbers = [str(number) for number in range(len(names))]
    legend = figure.legend(handles, numbers, loc=place, ncols=columns)
    # A legend may leave out a label that begins with an underscore: so the names come afterwards.
    for text, name in zip(legend.get_texts(), names, strict=True):
        text.set_text(shown(name))
