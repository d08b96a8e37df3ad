"""What a reader is asked for: which columns to read, and as what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["number", "text"]


@dataclass(frozen=True)
class Wish:
    """What a column is to be read as, and what it is wanted for."""

    kind: Kind | None = None  # None: as most of its first cells look
    role: str = "feature"  # how errors call it: feature, target, sample weight, group, input

    @property
    def is_input(self) -> bool:
        """Whether a trained network wants the column, which has seen it before."""
        return self.role == "input"


@dataclass(frozen=True)
class Wishes:
    """A wish for each column that is named, and one for all others."""

    named: Mapping[str, Wish | None] = field(default_factory=dict)  # None: it is not read
    others: Wish | None = Wish()

    def of(self, name: str) -> Wish | None:
        """Return what is wished of a column; None where it is to be left unread."""
        return self.named.get(name, self.others)


EVERYTHING = Wishes()
