"""A real nginx with deploy/nginx.conf, of which the placeholders only are replaced."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from streamsite.tls import make_certificate
from tests.conftest import cannot_run
from tests.processes import ROOT, eventually

SHIPPED = ROOT / "deploy" / "nginx.conf"

# What /etc/nginx/nginx.conf would be. Every path is in the folder, as no root is needed.
AROUND = """
daemon off;
worker_processes 2;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {more}
    include {folder}/streams.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Nginx:
    """Where it listens; none of the URLs ends with a slash."""

    https: str
    http: str
    """The same site without TLS, and so over HTTP/1.1; only the tests have it."""
    redirecting: str
    """The shipped file's port 80."""
    program: str
    folder: Path

    def check(self) -> str:
        """Return what `nginx -t` says about the configuration."""
        command = [*_command(self.program, self.folder), "-t"]
        ran = subprocess.run(command, capture_output=True, text=True, **_account())
        assert ran.returncode == 0, ran.stderr
        return ran.stderr


def find_nginx() -> str:
    names = [os.environ.get("NGINX", ""), "nginx", "/usr/sbin/nginx"]
    found = next((path for name in names if name and (path := shutil.which(name))), "")
    return found or cannot_run("no nginx: install the system's package, or set NGINX")


@contextmanager
def serve_with_nginx(
    workers: Sequence[str],
    *,
    more: str = "",
    around: str = AROUND,
    changes: Mapping[str, str] | None = None,
) -> Iterator[Nginx]:
    """Run nginx before two workers, given by URL; `more` goes into `http { … }`.

    `around` is another nginx.conf; `changes` are made to the shipped file.
    """
    program = find_nginx()
    # Not in pytest's own folder: it is closed to the account that nginx runs as.
    with TemporaryDirectory(prefix="streams-nginx-") as name:
        folder = Path(name)
        make_certificate(folder, ["127.0.0.1", "localhost"])
        tls, plain, redirecting = free_ports(3)
        shipped = replaced_once(SHIPPED.read_text(), changes or {})
        text = _fill_in(shipped, folder, workers, tls, plain, redirecting)
        (folder / "streams.conf").write_text(text)
        (folder / "nginx.conf").write_text(around.format(folder=folder, more=more))
        for path in (folder, *folder.iterdir()):
            if account := _account():
                shutil.chown(path, account["user"], account["group"])
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                _command(program, folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                **_account(),
            )

        def check() -> None:
            said = (folder / "log").read_text(errors="replace")
            assert process.poll() is None, said
            try:
                socket.create_connection(("127.0.0.1", tls), 5).close()
            except OSError as error:
                raise AssertionError(said) from error

        try:
            eventually(check, timeout=20)
            yield Nginx(
                https=f"https://127.0.0.1:{tls}",
                http=f"http://127.0.0.1:{plain}",
                redirecting=f"http://127.0.0.1:{redirecting}",
                program=program,
                folder=folder,
            )
        finally:
            process.terminate()
            process.wait(10)


def _fill_in(
    text: str,
    folder: Path,
    workers: Sequence[str],
    tls: int,
    plain: int,
    redirecting: int,
) -> str:
    certificates = "/etc/letsencrypt/live/demo.example.org"
    listening = (
        f"listen 127.0.0.1:{tls} ssl http2 backlog=4096;\n    listen 127.0.0.1:{plain};"
    )
    placeholders = {
        "listen 80;": f"listen 127.0.0.1:{redirecting};",
        "listen [::]:80;": "",
        "listen 443 ssl http2 backlog=4096;": listening,
        "listen [::]:443 ssl http2 backlog=4096;": "",
        f"{certificates}/fullchain.pem": f"{folder}/certificate.pem",
        f"{certificates}/privkey.pem": f"{folder}/key.pem",
        "server 127.0.0.1:8001 ": f"server {urlsplit(workers[0]).netloc} ",
        "server 127.0.0.1:8002 ": f"server {urlsplit(workers[1]).netloc} ",
    }
    text = replaced_once(text, placeholders)
    return text.replace("server_name demo.example.org;", "server_name 127.0.0.1;")


def replaced_once(text: str, changes: Mapping[str, str]) -> str:
    """Return the text with what is there exactly once replaced."""
    for placeholder, value in changes.items():
        assert text.count(placeholder) == 1, placeholder
        text = text.replace(placeholder, value)
    return text


def _command(program: str, folder: Path) -> list[str]:
    prefix = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    return [program, *prefix]


def _account() -> dict[str, str]:
    """Name an account without rights, for where the tests run as root."""
    if os.geteuid():
        return {}
    return {"user": "nobody", "group": "nogroup"}


def free_ports(count: int) -> list[int]:
    found = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in found]
    for one in found:
        one.close()
    return ports
