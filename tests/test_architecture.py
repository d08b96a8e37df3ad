"""The plan of the house: which room may import which, and how large a room may grow."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "nnctl"
MODULES = sorted(PACKAGE.rglob("*.py"))
LARGEST_FILE, LONGEST_FUNCTION = 300, 35

# Room -> the rooms of nnctl that it may import, beside itself.
ALLOWED = {
    "errors": set[str](),
    "nn": set[str](),
    "config": {"errors"},
    "plots": {"errors"},
    "pages": {"errors"},
    "runs": {"errors"},
    "data": {"config", "errors"},
    "training": {"nn", "data", "runs", "config", "errors"},
    "analysis": {"training", "plots", "runs", "nn", "data", "config", "errors"},
    "scale": {"training", "plots", "runs", "nn", "data", "config", "errors"},
    "api": {"training", "runs", "nn", "data", "config", "errors"},
    "cli": {
        "analysis",
        "scale",
        "training",
        "plots",
        "pages",
        "runs",
        "nn",
        "data",
        "config",
        "errors",
        "api",
    },
    "__init__": {"api"},
    "__main__": {"cli"},
}
# Outside package -> the only rooms that know it.
OWNERS = {
    "typer": {"cli"},
    "rich": {"cli"},
    "pydantic": {"config"},
    "pydantic_core": {"config"},
    "yaml": {"config"},
    "matplotlib": {"plots"},
    "PIL": {"plots"},
    "optuna": {"scale"},
    "cmaes": {"scale"},
    "mpi4py": {"scale"},
    "dask": {"scale"},
    "distributed": {"scale"},
    "threadpoolctl": {"training"},
    "pyarrow": {"data"},
    "jinja2": {"pages"},
    "markupsafe": {"pages"},
}
ALLOWED_IN_ENGINE = {"numpy", "nnctl", "__future__"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports_of(path: Path, *, of_types: bool = True) -> Iterator[str]:
    """The modules that a file imports, with or without those that only annotations need."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if not of_types:
        tree.body = [node for node in tree.body if not is_for_types_only(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            assert node.module is not None
            # `from nnctl import api` imports the module nnctl.api.
            bare = node.module == "nnctl"
            yield from (f"nnctl.{a.name}" for a in node.names) if bare else [node.module]


def test_there_is_something_to_guard() -> None:
    assert len(MODULES) > 60
    assert {room_of(path) for path in MODULES} == set(ALLOWED)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_the_plan_allows(path: Path) -> None:
    room = room_of(path)
    for name in imports_of(path):
        top, _, rest = name.partition(".")
        if top == "nnctl" and rest and not rest.startswith("_"):
            target = rest.split(".")[0]
            assert target == room or target in ALLOWED[room], f"{room} imports {name}"
    for name in imports_of(path, of_types=False):
        top = name.split(".")[0]
        assert room in OWNERS.get(top, {room}), f"{room} imports {name}"


def test_the_engine_knows_numpy_and_the_standard_library_only() -> None:
    import sys

    engine = [path for path in MODULES if room_of(path) == "nn"]
    assert len(engine) > 10
    for path in engine:
        for name in imports_of(path):
            top = name.split(".")[0]
            assert top in ALLOWED_IN_ENGINE or top in sys.stdlib_module_names, f"{path}: {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LARGEST_FILE
    tree = ast.parse(text)
    assert ast.get_docstring(tree) is not None, f"{path} does not say which idea lives there"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body:
                lines = (body[-1].end_lineno or 0) - body[0].lineno + 1
                assert lines <= LONGEST_FUNCTION, f"{path}: {node.name} has {lines} lines"
