"""A department's service as a real HTTPS server on this machine, under a certificate authority of the test's own."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shimin.adapters.http_connector import HttpConnector

HOST, STRANGER = "api.hrss.example", "elsewhere.example"
Script = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Authority:
    """Signs certificates for the names the tests use."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def certificate(self, name: str, key: ec.EllipticCurvePublicKey, *, days: int = 1, ca: bool = False) -> bytes:
        """Return a certificate for a name as PEM; ``days`` in the past makes it expired."""
        now = datetime.now(UTC)
        ends = now + timedelta(days=days)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, ends) - timedelta(days=2))
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        )
        return made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def trust(self) -> ssl.SSLContext:
        """Return what believes this authority alone."""
        pem = self.certificate("test authority", self.key.public_key(), ca=True)
        return ssl.create_default_context(cadata=pem.decode())

    def serving(self, name: str, *, days: int = 1) -> ssl.SSLContext:
        """Return what a server of that name presents."""
        key = ec.generate_private_key(ec.SECP256R1())
        file = self.folder / f"{name}.{days}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + self.certificate(name, key.public_key(), days=days))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@dataclass
class Served:
    """Where a server listens and which requests reached it."""

    port: int
    received: list[bytes] = field(default_factory=list)
    connections: int = 0
    names: list[str | None] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """Its address by name."""
        return f"https://{HOST}:{self.port}"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Make the authority once."""
    return Authority(tmp_path_factory.mktemp("authority"))


@asynccontextmanager
async def serving(script: Script, context: ssl.SSLContext | None) -> AsyncIterator[Served]:
    """Answer every request of every connection with the same bytes, or let the script act."""
    served = Served(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        try:
            while True:
                served.received.append(await reader.readuntil(b"\r\n\r\n"))
                if not isinstance(script, bytes):
                    await script(reader, writer)
                    break
                writer.write(script)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    if context:
        context.sni_callback = lambda _, name, __: served.names.append(name)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()


async def to_this_machine(host: str, port: int) -> list[str]:  # noqa: ARG001 - the resolver's signature
    """Resolve every name to the test's server."""
    return ["127.0.0.1"]


MakeConnector = Callable[..., HttpConnector]


@pytest.fixture
async def make_connector(authority: Authority) -> AsyncIterator[MakeConnector]:
    """Make connectors that are closed at the end."""
    made: list[HttpConnector] = []

    def make(**settings: object) -> HttpConnector:
        chosen = {"allow_loopback": True, "resolve": to_this_machine, "trust": authority.trust(), **settings}
        made.append(HttpConnector(**chosen))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for connector in made:
        await connector.close()
