"""A folder of scripts and streams, as a server of that folder wants it."""

from pathlib import Path

from streams.porting.planning import plan, streams_for
from streams.porting.reading import read_document
from streams.porting.report import OnConflict, Report
from streams.porting.sources import read_folder
from streams.porting.writing import carry_out, remove_all_but


def load_folder(
    path: Path | str,
    *,
    streams_for_scripts: bool = True,
    keep_going: bool = False,
    prune: bool = False,
) -> Report:
    """Make the current database say what a folder's files say; see `read_folder`.

    What is there by the same slug is replaced, and what is the same is not touched: to
    load a folder again is cheap. Streams that do not say otherwise are published.
    `streams_for_scripts` makes a stream for each script that no file mentions;
    `keep_going` takes what is right though another file is wrong, else nothing is
    written then; `prune` deletes the streams and scripts that no file is about.

    Raise PortingError where there is no such folder, or nothing in it. Mistakes in its
    files are in the report.
    """
    files = read_folder(Path(path))
    found = [read_document(file.name, file.data, published=True) for file in files]
    if streams_for_scripts:
        found += streams_for(found, published=True)
    report = plan(found, on_conflict=OnConflict.REPLACE, keep_going=keep_going)
    if keep_going or not report.mistakes:
        carry_out(report)
        if prune:
            remove_all_but(report)
    return report
