"""What a plain scalar means in YAML 1.2's core schema (chapter 10.3.2 of the specification)."""

from __future__ import annotations

import re

MAXIMUM_DIGITS = 100  # Python itself refuses 4,301; a float holds no integer of 310

WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{
        sign + word: float(sign + "inf")
        for sign in ("", "+", "-")
        for word in (".inf", ".Inf", ".INF")
    },
}
# (pattern, base): what `int` reads after the prefix is taken away
INTEGERS: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"()([-+]?[0-9]+)"), 10),
    (re.compile(r"(0o)([0-7]+)"), 8),
    (re.compile(r"(0x)([0-9a-fA-F]+)"), 16),
)
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def read_scalar(text: str) -> bool | int | float | str | None:
    """Return what `text`, written without quotes, means.

    Raises:
        ValueError: an integer has more than `MAXIMUM_DIGITS` digits.
    """
    if text in WORDS:
        return WORDS[text]
    for pattern, base in INTEGERS:
        if match := pattern.fullmatch(text):
            digits = match.group(2)
            if len(digits) > MAXIMUM_DIGITS:
                raise ValueError(
                    f"an integer of {len(digits):,} digits; at most {MAXIMUM_DIGITS} are read"
                )
            return int(digits, base)
    return float(text) if FLOAT.fullmatch(text) else text
