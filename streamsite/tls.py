"""A certificate of one's own, for trying HTTP/2 on this machine."""

import ipaddress
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID


def make_certificate(folder: Path, hosts: Iterable[str]) -> tuple[Path, Path]:
    """Return the paths of a key and its certificate, which nobody has signed.

    Those in the folder are kept as long as they fit, so that a browser that was told to
    trust them need not be told again.
    """
    key_path, certificate_path = folder / "key.pem", folder / "certificate.pem"
    names = [_name(host) for host in dict.fromkeys(host.strip("[]") for host in hosts)]
    if key_path.exists() and _fits(certificate_path, names):
        return key_path, certificate_path
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "streams demo")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, SHA256())
    )
    folder.mkdir(exist_ok=True)
    key_path.unlink(missing_ok=True)
    # Readable by nobody else from its first moment on.
    with os.fdopen(os.open(key_path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate_path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return key_path, certificate_path


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _fits(path: Path, names: list[x509.GeneralName]) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        covered = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    return left > timedelta(days=1) and list(covered.value) == names
