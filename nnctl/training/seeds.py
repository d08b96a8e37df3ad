"""One config over several seeds: what `nnctl train --seeds` does, without a screen.

    series = start_seeds(config, 5, Path("runs"))
    for result in series.results():
        ...
    series.record()["metrics"]["test_accuracy"]["mean"]

All members have the same rows in the same sets, since the config's `seed` goes on deciding these.
They differ in `training.seed`, and so in initial weights, shuffles and dropout. The first is the
run that the config alone gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnctl.config import Config, dump_config
from nnctl.config.schema.generators import LARGEST_SEED
from nnctl.data.dataset import load_dataset
from nnctl.data.loading import Tables, load_tables
from nnctl.errors import UsageError
from nnctl.runs.group import SeedsDirectory, create_group
from nnctl.training.assembly import assemble
from nnctl.training.experiment import Experiment
from nnctl.training.members import Member
from nnctl.training.run_group import RunGroup
from nnctl.training.spread import SPREAD_AND_RANGE
from nnctl.training.stacking import most_together

FEWEST_SEEDS = 2


@dataclass
class SeedSeries(RunGroup):
    """A seed series in the making; `results` trains the members one after another.

    That some seeds diverge is one of the things that it is to find out: the others go on.
    """

    endings = ("finished", "diverged")
    spread = SPREAD_AND_RANGE

    directory: SeedsDirectory

    @property
    def members(self) -> Sequence[Member]:
        """A run for each seed."""
        return [
            Member(seed, self.directory.member(seed), with_seed(self.config, seed))
            for seed in seeds_of(self.config, self.count)
        ]

    def header(self) -> dict[str, Any]:
        """Return what seeds.json says before anything is trained."""
        return header(self.config, self.count, self.status)

    def label(self, number: int) -> str:
        """Return what a person reads of a member: `seed 8 (2/5)`."""
        place = number - self.config.training_seed + 1
        return f"{self.directory.part()} {number} ({place}/{self.count})"

    def most_together(self, first: Experiment) -> int:
        """Return how many seeds train stacked: they have architecture and rows in common."""
        return most_together(first.config, first.dataset)

    @property
    def diverged(self) -> list[int]:
        """The seeds that diverged, which have no part in the means."""
        return [result.number for result in self.in_order if result.status == "diverged"]

    @property
    def is_without_spread(self) -> bool:
        """Whether several seeds are finished, and every metric of all of them is the same."""
        spreads = self.metrics().values()
        same = all(values["minimum"] == values["maximum"] for values in spreads)
        return len(self.finished) > 1 and same


def seeds_of(config: Config, count: int) -> range:
    """Return the config's own seed and the ones that follow it."""
    return range(config.training_seed, config.training_seed + count)


def with_seed(config: Config, seed: int) -> Config:
    """Return the config of the run with this seed; of the config's own it is the config itself."""
    if seed == config.training_seed:
        return config
    training = config.training.model_copy(update={"seed": seed})
    return config.model_copy(update={"training": training})


def header(config: Config, count: int, status: str) -> dict[str, Any]:
    """Return what seeds.json says before anything is trained."""
    seeds = [*seeds_of(config, count)]
    return {"config": config.name, "seed": config.seed, "seeds": seeds, "status": status}


def start_seeds(
    config: Config,
    count: int,
    runs_dir: Path,
    name: str | None = None,
    command: Sequence[str] = (),
) -> SeedSeries:
    """Read the data once, put the first network together, and create the directory.

    Raises UsageError, ConfigError, DataError or StorageError before anything stands on the disk.
    """
    check_seeds(config, count)
    tables = load_tables(config)
    directory_name, notices = name or f"{config.name}-seeds", look_at_first(config, tables)
    record = header(config, count, "running")
    directory = create_group(SeedsDirectory, runs_dir, directory_name, record, dump_config(config))
    return SeedSeries(config, count, tables, directory, command, notices)


def check_seeds(config: Config, count: int) -> None:
    """Raise UsageError unless there can be so many seeds."""
    if count < FEWEST_SEEDS:
        message = f"a seed series takes {FEWEST_SEEDS} seeds or more (received {count})"
        raise UsageError(f"{message}; 5 and 10 are usual")
    last = seeds_of(config, count)[-1]
    if last > LARGEST_SEED:
        message = f"the last of {count} seeds from {config.training_seed} on would be {last}"
        raise UsageError(f"{message}, and {LARGEST_SEED} is the largest; begin with a smaller one")


def look_at_first(config: Config, tables: Tables) -> tuple[str, ...]:
    """Prepare what all members share and let go of it; return what a person should know of it."""
    dataset = load_dataset(config, None, tables)
    assembly, _ = assemble(config, dataset)
    return (*dataset.notices, *assembly.notices)
