"""All that a page says of a run, gathered: numbers, tables, pictures and words, and no HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from nnctl.analysis.diagnosis import diagnose
from nnctl.analysis.live import live_document
from nnctl.analysis.report_data import data_section
from nnctl.analysis.report_encoding import total_size
from nnctl.analysis.report_fitting import numeric_features
from nnctl.analysis.report_network import network_section
from nnctl.analysis.report_pictures import (
    picture_of_confusion,
    picture_of_history,
    pictures_of,
)
from nnctl.analysis.report_results import diagnosis_section, history_section, test_section
from nnctl.analysis.report_subject import Subject, open_subject
from nnctl.analysis.report_summary import environment_section, summary_section
from nnctl.config import dump_config
from nnctl.errors import printable
from nnctl.runs.directory import RunDirectory

MOST_BYTES = 2_000_000  # of a page, so that it can be mailed
BYTES_OF_WORDS = 250_000  # that are kept free for tables and markup
MOST_CHARACTERS = 100_000  # of a config
SECTIONS = (
    ("summary", "Summary"),
    ("live", "The network, live"),
    ("test", "Test"),
    ("diagnosis", "Diagnosis"),
    ("history", "History"),
    ("pictures", "Pictures"),
    ("data", "Data"),
    ("network", "Network"),
    ("config", "Config"),
    ("environment", "Environment"),
)


def report_document(run: RunDirectory) -> dict[str, Any]:
    """Return what `report.html.j2` shows of a run: of its best epoch, whatever state it is in.

    Parts that need the run's rows are left out where these cannot be read, and `notes` of their
    sections say so. The same run gives the same document. Raises RunError for a run whose
    checkpoints cannot be used.
    """
    subject = open_subject(run)
    diagnosis = diagnose(subject.case)
    summary = summary_section(subject, len(diagnosis.findings))
    test, history = test_section(subject), history_section(subject)
    matrix = test.pop("matrix")
    confusion = picture_of_confusion(subject, matrix, test["set"]) if matrix else None
    curves = picture_of_history(subject)
    live, config = live_section(subject), config_section(subject)
    room = MOST_BYTES - BYTES_OF_WORDS - total_size([curves, confusion])
    room -= size_of_text(live) + size_of_text(config["text"])
    pictures, left_out = pictures_of(subject, room, (*summary["notes"], *test["notes"]))
    drawing = [picture for picture in pictures if picture.name == "network"]
    others = [picture for picture in pictures if picture.name != "network"]
    return {
        "name": run.name,
        "sections": [
            {"id": name, "title": title}
            for name, title in SECTIONS
            if name != "live" or live is not None
        ],
        "summary": summary,
        "live": live,
        "test": {**test, "picture": confusion},
        "diagnosis": diagnosis_section(diagnosis, subject.why_no_rows),
        "history": {**history, "picture": curves},
        "pictures": {
            "shown": others,
            "left_out": left_out,
            "names": [each.name for each in (curves, confusion, *pictures) if each is not None],
        },
        "data": data_section(subject),
        "network": {**network_section(subject), "pictures": drawing},
        "config": config,
        "environment": environment_section(subject.record),
    }


def live_section(subject: Subject) -> dict[str, Any] | None:
    """Return what runs the network in the page; None where it has not two features of numbers."""
    if numeric_features(subject) != 2:
        return None  # and spare the work of bringing all its networks back
    table = None if not subject.rows else next(iter(subject.rows.values())).table
    history = {name: values.tolist() for name, values in subject.case.history.items()}
    return live_document(subject.models, subject.model, table, history)


def config_section(subject: Subject) -> dict[str, Any]:
    """Return the config as it was run; where its file is gone, as the checkpoint has it."""
    notes = []
    try:
        text = subject.run.config.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        told = f"config.yaml cannot be read ({printable(error)}); this is what best.npz knows of it"
        text, notes = dump_config(subject.model.config), [told]
    if len(text) > MOST_CHARACTERS:
        notes.append(f"shown are the first {MOST_CHARACTERS:,} of {len(text):,} characters")
    return {"text": text[:MOST_CHARACTERS], "notes": notes, "is_whole_story": tells_all(subject)}


def tells_all(subject: Subject) -> bool:
    """Whether the config alone leads to the same network again.

    It does not where it was changed on the way, nor for a fold: another command divided the rows.
    """
    resumed = subject.recorded("resumed")
    entries = resumed if isinstance(resumed, list) else []
    changed = any(isinstance(entry, Mapping) and entry.get("changes") for entry in entries)
    is_fold = subject.recorded("data", "fold") is not None
    return subject.case.summary is not None and not changed and not is_fold


def size_of_text(value: Any) -> int:
    """Return how many bytes of a page a text takes, or what is written as JSON; 0 for None."""
    return 0 if value is None else len(html.escape(str(value)).encode("utf-8", "replace"))
