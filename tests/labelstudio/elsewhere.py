"""Servers that are no Label Studio: one that says the same to everybody and remembers all it was told; a relay."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


class Elsewhere:
    """A server on loopback that answers every request alike; it listens inside `with`.

    Args:
        status: of the answer.
        headers: of the answer; `%s` in a value is the path that was asked for.
        body: of the answer.
        certificate: a file with key and certificate, see `certificate`; None speaks plain http.
    """

    def __init__(
        self,
        status: int = 200,
        headers: dict[str, str] | None = None,
        body: bytes = b"<html><title>Intranet</title></html>",
        certificate: Path | None = None,
    ) -> None:
        self.told: list[bytes] = []  # request line, headers and body of each request
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                told.append(b"\n".join((self.requestline.encode(), bytes(self.headers), self.rfile.read(length))))
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value.replace("%s", self.path))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

            do_GET = do_POST = do_PATCH = do_DELETE = do  # noqa: N815

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> Elsewhere:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def certificate(folder: Path) -> Path:
    """A new key and a certificate of its own for 127.0.0.1, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl")
    key, made = folder / "key.pem", folder / "certificate.pem"
    what = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    where = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", made]
    subprocess.run(["openssl", "req", *what, *where], check=True, capture_output=True)
    made.write_bytes(made.read_bytes() + key.read_bytes())
    return made


@contextlib.contextmanager
def relay(to_port: int, family: int = socket.AF_INET6, host: str = "::1", tls: Path | None = None):
    """The port of a listener that passes bytes on to 127.0.0.1, both ways, after taking TLS off."""
    listener = socket.socket(family)
    try:
        listener.bind((host, 0))
    except OSError:
        listener.close()
        pytest.skip(f"there is no {host}")
    listener.listen(16)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if tls:
        context.load_cert_chain(tls)

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    def serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client = context.wrap_socket(client, server_side=True) if tls else client
            server = socket.create_connection(("127.0.0.1", to_port))
            threading.Thread(target=pump, args=(server, client), daemon=True).start()
            pump(client, server)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.close()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
