"""The layers of the code: imports at the top of a module point one way."""

import ast
from pathlib import Path

import pytest

import whit

ROOT = Path(whit.__file__).parent

# Each line may import what stands on it and above it.
ORDER = [
    {"__init__", "_version", "_lazy", "errors", "naming", "registry", "tree"},
    {"graph"},
    {"engines"},
    {"config"},
    {"ops", "random"},
    {"variables"},
    {"transforms"},
    {"activations", "initializers", "regularizers", "constraints"},
    {"utils", "backend"},
    {"layers", "losses", "metrics", "optimizers"},
    {"models", "training", "callbacks"},
    {"legacy", "datasets"},
    {"cli", "__main__"},
]
LEVEL = {part: level for level, parts in enumerate(ORDER) for part in parts}
FILES = sorted(ROOT.rglob("*.py"))


def part_of(module: str) -> str:
    """`whit.graph.tensor` -> `graph`."""
    names = module.split(".")
    return names[1] if len(names) > 1 else "__init__"


def own_module(path: Path) -> str:
    names = ("whit", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(n for n in names if n != "__init__")


def top_level_imports(tree: ast.Module) -> list[str]:
    """The modules imported when a file is, from outside functions and type-checking blocks."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = node.module == "whit"
            found += [f"whit.{a.name}" if inner else node.module for a in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path):
    part = part_of(own_module(path))
    assert part in LEVEL, f"{part} has no place in ORDER"
    for module in top_level_imports(ast.parse(path.read_text())):
        if module.partition(".")[0] == "whit":
            other = part_of(module)
            assert LEVEL[other] <= LEVEL[part], f"{part} imports {module}"


def test_graph_needs_numpy_and_the_standard_library_alone():
    import sys

    allowed = {*sys.stdlib_module_names, "numpy", "whit"}
    for path in (ROOT / "graph").rglob("*.py"):
        roots = {m.partition(".")[0] for m in top_level_imports(ast.parse(path.read_text()))}
        assert roots <= allowed, path


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_file_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text()))
