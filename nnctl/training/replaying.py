"""The batches that a run's processes made of sharded rows, made again by one process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import index
from typing import Any

from nnctl.training.experiment import Experiment
from nnctl.training.loop import EpochResult


def dealt_as_then(
    experiment: Experiment, record: Mapping[str, Any], epochs: Iterator[EpochResult]
) -> Iterator[EpochResult]:
    """Pass an experiment's epochs on, each trained in as many shards as `record` says it was.

    That is the run.json of the run which is trained again.
    """
    if experiment.config.compute.rows == "shared":
        yield from epochs
        return
    trainer = experiment.assembly.trainer
    trainer.steps.deal(ranks_in(record, trainer.epoch))
    for result in epochs:
        trainer.steps.deal(ranks_in(record, result.epoch))
        yield result


def ranks_in(record: Mapping[str, Any], epoch: int) -> int:
    """Return how many processes trained an epoch, counted from 0, as far as a run.json says so."""
    resumed = [each for each in record.get("resumed", ()) if each.get("epoch", epoch + 1) <= epoch]
    ranks: int = [record, *resumed][-1].get("ranks", 1)
    return max(ranks, 1)


def check_ranks(record: Mapping[str, Any]) -> None:
    """Raise TypeError where a run.json gives no numbers of processes and epochs."""
    for each in (record, *record.get("resumed", ())):
        if not isinstance(each, Mapping):
            raise TypeError(f"{each!r} is no mapping")
        for key in ("ranks", "epoch"):
            index(each.get(key, 1))
