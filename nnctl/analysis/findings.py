"""What a rule of the diagnosis says of a run: what it looked at, and what it found, if anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnctl.analysis.case import Case


Settings = tuple[str, ...]  # which belong together, each as `--set` takes it


@dataclass(frozen=True)
class Finding:
    """Something wrong, the numbers that show it, and what to do about it."""

    what: str
    evidence: str
    remedy: str
    settings: tuple[Settings, ...] = ()  # one after another to be tried
    layer: str | None = None


@dataclass(frozen=True)
class Look:
    """What a rule looked at, as a sentence, and what it found there."""

    seen: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Unknown:
    """A rule that cannot tell, and why."""

    reason: str


@dataclass(frozen=True)
class Rule:
    """One thing that may be wrong with a run, and who says how to tell."""

    name: str
    look: Callable[[Case], Look | Unknown]
    reference: str


@dataclass(frozen=True)
class Diagnosis:
    """What all rules say of a run, in their order."""

    answers: tuple[tuple[Rule, Look | Unknown], ...]

    @property
    def findings(self) -> tuple[tuple[Rule, Finding], ...]:
        """All that is wrong, with the rule that says so."""
        return tuple(
            (rule, finding)
            for rule, answer in self.answers
            if isinstance(answer, Look)
            for finding in answer.findings
        )

    @property
    def in_order(self) -> tuple[tuple[Rule, Look], ...]:
        """What was looked at and is as it should be."""
        return tuple(
            (rule, answer)
            for rule, answer in self.answers
            if isinstance(answer, Look) and not answer.findings
        )

    @property
    def unknown(self) -> tuple[tuple[Rule, Unknown], ...]:
        """What could not be told."""
        return tuple((rule, answer) for rule, answer in self.answers if isinstance(answer, Unknown))

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "findings": [
                {"rule": rule.name, **vars(finding), "reference": rule.reference}
                for rule, finding in self.findings
            ],
            "in_order": {rule.name: look.seen for rule, look in self.in_order},
            "unknown": {rule.name: answer.reason for rule, answer in self.unknown},
        }
