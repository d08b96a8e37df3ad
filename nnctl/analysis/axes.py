"""Which features and which target a picture is drawn over, of those that a run has."""

from __future__ import annotations

from collections.abc import Sequence

from nnctl.data.preprocessing import Preprocessing
from nnctl.errors import Problem, UsageError


def one_target(preprocessing: Preprocessing, wanted: str | None) -> tuple[int, tuple[str, ...]]:
    """Return the position of the target to draw, and a notice where nobody chose among several."""
    targets = preprocessing.targets
    listed = ", ".join(targets)
    if wanted is None:
        several = preprocessing.task == "regression" and len(targets) > 1
        notice = f"drawn is `{targets[0]}`; --target chooses among {listed}"
        return 0, (notice,) if several else ()
    if preprocessing.task == "classification":
        raise UsageError(
            "--target chooses among the numbers that a regression estimates "
            f"(received {wanted}); this run tells apart the classes of {listed}"
        )
    if wanted not in targets:
        raise UsageError(f"--target takes one of {listed} (received {wanted})")
    return targets.index(wanted), ()


def two_features(preprocessing: Preprocessing, wanted: Sequence[str] | None) -> list[int]:
    """Return the positions of two features of numbers: the wanted ones, or the only two."""
    known = preprocessing.feature_names
    if wanted is None and len(known) == 2:
        wanted = known
    if wanted is None:
        raise UsageError(
            f"a boundary is drawn over two features; this run has {len(known)}: "
            f"{', '.join(known)}; name two with --features a,b (the others stay at their median)"
            if len(known) > 2
            else f"a boundary is drawn over two features; this run has one, `{known[0]}`; "
            "`nnctl plot-fit` draws it"
        )
    if len(set(wanted)) != 2 or any(name not in known for name in wanted):
        raise UsageError(
            Problem(
                f"--features takes two of the run's features (received {','.join(wanted)}); "
                f"it has {', '.join(known)}"
            )
        )
    require_numbers(preprocessing, wanted)
    return [known.index(name) for name in wanted]


def require_one_feature(preprocessing: Preprocessing) -> None:
    """Raise UsageError unless there is one feature, of numbers."""
    if len(preprocessing.features) != 1:
        raise UsageError(
            f"a fit is drawn over one feature; this run has {len(preprocessing.features)}; "
            "`nnctl plot-boundary` draws two of them"
        )
    require_numbers(preprocessing, preprocessing.feature_names)


def require_numbers(preprocessing: Preprocessing, names: Sequence[str]) -> None:
    """Raise UsageError for a feature that has no axis."""
    numeric = [feature.name for feature in preprocessing.features if feature.kind == "numeric"]
    for feature in preprocessing.features:
        if feature.name in names and feature.kind != "numeric":
            raise UsageError(
                f"the axes are features of numbers, and `{feature.name}` is {feature.kind}; "
                f"numeric are {', '.join(numeric) or 'none'}"
            )
