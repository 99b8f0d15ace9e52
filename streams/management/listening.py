"""The recording proxy, run from a shell."""

import asyncio
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError

from streams.capture.tape import Answer


def listen(command: BaseCommand, options: Mapping[str, Any]) -> list[Answer]:
    """Run the proxy until it has its answers, or somebody ends it; return them."""
    try:
        from streams.proxying import keep_quiet, serve
    except ImportError as error:
        raise CommandError(
            f"The proxy needs {error.name}:"
            " pip install 'django-scripted-streams[record]'"
        ) from None
    upstream = options["upstream"]
    try:
        url = urlsplit(upstream)
        _ = url.port
    except ValueError:
        url = urlsplit("")
    if url.scheme not in ("http", "https") or not url.hostname:
        raise CommandError(
            f"'{upstream}' is no address: write --upstream https://api.openai.com"
        )
    try:
        listening = socket.create_server((options["host"], options["port"]))
    except OSError as error:
        raise CommandError(
            f"Port {options['port']} of {options['host']} cannot be used:"
            f" {error.strerror}. Choose another with --port."
        ) from None
    keep_quiet()
    host, port = listening.getsockname()[:2]
    command.stderr.write(
        f"Listening on http://{host}:{port} for {url.scheme}://{url.netloc.rpartition('@')[2]}."
        " Make it your client's base URL, and ask. Ctrl+C ends it."
    )
    answers: list[Answer] = []
    with suppress(KeyboardInterrupt):
        asyncio.run(
            serve(
                upstream,
                listening,
                answers,
                enough=options["answers"],
                tell=command.stderr.write,
            )
        )
    if not answers:
        raise CommandError("No stream passed through: nothing was recorded.")
    return answers
