"""Serving: a socket, a server on it, and a word when it listens."""

import importlib.util
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

from streams.exceptions import StreamsError

REMEDY = "pip install 'django-scripted-streams[serve]'"

NEEDED = ("channels", "corsheaders", "uvicorn", "yaml")


class CannotServe(StreamsError):
    """There is no server to be had; says why."""


def serve(
    folder: Path | None, *, host: str, port: int, default: str = "", token: str = ""
) -> None:
    """Serve a folder's scripts and streams until told to stop.

    Files that change are loaded again. `port` 0 is any free one. `default` is the slug
    of the stream that answers whoever names none of them as a model.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise CannotServe(f"{', '.join(missing)} is missing: {REMEDY}")
    import uvicorn

    from streams.standalone.configuration import configure

    with _listen(host, port) as listener, TemporaryDirectory("-streams") as temporary:
        configure(Path(temporary, "db.sqlite3"), token=token)
        # What needs the settings can be imported only now.
        from streams.standalone.application import get_application
        from streams.standalone.loading import Folder

        application = get_application()
        watched = None
        if folder is not None:
            watched = Folder(folder, default)
            watched.load()
            watched.watch()
        config = uvicorn.Config(
            application,
            log_level="warning",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        url = _url(host, listener.getsockname()[1])
        if watched is not None:
            print(watched.summary(url), flush=True)
        else:
            print(f"Listening on {url}", flush=True)
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    # So that one may start it again at once.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        why = getattr(error, "strerror", "") or str(error)
        raise CannotServe(
            f"{host}:{port} cannot be listened on ({why}): choose another"
            " with --port, or 0 for any that is free."
        ) from None
    listener.listen(2048)
    return listener


def _url(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)
    if ":" in shown and not shown.startswith("["):
        shown = f"[{shown}]"
    return f"http://{shown}:{port}"
