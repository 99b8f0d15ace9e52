"""The C programs: the load generator and the epoll server."""

import shutil
import subprocess
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent
_BUILT = _FOLDER / "build"

LOAD = _BUILT / "load"
EPOLL = _BUILT / "epoll"

_SOURCES = {
    LOAD: sorted((_FOLDER / "load").glob("*.[ch]")),
    EPOLL: [_FOLDER / "peers" / "epoll.c"],
}
FLAGS = ("-O2", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror")


def build() -> None:
    """Compile what is older than its sources."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise SystemExit("bench needs a C compiler: install gcc or clang.")
    _BUILT.mkdir(exist_ok=True)
    for program, sources in _SOURCES.items():
        newest = max(source.stat().st_mtime for source in sources)
        if program.exists() and program.stat().st_mtime > newest:
            continue
        units = [str(source) for source in sources if source.suffix == ".c"]
        subprocess.run([compiler, *FLAGS, "-o", str(program), *units], check=True)
