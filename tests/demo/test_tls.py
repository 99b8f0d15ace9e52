"""The certificate that `manage.py demo --tls` makes; Chromium plays with it, too."""

import socket
import ssl
import stat
import threading

import pytest

from streamsite.tls import make_certificate

HOSTS = ["localhost", "127.0.0.1", "[::1]", "localhost"]


def shake_hands(key, certificate, name):
    """Connect to a TLS server with that certificate as one who trusts only that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=certificate)
    here, there = socket.socketpair()
    with here, there:

        def serve():
            try:
                context.wrap_socket(there, server_side=True).close()
            except OSError:
                there.close()

        server = threading.Thread(target=serve)
        server.start()
        try:
            client.wrap_socket(here, server_hostname=name).close()
        finally:
            here.close()
            server.join()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_it_holds_for_each_name(tmp_path, name):
    shake_hands(*make_certificate(tmp_path / "new", HOSTS), name)


def test_it_holds_for_no_other_name(tmp_path):
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(*make_certificate(tmp_path, HOSTS), "example.org")


def test_the_key_is_for_its_owner_alone(tmp_path):
    key, _ = make_certificate(tmp_path, HOSTS)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_it_is_kept_while_it_fits_and_made_anew_when_not(tmp_path):
    """A browser that trusts it need not be told again."""
    key, certificate = make_certificate(tmp_path, HOSTS)
    first = certificate.read_bytes(), key.read_bytes()
    make_certificate(tmp_path, HOSTS)
    assert (certificate.read_bytes(), key.read_bytes()) == first
    make_certificate(tmp_path, [*HOSTS, "demo.example.org"])
    assert certificate.read_bytes() != first[0]
    shake_hands(key, certificate, "demo.example.org")
    certificate.write_text("nonsense")
    make_certificate(tmp_path, HOSTS)
    shake_hands(key, certificate, "localhost")
