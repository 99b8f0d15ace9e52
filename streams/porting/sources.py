"""Where files come from: a folder, an upload, a zip. Nothing is unpacked to disk."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from streams.documents import PortingError
from streams.documents.mistakes import meant, shown
from streams.porting.reading import KINDS

MOST_FILES = 5_000
LARGEST_FILE = 8_000_000
"""Bytes. A million characters, the longest script, are four million at most."""
LARGEST_STREAM = 200_000
"""Bytes of a `.yaml`, which takes far longer to read: a second for 50,000 of them."""
LARGEST_STREAMS = 1_000_000
"""Bytes of all that are uploaded together."""
LARGEST_TOTAL = 50_000_000
"""Bytes of all that a zip holds."""

# What zipfile raises for what is broken, encrypted, or unknown to it.
_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(OSError, EOFError, RuntimeError, NotImplementedError, ValueError),
)


@dataclass(frozen=True, slots=True)
class File:
    """One file with its name, as messages call it: `scripts/greeting.md`."""

    name: str
    data: bytes


def is_wanted(name: str) -> bool:
    """Tell whether a file is one of ours, by its name."""
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    known = path.suffix.lower() in KINDS
    return known and not hidden and path.name.lower() != "readme.md"


def read_path(path: Path) -> list[File]:
    """Read a folder, or a single file or zip; see `read_folder` and `read_upload`."""
    if not path.is_file():
        return read_folder(path)
    try:
        with path.open("rb") as content:
            return read_upload(path.name, content)
    except OSError as error:
        raise PortingError(f"{path} cannot be read: {error.strerror}.") from None


def read_folder(folder: Path) -> list[File]:
    """Read what a folder holds; raise PortingError where there is nothing to read.

    If it has a folder `scripts` or `streams`, what is in them counts, with what is
    below; else the files in the folder itself. Other files, a README among them, do
    not count.
    """
    if not folder.is_dir():
        if folder.exists():
            raise PortingError(f"{folder} is a file: name the folder that it is in.")
        near = [path.name for path in folder.parent.glob("*") if path.is_dir()]
        hint = meant(folder.name, near) if near else ""
        hint = f" {hint[:1].upper()}{hint[1:]}" if hint.startswith("did") else ""
        raise PortingError(f"There is no folder {folder}.{hint}")
    parts = [folder / name for name in ("scripts", "streams")]
    if any(part.is_dir() for part in parts):
        paths = [path for part in parts for path in part.rglob("*")]
    else:
        paths = list(folder.iterdir())
    found = []
    for path in sorted(paths):
        name = path.relative_to(folder).as_posix()
        if not is_wanted(name) or not path.is_file():
            continue
        try:
            size, data = path.stat().st_size, b""
            if size <= LARGEST_FILE:
                data = path.read_bytes()
        except OSError as error:
            raise PortingError(f"{path} cannot be read: {error.strerror}.") from None
        _check_size(name, max(size, len(data)))
        found.append(File(name, data))
    if not found:
        raise PortingError(
            f"{folder} has no script (.md) and no stream (.yaml), neither in it nor in"
            " its folders scripts and streams."
        )
    if len(found) > MOST_FILES:
        raise PortingError(f"{folder} has {len(found)} files: {MOST_FILES} at most.")
    return found


def read_upload(name: str, content: IO[bytes]) -> list[File]:
    """Read an uploaded script, stream or zip; raise PortingError for anything else."""
    plain = PurePosixPath(name.replace("\\", "/")).name
    if plain.lower().endswith(".zip"):
        return list(_read_zip(plain, content))
    if PurePosixPath(plain).suffix.lower() not in KINDS:
        raise PortingError(
            f"{shown(plain)} is no .md, .yaml or .zip: give a script, a stream, or a"
            " zip of them."
        )
    data = content.read(LARGEST_FILE + 1)
    _check_size(plain, len(data))
    return [File(plain, data)]


def _read_zip(name: str, content: IO[bytes]) -> Iterator[File]:
    try:
        archive = zipfile.ZipFile(content)
    except (zipfile.BadZipFile, ValueError, OSError):
        raise PortingError(f"{shown(name)} is no zip, or a broken one.") from None
    total = count = 0
    for info in archive.infolist():
        _check_name(info)
        if info.is_dir() or not is_wanted(info.filename):
            continue
        count += 1
        if count > MOST_FILES:
            raise PortingError(f"{shown(name)} has more than {MOST_FILES} files.")
        try:
            with archive.open(info) as file:
                # What it says of its own size may be a lie.
                data = file.read(LARGEST_FILE + 1)
        except _UNREADABLE:
            raise PortingError(
                f"{shown(info.filename)} in {shown(name)} cannot be read: it is broken,"
                " encrypted, or packed in a way that is not known here."
            ) from None
        _check_size(info.filename, len(data))
        total += len(data)
        if total > LARGEST_TOTAL:
            raise PortingError(
                f"{shown(name)} holds more than {LARGEST_TOTAL // 10**6} MB."
            )
        yield File(info.filename, data)
    if not count:
        raise PortingError(
            f"{shown(name)} has no script (.md) and no stream (.yaml) in it."
        )


def _check_name(info: zipfile.ZipInfo) -> None:
    """Refuse what would be outside of a folder if anybody unpacked it."""
    name = info.orig_filename.replace("\\", "/")
    parts = name.split("/")
    link = (info.external_attr >> 16) & 0o170000 == 0o120000
    if name.startswith("/") or ".." in parts or ":" in parts[0] or link or "\0" in name:
        raise PortingError(
            f"{shown(info.orig_filename)} is a path that leads out of the zip, or a"
            " link: nothing of it is taken."
        )


def check_streams(files: Iterable[File]) -> None:
    """Raise PortingError if it would take too long to read these for an upload."""
    total = sum(len(f.data) for f in files if not f.name.lower().endswith(".md"))
    if total > LARGEST_STREAMS:
        raise PortingError(
            f"These streams have {total:,} bytes, {LARGEST_STREAMS:,} at most: give"
            " fewer at a time, or use `manage.py streams import`."
        )


def _check_size(name: str, size: int) -> None:
    is_stream = not name.lower().endswith(".md")
    most = LARGEST_STREAM if is_stream else LARGEST_FILE
    if size > most:
        raise PortingError(f"{shown(name)} has more than {most:,} bytes, the most.")
