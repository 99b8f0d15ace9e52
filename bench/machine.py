"""This machine: its cores, what runs on them, and what it is."""

import os
import platform
import resource
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
MOST_BY_OTHERS = 0.03
"""Share of one core that other processes may take before a row counts as disturbed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Which core runs the server, and which one the clients."""

    server: frozenset[int]
    clients: frozenset[int]

    @classmethod
    def choose(cls) -> "Cores":
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) < 2:
            raise SystemExit("bench needs two cores: one each for server and clients.")
        return cls(server=frozenset(usable[:1]), clients=frozenset(usable[-1:]))

    @property
    def shared(self) -> "Cores":
        """Both cores for both: what two workers need."""
        both = self.server | self.clients
        return Cores(server=both, clients=both)


def allow_many_files() -> None:
    """Raise the limit of open files as far as it goes; child processes inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


# ---- Processor time ----


def cpu_time(pid: int) -> float:
    """Return the seconds a process has run, all of its threads, exactly; 0 if gone."""
    with suppress(OSError):
        # The clock of another process; clock_getcpuclockid(3) makes the same number.
        return time.clock_gettime((~pid << 3) | 2)
    return 0.0


def process_tree(pid: int) -> list[int]:
    """Return a process and all that it started, as far as they live."""
    children: dict[int, list[int]] = {}
    for one in _pids():
        with suppress(OSError):
            stat = (PROC / str(one) / "stat").read_text()
            parent = int(stat.rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(one)
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def _pids() -> list[int]:
    return [int(entry) for entry in os.listdir(PROC) if entry.isdigit()]


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds of processor time in a window."""

    server: float
    clients: float
    others: float
    stolen: float
    """By other guests of the same host, where the machine is virtual."""
    busiest: str
    """The name of the other process that took most."""


class Meter:
    """Says who used the processor between `start` and `stop`."""

    def __init__(self, server: int, clients: int) -> None:
        self._server = server
        self._clients = clients

    def start(self) -> None:
        self._at = time.monotonic()
        self._times = {pid: cpu_time(pid) for pid in _pids()}
        self._stolen = _stolen()

    def stop(self) -> Usage:
        times = {pid: cpu_time(pid) for pid in _pids()}
        used = {pid: t - self._times.get(pid, 0) for pid, t in times.items()}
        server = set(process_tree(self._server))
        # Nor is the one that measures.
        others = used.keys() - server - {self._clients, os.getpid()}
        busiest = max(others, key=lambda pid: used[pid], default=0)
        return Usage(
            server=sum(used.get(pid, 0) for pid in server),
            clients=used.get(self._clients, 0),
            others=sum(used[pid] for pid in others),
            stolen=_stolen() - self._stolen,
            busiest=_name(busiest),
        )


def _name(pid: int) -> str:
    with suppress(OSError):
        return (PROC / str(pid) / "comm").read_text().strip()
    return "one that is gone"


def _stolen() -> float:
    fields = (PROC / "stat").read_text().partition("\n")[0].split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")


# ---- Memory ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What the processes of a server hold."""

    memory: int
    """Bytes; pages that several processes share count in part (PSS)."""
    threads: int
    database_connections: int


def footprint(pids: Iterable[int], database: Path) -> Footprint:
    memory = threads = connections = 0
    for pid in pids:
        folder = PROC / str(pid)
        with suppress(OSError):
            memory += _field(folder / "smaps_rollup", "Pss:") * 1024
            threads += _field(folder / "status", "Threads:")
            for entry in (folder / "fd").iterdir():
                with suppress(OSError):
                    connections += os.readlink(entry) == str(database)
    return Footprint(memory=memory, threads=threads, database_connections=connections)


def _field(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise LookupError(f"{path} has no {name}")


# ---- What it is ----


def describe() -> dict[str, object]:
    """Describe hardware and system, without names of machine or user."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(_field(PROC / "meminfo", "MemTotal:") / 2**20, 1),
        "virtual": "hypervisor" in (PROC / "cpuinfo").read_text(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "libc": " ".join(platform.libc_ver()),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _cpu_model() -> str:
    for line in (PROC / "cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model", "Processor"):
            return " ".join(value.split())
    return platform.machine()
