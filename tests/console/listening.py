"""A program that waits on this machine for somebody's browser to come, as a command line does."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit


class Listener(HTTPServer):
    """What was brought to it, oldest first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Greeting)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.brought: list[dict[str, str]] = []


class _Greeting(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        """Take what is brought."""
        parts = urlsplit(self.path)
        is_callback = parts.path == "/callback"
        if is_callback:
            self.server.brought.append(dict(parse_qsl(parts.query)))
        self.send_response(200 if is_callback else 204)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if is_callback:
            self.wfile.write(b"<!doctype html><title>Done</title><h1>Back to your terminal</h1>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening() -> Iterator[Listener]:
    """Wait for as long as the block lasts."""
    with Listener() as listener:
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield listener
        finally:
            listener.shutdown()
            thread.join()
