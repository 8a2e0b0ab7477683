"""Servers that misbehave on purpose, on real sockets of 127.0.0.1."""

from __future__ import annotations

import datetime
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Talk = Callable[[socket.socket], None]


@dataclass(slots=True)
class Listening:
    """A running server: its port, and the first bytes of every request that reached it."""

    port: int
    heard: list[bytes] = field(default_factory=list)


@contextmanager
def listening(
    talk: Talk, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", greets: bool = False
) -> Iterator[Listening]:
    """Accept connections, read the request unless it `greets`, and let `talk` answer; every connection is closed afterwards."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        here = Listening(server.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(server, talk, tls, here, greets), daemon=True)
        thread.start()
        try:
            yield here
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=5)


def _accept(server: socket.socket, talk: Talk, tls: ssl.SSLContext | None, here: Listening, greets: bool) -> None:
    while True:
        try:
            plain, _ = server.accept()
        except OSError:
            return
        with suppress(OSError), plain:
            plain.settimeout(5)
            with tls.wrap_socket(plain, server_side=True) if tls else plain as sock:
                if not greets:
                    here.heard.append(_request(sock))
                talk(sock)


def _request(sock: socket.socket) -> bytes:
    """The head of the request, and as much of a body as it announces."""
    heard = sock.recv(65_536)
    announced = re.search(rb"(?i)content-length: (\d+)", heard)
    while announced and len(heard.partition(b"\r\n\r\n")[2]) < int(announced[1]):
        heard += sock.recv(65_536)
    return heard


def says(text: bytes) -> Talk:
    """Answer with these bytes."""
    return lambda sock: sock.sendall(text)


def ok(body: bytes, *headers: str) -> bytes:
    """A whole answer with status 200."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of the test: the file to trust, and server contexts with certificates of it."""

    file: Path
    directory: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, directory: Path) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _signed("Authority", key, key, "Authority", x509.BasicConstraints(ca=True, path_length=None))
        file = directory / "authority.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cls(file, directory, key, certificate)

    def serving(self, *names: str) -> ssl.SSLContext:
        """A server's side of TLS with a certificate for these names or addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        entries = x509.SubjectAlternativeName([_name(name) for name in names])
        certificate = _signed(names[0], key, self.key, "Authority", entries)
        file = self.directory / f"{names[0].replace(':', '_')}.pem"
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _signed(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: str,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_called(name))
        .issuer_name(_called(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        .sign(signer, hashes.SHA256())
    )


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
