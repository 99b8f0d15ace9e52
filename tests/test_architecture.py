"""Imports point down only, and the core and the formats need no Django."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "streams"

# From the ground up: a module may import from its own layer and from those before it.
LAYERS = (
    ("exceptions",),
    ("core",),
    ("formats",),
    ("capture", "documents", "proxying"),
    ("conf", "signals", "template_tags", "rendering", "tokens"),
    ("models", "control", "playing", "http", "demo"),
    ("quiet_gc", "switching", "journal"),
    ("preparing",),
    ("porting", "checks", "serving"),
    ("embedding", "snippets"),
    ("templatetags",),
    ("api",),
    (
        *("views", "pages", "snippet_pages", "controls", "consumers"),
        *("admin", "management"),
    ),
    (
        *("urls", "api_urls", "routing", "apps"),
        *("turnstile", "at_once", "bundling", "threads", "short", "asgi"),
    ),
    ("standalone",),
    ("pytest_plugin", "__main__"),
)
# What the pure layers may use beside the standard library.
PURE = {
    "exceptions": set(),
    "core": {"regex"},
    "formats": set(),
    "capture": set(),
    "documents": {"yaml"},
}


def modules():
    """Return every module of the package with the layer-name it belongs to."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT)
        name = relative.parts[0].removesuffix(".py")
        if name not in ("migrations", "__init__"):
            found.append(pytest.param(path, name, id=str(relative)))
    return found


def imported(path: Path) -> set[str]:
    """Return every module that the file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module)
            if node.module == "streams":
                names |= {f"streams.{alias.name}" for alias in node.names}
    return names


def layer_of(name: str) -> int:
    [layer] = [i for i, names in enumerate(LAYERS) if name in names]
    return layer


@pytest.mark.parametrize(("path", "name"), modules())
def test_imports_point_down(path, name):
    for module in imported(path):
        if module.startswith("streams."):
            target = module.split(".")[1]
            assert layer_of(target) <= layer_of(name), f"{path} imports {module}"


@pytest.mark.parametrize(("path", "name"), modules())
def test_only_sockets_import_channels(path, name):
    """So that the app works where Channels is not installed. Who serves files needs it."""
    uses = any(module.split(".")[0] == "channels" for module in imported(path))
    assert not uses or name in ("consumers", "control", "routing", "standalone")
    if name not in ("consumers", "routing", "standalone"):
        assert not imported(path) & {"streams.consumers", "streams.routing"}


@pytest.mark.parametrize(("path", "name"), modules())
def test_the_pure_layers_use_the_standard_library_only(path, name):
    if name in PURE:
        foreign = {module.split(".")[0] for module in imported(path)}
        foreign -= {*sys.stdlib_module_names, "streams"}
        assert foreign <= PURE[name], f"{path} imports {foreign}"


def test_core_and_formats_load_no_django():
    code = (
        "import sys, pkgutil, importlib\n"
        "for name in ('core', 'formats', 'capture', 'documents'):\n"
        "    package = importlib.import_module(f'streams.{name}')\n"
        "    for module in pkgutil.iter_modules(package.__path__):\n"
        "        importlib.import_module(f'{package.__name__}.{module.name}')\n"
        "print([name for name in sys.modules if name.startswith('django')])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"


def test_no_file_grows_past_250_lines():
    """The house rule: a longer file asks to be split by noun."""
    long = {
        str(path.relative_to(ROOT)): count
        for path in ROOT.rglob("*.py")
        # What Django writes is as long as it is.
        if path.parent.name != "migrations"
        and (count := path.read_text("utf-8").count("\n")) > 250
    }
    assert not long
