"""The house rules that a machine can check: doors, file sizes, light imports, forbidden calls."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "gnnlab").rglob("*.py"))
PYTHON_FILES = SOURCES + sorted(
    path for folder in ("tests", "examples", "benchmarks") for path in (ROOT / folder).rglob("*.py")
)

# From the street to the foundation; a room may import the rooms of lower floors, never a neighbour.
FLOORS = (
    {"cli"},
    {"tour"},
    {"analysis", "bench"},
    {"sequences", "molecules", "networks"},
    {"training", "data", "plots"},
    {"nn"},
    {"errors"},
)
ROOMS = set().union(*FLOORS)
THIRD_PARTY_DOORS = {
    "rdkit": {"molecules"},
    "networkx": {"networks", "plots"},
    "lightning": {"training"},
    "pytorch_lightning": {"training"},
    "matplotlib": {"plots"},
    "typer": {"cli"},
    "rich": {"cli", "training"},
}
#: Modules whose distributions have another name.
IMPORTED_AS = {"sklearn": "scikit_learn"}
FORBIDDEN = {
    "unsafe load": r"weights_only\s*=\s*False",
    "pickle": r"\bpickle\.loads?\b",
    "eval": r"(?<![.\w])eval\(",
    "exec": r"(?<![.\w])exec\(",
    "unfiltered archive": r"\bextractall\b",
    "shell": r"shell\s*=\s*True",
}
MAX_LINES = 600
MAX_EXAMPLE_LINES = 150


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_modules(source: str, package: str) -> list[str]:
    """Full names of all modules that ``source`` imports, anywhere, also inside functions.

    ``package`` is the dotted package that the source lives in; ``from a import b`` yields ``a.b``,
    since ``b`` may be a module.
    """
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base]) if base else ".".join(parents)
            names += [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and _called_name(node) in ("import_module", "__import__"):
            literals = [a.value for a in node.args if isinstance(a, ast.Constant)]
            names += [str(value) for value in literals]
    return names


def _called_name(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def forbidden_doors(source: str, module: str, is_package: bool = False) -> list[str]:
    """The imports of ``source`` that the doors do not allow to the module called ``module``."""
    package = module if is_package else module.rpartition(".")[0]
    room = room_of(module)
    problems = []
    for name in imported_modules(source, package):
        top = name.split(".")[0]
        target = room_of(name)
        if top in THIRD_PARTY_DOORS and room not in THIRD_PARTY_DOORS[top]:
            problems.append(f"{module} imports {name}")
        if target and target != room and (room is None or floor_of(room) >= floor_of(target)):
            problems.append(f"{module} imports {name}")
    return problems


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "gnnlab" and len(parts) > 1 and parts[1] in ROOMS else None


def floor_of(room: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_imports_go_through_the_doors(path):
    source = path.read_text(encoding="utf-8")
    assert not forbidden_doors(source, module_name(path), path.name == "__init__.py")


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("gnnlab.nn.cells", "from gnnlab.sequences import tasks"),
        ("gnnlab.nn.cells", "from gnnlab import sequences"),
        ("gnnlab.nn.cells", "def f():\n    import gnnlab.training.fit"),
        ("gnnlab.nn.cells", "from ..sequences.tasks import make_task"),
        ("gnnlab.nn.cells", "from .. import sequences"),
        ("gnnlab.nn.cells", "import importlib\nimportlib.import_module('gnnlab.data')"),
        ("gnnlab.sequences.tasks", "from gnnlab.networks import links"),
        ("gnnlab.sequences.tasks", "import gnnlab.cli"),
        ("gnnlab.errors", "import gnnlab.nn"),
        ("gnnlab.sequences.tasks", "def f():\n    import matplotlib.figure"),
        ("gnnlab.cli.tour", "from lightning import Trainer"),
        ("gnnlab.nn.cells", "import networkx"),
        ("gnnlab.sequences.compare", "from rich.progress import Progress"),
        ("gnnlab.sequences.compare", "from rdkit import Chem"),
    ],
)
def test_checker_finds_a_forbidden_door(module, source):
    assert forbidden_doors(source, module)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("gnnlab.cli.sequences", "from gnnlab.sequences import compare\nimport typer, rich"),
        ("gnnlab.sequences.tasks", "from gnnlab.errors import InputError\nfrom . import paths"),
        ("gnnlab.training.fit", "import lightning\nfrom gnnlab.nn import cells"),
        ("gnnlab.analysis.flow", "from gnnlab import __version__, networks"),
        ("gnnlab.plots", "import networkx, matplotlib.figure"),
    ],
)
def test_checker_lets_an_allowed_door_pass(module, source):
    assert not forbidden_doors(source, module)


def test_every_room_is_on_a_floor():
    rooms = {module_name(path).split(".")[1] for path in SOURCES if path.parent != ROOT / "gnnlab"}
    assert rooms <= ROOMS


def test_third_party_imports_are_declared_dependencies():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = config["options"]["install_requires"].split("\n")
    lines += config["options.extras_require"]["fcd"].split("\n")
    declared = {re.split(r"[<>=!~; ]", line)[0].replace("-", "_") for line in lines if line.strip()}
    found = set()
    for path in SOURCES:
        source = path.read_text(encoding="utf-8")
        found |= {name.split(".")[0] for name in imported_modules(source, module_name(path))}
    found = {IMPORTED_AS.get(name, name) for name in found}
    assert found - set(sys.stdlib_module_names) - {"gnnlab"} <= declared


@pytest.mark.parametrize("path", PYTHON_FILES, ids=relative)
def test_file_is_short_enough(path):
    limit = MAX_EXAMPLE_LINES if path.parent.name == "examples" else MAX_LINES
    assert len(path.read_text(encoding="utf-8").splitlines()) <= limit


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_module_has_a_docstring(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_forbidden_call(path):
    source = path.read_text(encoding="utf-8")
    assert not [name for name, pattern in FORBIDDEN.items() if re.search(pattern, source)]


@pytest.mark.parametrize(
    "line",
    [
        "torch.load(path, weights_only = False)",
        "pickle.load(file)",
        "x = eval(text)",
        "exec(code)",
        "archive.extractall(folder)",
        "subprocess.run(line, shell=True)",
    ],
)
def test_patterns_find_a_forbidden_call(line):
    assert any(re.search(pattern, line) for pattern in FORBIDDEN.values())


def test_patterns_let_evaluation_mode_pass():
    assert not any(re.search(pattern, "model.eval()") for pattern in FORBIDDEN.values())


@pytest.mark.parametrize("path", sorted((ROOT / "gnnlab" / "nn").glob("*.py")), ids=relative)
def test_core_neither_prints_nor_touches_files(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {_called_name(node) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not calls & {"print", "open", "read_text", "write_text", "read_bytes", "write_bytes"}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=relative)
def test_example_uses_public_names_only(path):
    names = imported_modules(path.read_text(encoding="utf-8"), "examples")
    assert any(name.startswith("gnnlab") for name in names)
    assert not [name for name in names if re.search(r"\._[a-z]", name)]


@pytest.mark.parametrize(
    "statement",
    [
        "import gnnlab",
        "from gnnlab.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit: pass",
        "from gnnlab.cli import main\n"
        "try:\n    main(['sequences', 'compare', '--help'])\nexcept SystemExit: pass",
        "from gnnlab.cli import main\n"
        "try:\n    main(['bench', 'adjacency', '--help'])\nexcept SystemExit: pass",
        "from gnnlab.cli import main\n"
        "try:\n    main(['molecules', 'train', '--help'])\nexcept SystemExit: pass",
    ],
    ids=["import", "help", "help of a command", "help of a benchmark", "help of molecules"],
)
def test_light_entry_loads_nothing_heavy(statement):
    heavy = (
        "torch",
        "torch_geometric",
        "lightning",
        "matplotlib",
        "pandas",
        "numpy",
        "rdkit",
        "sklearn",
    )
    check = f"import sys\nassert not [name for name in {heavy} if name in sys.modules]"
    command = [sys.executable, "-c", f"{statement}\n{check}"]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
