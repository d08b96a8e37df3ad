from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.commands import nnctl

SAME = """\
runs/and: finished, trained again
  file            verdict   sha256         what
 ─────────────────────────────────────────────────────────────
  metrics.csv     same                     50 epochs compared
  last.npz        same      LAST
  best.npz        same      BEST
  baselines.npz   same      BASELINES
  summary.json    same      SUMMARY

"""


@pytest.fixture
def _trained(samples: Path) -> None:
    assert nnctl("train", "and.yaml", "--quiet", "--no-plots").code == 0


@pytest.mark.usefixtures("_trained")
def test_a_run_is_the_same_when_it_is_trained_again() -> None:
    document = json.loads(nnctl("runs", "verify", "--json", "--quiet").out)
    assert (document["same"], document["first_difference"]) == (True, None)
    quiet = nnctl("runs", "verify", "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    outcome = nnctl("runs", "verify")
    assert outcome.code == 0
    expected = SAME
    for file in document["files"]:
        word = file["file"].partition(".")[0].upper()
        expected = expected.replace(word, file["recorded"][:12])
    assert outcome.out == expected


@pytest.mark.usefixtures("_trained")
def test_progress_is_told_as_in_training() -> None:
    assert nnctl("runs", "verify").err.startswith("epoch 1/50  train_loss ")


@pytest.mark.usefixtures("_trained")
def test_a_difference_is_named_and_ends_with_6() -> None:
    path = Path("runs/and/metrics.csv")
    lines = path.read_text().splitlines(keepends=True)
    epoch, rate, _, rest = lines[3].split(",", 3)
    path.write_text("".join([*lines[:3], ",".join([epoch, rate, "0.625", rest]), *lines[4:]]))
    told = "first in epoch 3, train_loss: 0.625, again "
    assert told in " ".join(nnctl("runs", "verify").out.split())
    outcome = nnctl("runs", "verify", "--quiet")
    assert (outcome.code, outcome.out) == (6, "")
    assert outcome.err.startswith(
        f"error: runs/and: is not the same when trained again: metrics.csv {told}"
    )
    assert "versions and machine are as recorded" in outcome.err
    document = json.loads(nnctl("runs", "verify", "--quiet", "--json").out)
    assert document["same"] is False
    assert document["first_difference"]["epoch"] == 3


@pytest.mark.usefixtures("_trained")
@pytest.mark.parametrize(
    ("recorded", "code", "verdict"), [(1.000001, 0, "close"), (2.0, 6, "differs")]
)
def test_what_ranks_trained_is_held_to_its_first_digits(
    recorded: float, code: int, verdict: str
) -> None:
    record, path = Path("runs/and/run.json"), Path("runs/and/metrics.csv")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"ranks": 2}))
    lines = path.read_text().splitlines(keepends=True)
    epoch, rate, loss, rest = lines[1].split(",", 3)
    changed = repr(float(loss) * recorded)
    path.write_text("".join([lines[0], ",".join([epoch, rate, changed, rest]), *lines[2:]]))
    outcome = nnctl("runs", "verify")
    (row,) = (line for line in outcome.out.splitlines() if "metrics.csv" in line)
    assert (outcome.code, row.split()[1]) == (code, verdict)
    assert "note: it was trained by 2 ranks, and is trained again by one process" in outcome.err
    assert json.loads(nnctl("runs", "verify", "--json").out)["holds"] is (code == 0)
    assert ("whose sums round otherwise, but seldom by more than 0.001" in outcome.err) is (
        code == 6
    )


@pytest.mark.usefixtures("_trained")
def test_another_version_is_told_as_what_may_explain_a_difference() -> None:
    path = Path("runs/and/run.json")
    record = json.loads(path.read_text())
    now = record["environment"]["numpy"]
    record["environment"]["numpy"] = "1.0"
    path.write_text(json.dumps(record))
    assert nnctl("runs", "verify", "--quiet").code == 0
    Path("runs/and/checkpoints/baselines.npz").unlink()
    outcome = nnctl("runs", "verify", "--quiet")
    assert outcome.code == 6
    assert outcome.err == (
        "error: runs/and: is not the same when trained again: baselines.npz: it is missing; "
        f"it was trained with another numpy 1.0, now {now}\n"
    )


@pytest.mark.usefixtures("_trained")
def test_changed_data_is_an_error_of_the_run() -> None:
    Path("and.csv").write_text("x1,x2,label\n0,0,0\n0,1,0\n1,0,0\n1,1,0\n0,0,1\n")
    outcome = nnctl("runs", "verify", "--quiet")
    assert (outcome.code, outcome.out) == (4, "")
    assert "is 5 rows (it had 4); restore it: a run is verified on its own data" in outcome.err
    Path("and.csv").unlink()
    assert nnctl("runs", "verify", "--quiet").code == 3
