"""What comes of training a run again, and whether that is as much sameness as can be expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nnctl.training.sameness import FileVerdict, RowDifference

# How far numbers of metrics.csv may part, relatively, where sums were taken in another order: some
# trainings multiply the roundings of float32 (1e-7 each) a thousand times, other rows do far more.
TOLERANCES = {"float64": 1e-9, "float32": 1e-3}


@dataclass(frozen=True)
class Verification:
    """What came of training a run again."""

    run: str
    status: str
    epochs: int  # compared
    files: Sequence[FileVerdict]
    rows: RowDifference | None  # the first one
    ended: str | None  # how it ended this time, where that is not how it had ended
    environment: Mapping[str, tuple[Any, Any]]  # key -> (recorded, now), what is not the same
    tolerance: float | None  # of metrics.csv, relative; None: all is to be the same to the byte
    notes: Sequence[str]

    @property
    def is_same(self) -> bool:
        """Whether everything that was compared is the same, to the byte."""
        return self.rows is None and self.ended is None and all(file.same for file in self.files)

    @property
    def holds(self) -> bool:
        """Whether nothing differs by more than the other order of sums explains."""
        return self.rows_hold and self.ended is None and not self.refuting_files

    @property
    def rows_hold(self) -> bool:
        """Whether metrics.csv is the same, as far as that is expected."""
        return self.rows is None or self.rows.largest_relative_difference <= (self.tolerance or 0.0)

    @property
    def refuting_files(self) -> list[FileVerdict]:
        """The files that differ; where only rounding is forgiven, those that are missing."""
        if self.tolerance is None:
            return [file for file in self.files if not file.same]
        return [file for file in self.files if file.recorded is None or file.again is None]

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "run": self.run,
            "status": self.status,
            "same": self.is_same,
            "holds": self.holds,
            "tolerance": self.tolerance,
            "epochs": self.epochs,
            "first_difference": None if self.rows is None else asdict(self.rows),
            "files": [asdict(file) for file in self.files],
            "ended": self.ended,
            "environment": {key: list(pair) for key, pair in self.environment.items()},
            "notes": [*self.notes],
        }


def rounding_note(ranks: int, rows: RowDifference | None, tolerance: float) -> str:
    """Return what is to be known of a run by several ranks that one process trained again."""
    largest = 0.0 if rows is None else rows.largest_relative_difference
    return (
        f"it was trained by {ranks} ranks, and is trained again by one process, which adds up in "
        "another order: numbers may differ in their last digits; the largest relative difference "
        f"in metrics.csv is {largest:.2g} (up to {tolerance:g} passes)"
    )
