"""`manage.py demo [HOST:PORT] [--tls]`: from nothing to a page that types."""

import ipaddress
import os
import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from streams.demo import load_demo
from streamsite.tls import make_certificate


class Command(BaseCommand):
    help = "Migrate, load the demo content, make the admin account, serve with Daphne."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", nargs="?", default="127.0.0.1:8000")
        parser.add_argument(
            "--tls",
            action="store_true",
            help="Serve HTTPS and HTTP/2, with a certificate made for it in .tls/.",
        )

    def handle(self, *args: Any, address: str, tls: bool, **options: Any) -> None:
        host, port = _split(address)
        target = "demo-tls" if tls else "demo"
        password = os.environ.get("DEMO_PASSWORD", "")
        if not password and not _is_loopback(host):
            raise CommandError(
                f"{host} can be reached from other machines, and the demo account's"
                " password is in the README. Set DEMO_PASSWORD to another one, and"
                " ALLOWED_HOSTS to the name people will use:\n"
                f"  DEMO_PASSWORD=… ALLOWED_HOSTS=… make {target}"
                f" HOST={host} PORT={port}"
            )
        _refuse_taken(host, port, target)
        call_command("migrate", verbosity=0)
        load_demo()
        account = self.make_account(password)
        shown = f"[{host}]" if ":" in host else host
        if host in ("0.0.0.0", "::"):
            shown = next((h for h in settings.ALLOWED_HOSTS if h != "*"), "localhost")
        site = f"{'https' if tls else 'http'}://{shown}:{port}"
        warning = "  The browser will warn of the certificate: go on.\n" if tls else ""
        self.stdout.write(
            "\n"
            f"  Page        {site}/\n"
            f"  Playground  {site}/streams/\n"
            f"  Admin       {site}/admin/   {account}\n"
            "\n"
            f"{warning}"
            "  Ctrl+C stops the server.\n"
        )
        self.stdout.flush()
        where = _tls_endpoint(host, port) if tls else ["-b", host, "-p", str(port)]
        daphne = [sys.executable, "-m", "daphne", *where, "-v", "0"]
        os.execv(sys.executable, [*daphne, "streamsite.asgi:application"])

    def make_account(self, password: str) -> str:
        """Make the account `admin`, or bring it up to date; return how to sign in."""
        users = get_user_model().objects
        user = users.filter(username="admin").first()
        if user is None:
            users.create_superuser("admin", "", password or "demo")
        elif password and not user.check_password(password):
            user.set_password(password)
            user.save()
        elif not password and not user.check_password("demo"):
            return "admin / (the password you chose)"
        return "admin / (DEMO_PASSWORD)" if password else "admin / demo"


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    try:
        number = int(port)
        if not 0 < number < 65536:
            raise ValueError
    except ValueError:
        raise CommandError(
            f"'{address}' is not HOST:PORT, such as 127.0.0.1:8000."
        ) from None
    return host.strip("[]") or "127.0.0.1", number


def _tls_endpoint(host: str, port: int) -> list[str]:
    """Return Daphne's options for TLS; with it, it offers HTTP/2 by itself."""
    hosts = [name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"]
    paths = make_certificate(settings.BASE_DIR / ".tls", [*hosts, host])
    # In Twisted's endpoint descriptions a colon parts one field from the next.
    key, certificate, interface = (
        str(value).replace("\\", "\\\\").replace(":", "\\:") for value in (*paths, host)
    )
    fields = f"privateKey={key}:certKey={certificate}:interface={interface}"
    return ["-e", f"ssl:{port}:{fields}"]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_taken(host: str, port: int, target: str) -> None:
    """Say so in one sentence where Daphne would give a traceback."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host}:{port} ({error.strerror}). Choose another"
                f" port: make {target} PORT={port + 1}"
            ) from None
