"""Servers that other people run, on this machine: one that is posted to, and one that takes mail."""

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Posted:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Web:
    """What a web server got, and how it answers: a status, a body, headers, and how slowly."""

    url: str = ""
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    silence: float = 0.0  # seconds before it says anything
    drip: float = 0.0  # seconds between two bytes of its body
    posted: list[Posted] = field(default_factory=list)


@contextmanager
def web_server() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            web.posted.append(Posted(self.path, dict(self.headers), body))
            time.sleep(web.silence)
            try:
                self.send_response(web.status)
                for name, value in {"Content-Length": str(len(web.body)), **web.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if not web.drip:
                    self.wfile.write(web.body)
                    return
                for byte in web.body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(web.drip)
            except OSError:
                self.close_connection = True  # who asked has gone

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.url = f"http://127.0.0.1:{server.server_port}/hook?place=1"
    with _serving(server):
        yield web


@dataclass
class Post:
    """What a mail server got, and what it says to a recipient and to a mail."""

    port: int = 0
    recipient: str = "250 ok"
    data: str = "250 queued"
    silent: bool = False  # takes the call and says nothing
    mails: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[Post]:
    post = Post()
    over = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if post.silent:
                over.wait(10)
                return
            self.say("220 post.example")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb in (b"EHLO", b"HELO", b"MAIL", b"RSET"):
                    self.say("250 ok")
                elif verb == b"RCPT":
                    post.recipients.append(line.decode().strip()[len("RCPT TO:") :])
                    self.say(post.recipient)
                elif verb == b"DATA":
                    self.say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    post.mails.append(b"".join(lines))
                    self.say(post.data)
                else:
                    self.say("221 bye")
                    return

        def say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    post.port = server.server_address[1]
    with _serving(server):
        try:
            yield post
        finally:
            over.set()


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
