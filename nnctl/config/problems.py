"""From findings to the one error that carries them all, each with its line and column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nnctl.config.document import Mark, Marks
from nnctl.config.findings import Finding
from nnctl.config.schema.root import Config
from nnctl.errors import ConfigError, Problem

MAXIMUM_PROBLEMS = 50


def refuse(config: Config, findings: Iterable[Finding]) -> None:
    """Raise ConfigError with all findings, each where the config has it; none raise nothing."""
    if problems := located(findings, config.marks):
        raise config_error(problems)


def located(
    findings: Iterable[Finding], marks: Marks, known: Sequence[Problem] = ()
) -> list[Problem]:
    """Find the findings' lines; where there is a `known` problem already, it alone is heard."""
    taken = {(problem.file, problem.line, problem.column) for problem in known}
    problems = []
    for finding in findings:
        mark = marks.mark(finding.path, at_key=finding.at_key)
        if mark == Mark() or (mark.file, mark.line, mark.column) not in taken:
            problems.append(Problem(finding.message, mark.file, mark.line, mark.column))
    return problems


def config_error(problems: Iterable[Problem]) -> ConfigError:
    """Sort by line, what the options did last; a flood is cut short."""
    ordered = sorted(
        dict.fromkeys(problems),
        key=lambda problem: (problem.line is None, problem.line or 0, problem.column or 0),
    )
    if len(ordered) > MAXIMUM_PROBLEMS:
        ordered = [
            *ordered[:MAXIMUM_PROBLEMS],
            Problem("there are more problems; mend these first"),
        ]
    return ConfigError(ordered)
