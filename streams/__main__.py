"""`python -m streams serve FOLDER`: scripts from files, without a project."""

import argparse
import os
import sys
from pathlib import Path

from streams.documents import PortingError
from streams.standalone.server import CannotServe, serve


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the process's exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m streams", description="Scripted streams without a project."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    served = commands.add_parser("serve", help="serve a folder of scripts and streams")
    served.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    served.add_argument("--host", default="127.0.0.1", help="%(default)s unless given")
    served.add_argument(
        "--port", type=int, default=8000, help="%(default)s unless given; 0: any free"
    )
    served.add_argument(
        "--default",
        default="",
        metavar="SLUG",
        help="the stream for models that are no stream's slug; else the first",
    )
    options = parser.parse_args(arguments)
    # In the environment, where other users of the machine cannot read it.
    token = os.environ.pop("STREAMS_TOKEN", "")
    if options.folder is None and not token:
        parser.error("name a folder: python -m streams serve FOLDER")
    try:
        serve(
            options.folder,
            host=options.host,
            port=options.port,
            default=options.default,
            token=token,
        )
    except (CannotServe, PortingError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
