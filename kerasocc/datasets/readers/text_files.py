"""Text files of tables as lines: compressed or not, in any encoding, without comments."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from kerasocc.datasets.dialect import Dialect

SAMPLE_BYTES = 2**18
"""How much of a file is looked at to find its dialect."""


@contextlib.contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacked if it is compressed; by its first bytes, whatever it is called."""
    with open(path, "rb") as file:
        start = file.read(4)
        file.seek(0)
        if start.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked
        elif start.startswith(b"BZh"):
            with bz2.BZ2File(file) as unpacked:
                yield unpacked
        elif start == b"\x28\xb5\x2f\xfd":
            import pyarrow

            with pyarrow.CompressedInputStream(file, "zstd") as unpacked:
                yield io.BufferedReader(_Readable(unpacked))
        else:
            yield file


class _Readable(io.RawIOBase):
    """A stream of Arrow as one of Python."""

    def __init__(self, stream: Any):
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def marked_encoding(sample: bytes) -> str | None:
    """Return the encoding that a byte order mark at the start of a file says; None without one."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32")):
        if sample.startswith(mark):
            return name
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return None


def detect_encoding(sample: bytes) -> str | None:
    """Return the encoding of the first bytes of a file; None if they are ASCII."""
    marked = marked_encoding(sample)
    if marked is not None:
        return marked
    # In UTF-16 every other byte of letters that are ASCII is 0.
    even, odd = (part.count(0) / max(1, len(part)) for part in (sample[:2000:2], sample[1:2000:2]))
    if max(even, odd) > 0.4:
        return "utf-16-be" if even > odd else "utf-16-le"
    if sample.isascii():
        return None
    for name in ("utf-8", "cp1252"):
        try:
            # The last character may have been cut off.
            sample[: sample.rfind(b"\n") + 1 or None].decode(name)
            return name
        except UnicodeDecodeError:
            continue
    return "latin-1"


def read_start(path: Path, size: int = SAMPLE_BYTES) -> bytes:
    """Return the first bytes of a file, unpacked."""
    parts = []
    with open_bytes(path) as file:
        while size > 0 and (part := file.read(size)):
            parts.append(part)
            size -= len(part)
    return b"".join(parts)


def read_first_lines(path: Path, encoding: str) -> list[str]:
    """Return the first lines of a file, complete ones unless there is only a part of one."""
    size = SAMPLE_BYTES
    while True:
        data = read_start(path, size)
        text = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, errors="replace", newline="")
        lines = list(text)
        if len(data) < size:
            return lines
        if len(lines) > 2:
            return lines[:-1]
        size *= 16


@contextlib.contextmanager
def open_lines(path: Path, dialect: Dialect) -> Iterator[Iterator[tuple[int, str]]]:
    """Open a file as pairs of a line's number, from 1 on, and its text without comments."""
    with (
        open_bytes(path) as file,
        io.TextIOWrapper(
            io.BufferedReader(file) if isinstance(file, io.RawIOBase) else file,
            encoding=dialect.encoding or "utf-8",
            newline="",
        ) as text,
    ):
        yield _uncommented(text, dialect)


def _uncommented(lines: Iterator[str], dialect: Dialect) -> Iterator[tuple[int, str]]:
    within_quotes = False
    for number, line in enumerate(lines, 1):
        if dialect.comment and not within_quotes and line.startswith(dialect.comment):
            continue
        if line.count('"') % 2:
            within_quotes = not within_quotes
        if dialect.separator == " ":
            line = " ".join(line.split()) + "\n"
        yield number, line


@contextlib.contextmanager
def open_utf8(path: Path, dialect: Dialect) -> Iterator[Any]:
    """Open a file as UTF-8 without comments, its cells one character apart."""
    plain = dialect.encoding in (None, "utf-8", "utf-8-sig")
    if plain and not dialect.comment and dialect.separator != " ":
        with open_bytes(path) as file:
            yield file
        return
    with open_lines(path, dialect) as lines:
        yield io.BufferedReader(_Encoded(line for _, line in lines))


class _Encoded(io.RawIOBase):
    """Lines of text as a stream of UTF-8."""

    def __init__(self, lines: Iterator[str]):
        self._lines = lines
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._rest) < len(buffer):
            line = next(self._lines, None)
            if line is None:
                break
            self._rest += line.encode("utf-8")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
