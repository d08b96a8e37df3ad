"""Errors that tell what to write in a config, reworded for a command that has options for it."""

from __future__ import annotations

import re
from dataclasses import replace

from nnctl.errors import NnctlError

# What a message says -> what it says where there is no config yet.
REWORDED = tuple(
    (re.compile(pattern), option)
    for pattern, option in (
        (r"`header: false`", "`--no-header`"),
        (r"write `task: (\w+)`( with a loss for it)?", r"say `--task \1`"),
        (r'`(encoding|delimiter|decimal): "?([^`"]+)"?`', r"`--\1 '\2'`"),
        (r"(another|needs) `encoding:`", r"\1 `--encoding`"),
        (r"leave `delimiter` out", "leave `--delimiter` out"),
        (r'list it: `missing_values: \["", "([^`]*)"\]`', r"say `--missing-value '\1'`"),
        (r"^`labels` joins", "`--labels` joins"),
        (r"the column of the `target`", "its column as `--target`"),
        (r"are `source` and `labels` the", "are DATA and `--labels` the"),
        (r"the file of `labels`", "the file of `--labels`"),
        (r"^data\.(target|labels|encoding|delimiter|decimal)\b", r"--\1"),
        (r"^data\.missing_values\b", "--missing-value"),
        (r", or say what the column is: `columns: .*?`, or `ignored`", ""),
        (r"leave it out with `columns: .*?`, or save", "save"),
    )
)


def in_options(error: NnctlError) -> NnctlError:
    """Return the same error, with options in place of the config's keys."""
    return type(error)(
        [replace(problem, message=reworded(problem.message)) for problem in error.problems]
    )


def reworded(message: str) -> str:
    """Return the message with options in place of the config's keys."""
    for pattern, option in REWORDED:
        message = pattern.sub(option, message)
    return message
