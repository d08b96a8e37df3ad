"""Numbers as people write them, which are no plain ones: what has to be taken away."""

from __future__ import annotations

import re
from collections.abc import Iterable

SIGN = r"(?:[$€£¥₹₩₽₺]|EUR|USD|GBP|CHF|JPY|CNY|INR)"
AMOUNT = r"\d[\d.,']*"
PLAIN = re.compile(r"[-+]?\d+(?:[.,]\d+)?", re.ASCII)

# How a number may be written -> what keeps it from being a plain one.
NOTATIONS = (
    (
        re.compile(rf"[-+(]?{SIGN} ?[-+]?{AMOUNT}\)?|[-+(]?{AMOUNT} ?{SIGN}\)?", re.ASCII),
        "a currency sign",
    ),
    (re.compile(r"[-+]?\d*[.,]?\d+ ?%", re.ASCII), "a percent sign"),
    (
        re.compile(r"[-+]?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})", re.ASCII),
        "dots for thousands",
    ),
    (
        re.compile(r"[-+]?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})", re.ASCII),
        "commas for thousands",
    ),
)


def foreign_part(texts: Iterable[str]) -> str:
    """Return what stands in these numbers beside them, such as a percent sign; else nothing.

    Some of them may be plain; where one is no number, nothing is returned.
    """
    written = [text for text in texts if not PLAIN.fullmatch(text)]
    for pattern, part in NOTATIONS:
        if written and all(map(pattern.fullmatch, written)):
            return part
    return ""
