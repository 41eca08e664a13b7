"""A git server over https on the loopback: git's own http-backend behind a password."""

import base64
import datetime
import ipaddress
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, TOKEN = "bo", "canary-T0ken-Of-Nobody-81723"


@dataclass
class GitServer:
    """What it serves and how: all of it may be changed while it runs. `heard` are credentials it was sent."""

    root: Path  # holds bare repositories
    ca: Path
    url: str = ""
    user: str = USER
    token: str = TOKEN
    is_read_free: bool = False  # fetching takes no credential
    refuses_push: bool = False  # with 403, whoever asks
    leads_to: str = ""  # another server: every request is sent there
    is_down: bool = False  # answers 503
    repeats: bool = False  # answers 500 with the credential that it was sent
    heard: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # the paths

    @property
    def scope(self) -> str:
        """Return the address without a repository."""
        return self.url

    def repository(self, name: str = "shop.git") -> str:
        """Return the address of a repository."""
        return f"{self.url}/{name}"


@contextmanager
def serve(root: Path, folder: Path) -> Iterator[GitServer]:
    """Serve the bare repositories below `root`; its certificate is made in `folder`."""
    key, ca = _certify(folder)
    served = GitServer(root, ca)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"served": served}))
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    served.url = f"https://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: GitServer  # set by a class of its own for each server

    def log_message(self, format: str, *args: object) -> None:
        self.served.asked.append(format % args)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        given = self.headers.get("Authorization", "")
        if given:
            self.served.heard.append(base64.b64decode(given.partition(" ")[2]).decode())
        is_push = "git-receive-pack" in self.path
        if self.served.leads_to:
            self._say(301, "", ("Location", self.served.leads_to + self.path))
        elif self.served.is_down:
            self._say(503, "no")
        elif given != _basic(self.served) and (is_push or not self.served.is_read_free):
            self._say(401, "who are you?", ("WWW-Authenticate", 'Basic realm="x"'))
        elif self.served.repeats:
            self._say(500, f"you sent {given} {self.served.heard[-1:]}")
        elif is_push and self.served.refuses_push:
            self._say(403, f"you sent {given} {self.served.heard[-1:]}")
        else:
            self._run()

    def _say(self, code: int, text: str, *headers: tuple[str, str]) -> None:
        self.send_response(code)
        for name, value in (*headers, ("Content-Type", "text/plain"), ("Content-Length", str(len(text)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def _run(self) -> None:
        path, _, query = self.path.partition("?")
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size) if size else _chunks(self)
        env = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.served.root), "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_USER": self.served.user,
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "CONTENT_LENGTH": str(len(body)),
            "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(self.served.root),
        }  # fmt: skip
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=True)
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = next((value for name, value in fields if name == "Status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest)


def _basic(served: GitServer) -> str:
    return "Basic " + base64.b64encode(f"{served.user}:{served.token}".encode()).decode()


def _chunks(request: BaseHTTPRequestHandler) -> bytes:
    body = b""
    if request.headers.get("Transfer-Encoding") == "chunked":
        while size := int(request.rfile.readline().strip(), 16):
            body += request.rfile.read(size)
            request.rfile.readline()
    return body


def _certify(folder: Path) -> tuple[Path, Path]:
    """Make a key and a certificate for the loopback, and return their files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    own = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([own]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True).sign(key, hashes.SHA256())
    )  # fmt: skip
    files = folder / "server.key", folder / "server.pem"
    files[0].write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    files[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return files
