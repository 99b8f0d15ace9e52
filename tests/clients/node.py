"""Running the vendors' npm SDKs: a script of tests/clients/js, and what it says."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.conftest import cannot_run

FOLDER = Path(__file__).parent / "js"


def run_node(script: str, *args: str, timeout: float = 60) -> Any:
    """Run `js/SCRIPT.mjs ARGS…`; return the JSON that it prints as its last line."""
    if not (FOLDER / "node_modules" / ".installed").exists():
        cannot_run("no npm packages: sh tests/clients/js/install.sh")
    # The SDKs want a newer Node.js than systems have: it is one of the packages.
    node = FOLDER / "node_modules" / ".bin" / "node"
    ran = subprocess.run(
        [str(node), f"{script}.mjs", *args],
        cwd=FOLDER,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return json.loads(ran.stdout.rstrip("\n").rpartition("\n")[2])
