"""Requests to an HTTP server that are repeated while it restarts."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import threading
import time
import urllib.parse

FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
"""Seconds between two tries: doubled each time, up to the longest."""
BUSY = (429, 502, 503, 504)
"""Statuses by which servers, and proxies before them, say that it is worth to try again."""
TRIES_AT_ERRORS = 3
"""How often a request is sent that the server fails on with status 500."""


class ServerError(OSError):
    """A server does not answer, or answers with an error."""


class Refused(ServerError):
    """A server refuses a request, and would refuse it again."""


class Connections:
    """Connections to a server, one for each thread that sends requests.

    Args:
        url: Address of the server, `http://` or `https://`, with a path if it has one.
        retry_for: Seconds for which a request is repeated while the server cannot be reached
            or is busy.
        timeout: Seconds to wait for one answer.
    """

    def __init__(self, url: str, *, retry_for: float = 300.0, timeout: float = 60.0):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(
                "`server` must be an address such as http://localhost:8501. "
                f"Received: server={url!r}"
            )
        self.url = url.rstrip("/")
        self._parts = parts
        self._retry_for = retry_for
        self._timeout = timeout
        self._of_thread = threading.local()
        self._stopped = threading.Event()
        self._open: set[http.client.HTTPConnection] = set()
        self._has_answered = False

    def stop(self) -> None:
        """Have threads that wait for the server give up."""
        self._stopped.set()
        for connection in list(self._open):
            with contextlib.suppress(OSError, AttributeError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def resume(self) -> None:
        """Allow requests again after `stop`."""
        self._stopped.clear()

    def request(self, path: str, body: bytes | None = None) -> bytes:
        """The content of an answer with status 200; sends POST with a body, GET without.

        Args:
            path: Below the address of the server.
            body: JSON.

        Raises:
            ServerError: If the server cannot be reached for `retry_for` seconds, fails or is
                stopped waiting for.
            Refused: If it refuses the request.
        """
        last = time.monotonic() + self._retry_for
        wait, failures = FIRST_WAIT, 0
        while True:
            try:
                status, content = self._send(path, body)
            except (OSError, http.client.HTTPException) as error:
                self._close()
                problem = f"{type(error).__name__}: {error}".removesuffix(": ")
            else:
                if status == 200:
                    self._has_answered = True
                    return content
                problem = f"status {status}, {_message(content)}"
                failures += status == 500
                # A server that has answered before and knows nothing now has not loaded its
                # models again.
                loads = status == 404 and self._has_answered
                if status not in BUSY and not loads and not 0 < failures < TRIES_AT_ERRORS:
                    text = f"{self.url}{path} answers with {problem}"
                    raise ServerError(text) if status >= 500 else Refused(text)
            # A random share keeps clients from coming back all at once.
            pause = wait * random.uniform(0.5, 1)
            if time.monotonic() + pause > last:
                raise ServerError(
                    f"{self.url} has not answered for {self._retry_for:g} seconds: {problem}"
                )
            if self._stopped.wait(pause):
                raise ServerError(f"{self.url} is not waited for any more: {problem}")
            wait = min(2 * wait, LONGEST_WAIT)

    def _send(self, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            secure = self._parts.scheme == "https"
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            connection = kind(self._parts.hostname, self._parts.port, timeout=self._timeout)
            self._of_thread.connection = connection
        self._open.add(connection)
        method = "GET" if body is None else "POST"
        headers = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, self._parts.path.rstrip("/") + path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()

    def close(self) -> None:
        """Close all connections, once no thread uses them."""
        while self._open:
            self._open.pop().close()

    def _close(self) -> None:
        """Close the connection of this thread."""
        connection = getattr(self._of_thread, "connection", None)
        if connection is not None:
            connection.close()
            self._open.discard(connection)
            self._of_thread.connection = None


def _message(content: bytes) -> str:
    """What an answer says of an error, in one line."""
    text = content.decode("utf-8", errors="replace")
    try:
        found = json.loads(text)
        text = str(found.get("error") or found.get("detail") or text)
    except (ValueError, AttributeError):
        pass
    return " ".join(text.split())[:500] or "no message"
