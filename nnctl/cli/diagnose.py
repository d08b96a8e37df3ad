"""`nnctl diagnose`: what is wrong with a run, how that shows, and what to write instead."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from nnctl.cli import console
from nnctl.cli.options import DEFAULT_RUNS_DIR, Json, RunArgument, RunsDir
from nnctl.errors import printable

if TYPE_CHECKING:
    from nnctl.analysis.case import Case
    from nnctl.analysis.findings import Diagnosis, Finding, Rule


def diagnose(
    run: RunArgument = None, json: Json = False, runs_dir: RunsDir = DEFAULT_RUNS_DIR
) -> None:
    """Say what is wrong with a run, and what to change.

    It looks at gradients, units, inputs, learning rate, fit and classes.
    Each finding has its evidence and a remedy, as keys for the config or --set. It rests on what
    was observed in training, on the history, on the baselines and, where the data can still be
    read, on the run's own rows. Findings are no error: the exit code is 0.
    """
    from nnctl.analysis.case import open_case
    from nnctl.analysis.diagnosis import diagnose as diagnose_case
    from nnctl.runs.directory import find_run
    from nnctl.training.threads import blas_threads

    directory = find_run(run, runs_dir)
    with blas_threads(1):
        case = open_case(directory)
        diagnosis = diagnose_case(case)
    console.notes(case.notices)
    if json:
        told = {"run": str(directory.path), "status": case.status, "epochs": case.epoch}
        console.write_json({**told, **diagnosis.to_dict(), "observations": observed(case)})
    else:
        present(f"{directory.name}: {case.status}, {epochs(case.epoch)}", diagnosis)


def present(title: str, diagnosis: Diagnosis) -> None:
    """Write the findings, and below them what is in order and what is not known."""
    findings = diagnosis.findings
    count = f"{len(findings)} finding{'s' * (len(findings) > 1)}" if findings else "nothing wrong"
    console.write_line(f"{title}; {count}")
    for rule, finding in findings:
        console.write("\n" + "\n".join(paragraph(rule, finding)) + "\n")
    for heading, answers in (
        ("in order", [(rule.name, look.seen) for rule, look in diagnosis.in_order]),
        ("not known", [(rule.name, answer.reason) for rule, answer in diagnosis.unknown]),
    ):
        if answers:
            console.write_line(f"\n{heading}:")
            for name, told in answers:
                console.write_line(f"  {name}: {printable(told)}")


def epochs(count: int) -> str:
    """Return so many epochs as part of a sentence."""
    return f"{count} epoch{'' if count == 1 else 's'}"


def paragraph(rule: Rule, finding: Finding) -> list[str]:
    """Return the lines of a finding."""
    tries = [
        "    " + " ".join(f"--set {shlex.quote(setting)}" for setting in settings)
        for settings in finding.settings
    ]
    invitation = "" if not tries else "; try" + (":" if len(tries) == 1 else " one of these:")
    lines = [
        f"{rule.name}: {finding.what}",
        f"  evidence: {finding.evidence}",
        f"  remedy: {finding.remedy}{invitation}",
    ]
    return [*map(printable, lines), *tries, f"  see: {rule.reference}"]


def observed(case: Case) -> list[dict[str, Any]]:
    """Return what was observed, a mapping for each epoch and layer."""
    from nnctl.training.observing import MEASURES

    seen = case.observations
    return [
        {"epoch": epoch, "layer": layer, **dict(zip(MEASURES, values.tolist(), strict=True))}
        for epoch, layers in zip(seen.epochs.tolist(), seen.values, strict=True)
        for layer, values in zip(case.layers, layers, strict=True)
    ]
