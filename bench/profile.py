"""Where the time goes: py-spy looks at a server under churn."""

import shutil
import subprocess
import sys
from pathlib import Path

from bench.catalogue import MODELS
from bench.generator import playing
from bench.results import FOLDER
from bench.stacks import Stack
from bench.tables import Bench


def profile(bench: Bench, stack: Stack) -> None:
    """Write a flame graph of a stack with three quarters of the streams it may hold."""
    spy = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if not spy:
        raise SystemExit("py-spy is missing: install the dependency group `bench`.")
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"profile-{stack.name}.svg"
    streams = min(round(0.75 * stack.guess), bench.scale.most_guessed)
    load = playing(MODELS["paced"], streams, ramp=bench.scale.ramp, churn=True)
    with bench.serve(stack) as server:
        bench.warm_up(server)
        spying = subprocess.Popen(
            [spy, "record", "--nonblocking", "--rate", "200"]
            + ["--duration", "18", "--output", str(path), "--pid", str(server.pid)],
        )
        bench.measure(server, *load, settle=1, window=10)
        spying.wait()
    print(f"{stack.name} with {streams:,} streams: {path}")
