"""A training by the ranks of an MPI job: rank 0 runs the experiment, the others follow."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import numpy as np

from nnctl.config import Config
from nnctl.data.arrays import FloatArray
from nnctl.data.dataset import Rows
from nnctl.errors import UsageError, printable
from nnctl.runs.json_file import read_json, write_json
from nnctl.scale.mpi import Ranks, leave
from nnctl.scale.mpi_reading import Reading, follow_reading, own_rows
from nnctl.scale.mpi_rows import Request, SpreadInputs
from nnctl.scale.mpi_steps import Order, ShardedSteps, SharedSteps
from nnctl.training.build import build_loss, build_network, build_optimizer
from nnctl.training.decoding import Decoder
from nnctl.training.evaluation import Examples, examples_of
from nnctl.training.experiment import Experiment
from nnctl.training.steps import EpochSettings, NotFiniteError, Progress
from nnctl.training.threads import blas_threads

Kind = tuple[tuple[int, ...], str]  # an array's shape and type


@dataclass(frozen=True)
class Work:
    """All that a rank needs to take part in a training, but for the rows themselves."""

    config: Config
    settings: EpochSettings
    threads: int


@dataclass(frozen=True)
class SharedWork(Work):
    """A training for which rank 0 gives each rank all rows."""

    arrays: dict[str, Kind | None]  # of the examples, which follow


@dataclass(frozen=True)
class ShardedWork(Work):
    """A training for which each rank has read its shard."""

    n_rows: int  # of all shards
    n_outputs: int
    decoder: Decoder
    class_weight: FloatArray | None  # (n_classes,)


def lead(experiment: Experiment, ranks: Ranks) -> None:
    """Let the other ranks take part in an experiment's steps; run.json says how many there are."""
    trainer, run = experiment.assembly.trainer, experiment.run
    if experiment.resumption is None:
        write_json(run.run_json, read_json(run.run_json) | {"ranks": ranks.size})
    else:
        experiment.resumption = replace(experiment.resumption, ranks=ranks.size)
    share = share_shards if experiment.config.compute.rows == "sharded" else share_rows
    trainer.steps = share(experiment, ranks).in_place_of(trainer.steps)


def share_rows(experiment: Experiment, ranks: Ranks) -> SharedSteps:
    """Give the others all training rows; return the steps that rank 0 takes with them."""
    config, assembly, trainer = experiment.config, experiment.assembly, experiment.assembly.trainer
    examples = {f.name: getattr(trainer.train, f.name) for f in fields(Examples)}
    kinds = {
        name: None if array is None else (array.shape, array.dtype.str)
        for name, array in examples.items()
    }
    ranks.tell(SharedWork(config, trainer.settings, assembly.threads, kinds))
    with ranks.in_step():
        for array in examples.values():
            if array is not None:
                ranks.send(np.ascontiguousarray(array))
    parts = (trainer.network, trainer.loss, trainer.optimizer, trainer.train, trainer.settings)
    return SharedSteps(*parts, ranks)


def share_shards(experiment: Experiment, ranks: Ranks) -> SharedSteps:
    """Let the others take part with their shards; return the steps that rank 0 takes with them."""
    assembly, trainer = experiment.assembly, experiment.assembly.trainer
    n_rows, n_outputs = len(trainer.train), trainer.network.n_outputs
    weights = assembly.class_weight
    work = (experiment.config, trainer.settings, assembly.threads)
    ranks.tell(ShardedWork(*work, n_rows, n_outputs, trainer.decoder, weights))
    inputs = cast(SpreadInputs, experiment.dataset.train.inputs)
    rows = own_rows(inputs.own, experiment.dataset.train, ranks)
    train = examples_of(rows, trainer.decoder, n_outputs, weights)
    parts = (trainer.network, trainer.loss, trainer.optimizer, train, trainer.settings)
    return ShardedSteps(*parts, ranks, n_rows)


def follow(ranks: Ranks) -> None:
    """Do what rank 0 tells, until it has nothing more to tell."""
    told, shard = ranks.hear(), None
    if isinstance(told, Reading):
        shard = follow_reading(ranks, told)
        told = ranks.hear()
    if told is None:
        return  # the command ended before there was anything to train
    steps = sharded_steps(told, shard, ranks) if shard is not None else shared_steps(told, ranks)
    with blas_threads(told.threads), np.errstate(all="ignore"):
        while (order := ranks.hear()) is not None:
            if isinstance(order, Request):
                ranks.collect(order.answer(steps.train.inputs, ranks))
            else:
                take_part(steps, order)


def shared_steps(work: SharedWork, ranks: Ranks) -> SharedSteps:
    """Receive the rows, and build what rank 0 has built."""
    config = work.config
    rows: dict[str, Any] = {
        name: None if kind is None else ranks.send(np.empty(*kind))
        for name, kind in work.arrays.items()
    }
    train = Examples(**rows)
    network = build_network(config, train.inputs.shape[1], train.encoded.shape[1])
    optimizer = build_optimizer(config, network)
    return SharedSteps(network, build_loss(config), optimizer, train, work.settings, ranks)


def sharded_steps(work: ShardedWork, rows: Rows, ranks: Ranks) -> SharedSteps:
    """Build what rank 0 has built, for the rows of this rank's shard."""
    config, n_outputs = work.config, work.n_outputs
    train = examples_of(rows, work.decoder, n_outputs, work.class_weight)
    network = build_network(config, train.inputs.shape[1], n_outputs)
    optimizer = build_optimizer(config, network)
    parts = (network, build_loss(config), optimizer, train, work.settings)
    return ShardedSteps(*parts, ranks, work.n_rows)


def take_part(steps: SharedSteps, order: Order) -> None:
    """Take the steps that an epoch has left; that the loss is not finite, rank 0 knows too."""
    steps.optimizer.steps = order.optimizer_steps
    progress = Progress(**order.progress)
    try:
        steps.take(progress, order.epoch, order.learning_rate, lambda: False)
    except NotFiniteError:
        return


def run_job(ranks: Ranks, command: Callable[[], None]) -> None:
    """Run the command on rank 0 and follow it on the others, until it ends.

    Whatever ends one rank, ends all: an error of rank 0 is told by it alone, one in the middle of
    a step, or of another rank, aborts the job.
    """
    require_one_command(ranks)
    if not ranks.leads:
        run_follower(ranks)
        return
    code = 1
    try:
        command()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
        raise
    except BaseException:
        if ranks.out_of_step:
            traceback.print_exc()  # nobody will be left to show it
        raise
    finally:
        dismiss(ranks, code)


def dismiss(ranks: Ranks, code: int) -> None:
    """Let the others end: by force, where they wait for what rank 0 will not do any more."""
    try:
        if not ranks.out_of_step:
            ranks.tell(None)
    finally:
        if ranks.out_of_step:
            ranks.abort(code)
    leave()


def run_follower(ranks: Ranks) -> None:
    """Follow rank 0, to which signals are left: it pauses all ranks after the same batch."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        follow(ranks)
    except Exception as error:
        what = printable(f"{type(error).__name__}: {error}")
        print(f"error: rank {ranks.rank} of {ranks.size} failed: {what}", file=sys.stderr)
        if not isinstance(error, MemoryError):
            traceback.print_exc()
        ranks.abort(1)
    leave()


def require_one_command(ranks: Ranks) -> None:
    """Raise UsageError, on all ranks, where they were not started to do the same."""
    commands = ranks.comm.allgather(sys.argv[1:])
    others = [rank for rank, command in enumerate(commands) if command != commands[0]]
    if others:
        leave()
        raise UsageError(
            f"rank {others[0]} of this MPI job was given another command than rank 0 "
            f"({' '.join(commands[others[0]])}); the ranks train one network together: give all "
            "the same, or start separate runs without MPI"
        )
