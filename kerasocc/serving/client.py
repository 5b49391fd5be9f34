"""`ServedModel`: scores of a model on a running server."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from kerasocc.checks import check_integer
from kerasocc.datasets.columns.named_columns import is_tabular, named_columns
from kerasocc.serving.column_inputs import column_inputs
from kerasocc.serving.connections import Connections, Refused, ServerError
from kerasocc.serving.protocols import Columns, Served, protocol_of

Block = TypeVar("Block")


class ServedModel:
    """A model on a running server.

    A request is repeated, with growing pauses, while the server cannot be reached, is busy or
    loads its models again; all answers come from one version of the model.

    Args:
        server: Address of the server, such as `http://localhost:8501`.
        model: Name of the model on the server.
        protocol: `"tfserving"`, the REST API of TensorFlow Serving, or `"v2"`, the Open
            Inference protocol of MLServer, KServe and Triton.
        rows: Most samples in one request.
        in_flight: Most requests at once.
        retry_for: Seconds for which a request is repeated.

    Raises:
        ValueError: For an argument that is not allowed, or a model that takes anything but
            samples or the columns of a table.
        OSError: If the server cannot be reached or refuses the request.

    Example:
        >>> served = ServedModel("http://localhost:8080", model="digits", protocol="v2")
        >>> served.score(x_new)  # as `model.score(x_new)`
    """

    def __init__(
        self,
        server: str,
        *,
        model: str,
        protocol: str = "tfserving",
        rows: int = 256,
        in_flight: int = 4,
        retry_for: float = 300.0,
    ):
        self.rows = check_integer("rows", rows, minimum=1)
        self._in_flight = check_integer("in_flight", in_flight, minimum=1)
        self._protocol = protocol_of(protocol, model)
        self._connections = Connections(server, retry_for=retry_for)
        try:
            content = self._connections.request(self._protocol.metadata_path)
        finally:
            self._connections.close()
        self.description: Served = self._read(self._protocol.served, content)
        self._path = self._protocol.predict_path(self.description)
        self._lock = threading.Lock()

    def score(self, x: Any) -> np.ndarray:
        """Scores of samples of shape `(samples, ...)`, shape `(samples,)`, float32.

        A model of a table with text or dates takes a data frame or a dict of columns.
        """
        return self.predict(x)["score"].astype("float32")

    def predict(self, x: Any) -> dict[str, np.ndarray]:
        """All outputs of the model by their names, shape `(samples,)`; see `score`."""
        if self.description.column_inputs is not None:
            if not is_tabular(x):
                raise ValueError(
                    "`x` must be a data frame or a dict of columns, which the served model takes: "
                    f"{list(self.description.column_inputs)}. Received: {type(x).__name__}"
                )
            x = named_columns(x)
        blocks = [x[start : start + self.rows] for start in range(0, len(x), self.rows)]
        answers = [outputs for _, outputs in self.in_order(blocks, self.predict_block)]
        if not answers:
            raise ValueError("`x` must hold samples, one or more. Received: none")
        return {name: np.concatenate([a[name] for a in answers]) for name in answers[0]}

    def predict_block(self, x: Any) -> dict[str, np.ndarray]:
        """As `predict`, by one request."""
        served = self.description
        if served.column_inputs is not None:
            inputs = column_inputs(x, served.column_inputs)
            if inputs.bad.any():
                raise ValueError(
                    "`x` must hold numbers where the served model takes them. Received: anything "
                    f"else in row {int(inputs.bad.argmax())} of {len(inputs.bad)}"
                )
            return self.predict_columns(inputs.values)
        sizes = zip(x.shape[1:], served.shape, strict=False)
        if x.ndim - 1 != len(served.shape) or any(w not in (None, s) for s, w in sizes):
            raise ValueError(
                f"`x` must hold samples of shape {served.shape}, which the served model takes. "
                f"Received: shape {x.shape[1:]}"
            )
        outputs = self._answer(self._protocol.body(np.asarray(x, served.dtype), served))
        return _checked_scores(_checked(outputs, len(x)))

    def predict_columns(self, columns: Columns) -> dict[str, np.ndarray]:
        """As `predict_block`, of rows as `column_inputs` returns them.

        The score of a row that lacks a value which the model needs is NaN.
        """
        outputs = self._answer(self._protocol.body_of_columns(columns, self.description))
        return _checked(outputs, len(next(iter(columns.values()))))

    def _answer(self, body: bytes) -> dict[str, np.ndarray]:
        answer = self._read(self._protocol.answer, self._connections.request(self._path, body))
        if answer.version is not None:
            self._check_version(answer.version)
        return answer.outputs

    def expect_version(self, version: str) -> None:
        """Refuse answers of any other version, where the server has not named its own yet."""
        if self.description.version is None:
            self.description = self.description._replace(version=version)

    def _check_version(self, version: str) -> None:
        with self._lock:
            if self.description.version is None:
                self.description = self.description._replace(version=version)
        if version != self.description.version:
            raise ServerError(
                f"{self._connections.url} has changed the model from version "
                f"{self.description.version} to {version}, whose scores may differ"
            )

    def in_order(
        self, blocks: Iterable[Block], send: Callable[[Block], Any]
    ) -> Iterator[tuple[Block, Any]]:
        """Yield blocks with what `send` makes of them, in their order.

        As many blocks as requests may be in flight are taken from `blocks` beforehand.
        """
        waiting: deque[tuple[Block, Future]] = deque()
        threads = ThreadPoolExecutor(self._in_flight)
        try:
            for block in blocks:
                waiting.append((block, threads.submit(send, block)))
                if len(waiting) >= self._in_flight:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            # After an error nobody waits for the others any more.
            if waiting:
                self._connections.stop()
            threads.shutdown(cancel_futures=True)
            self._connections.close()
            self._connections.resume()

    def _read(self, read: Callable[[bytes], Any], content: bytes) -> Any:
        try:
            return read(content)
        except (KeyError, TypeError, IndexError, AttributeError, json.JSONDecodeError) as error:
            protocol = type(self._protocol).__name__
            raise Refused(
                f"{self._connections.url} must answer as the protocol {protocol} says. "
                f"Received: {content[:200]!r} ({type(error).__name__}: {error})"
            ) from error


def _checked(outputs: dict[str, np.ndarray], rows: int) -> dict[str, np.ndarray]:
    shapes = {name: values.shape for name, values in outputs.items()}
    if shapes.get("score") != (rows,) or any(shape[:1] != (rows,) for shape in shapes.values()):
        raise Refused(
            f"The server must answer with the output 'score', one for each of {rows} samples. "
            f"Received: outputs of the shapes {shapes}"
        )
    return outputs


def _checked_scores(outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    scores = outputs["score"]
    rows = len(scores)
    # What is no number at all, such as a null, has the dtype object.
    finite = np.isfinite(scores) if scores.dtype.kind in "fiu" else np.zeros(rows, bool)
    if not finite.all():
        row = int(np.argmin(finite))
        raise Refused(
            f"The server must answer with finite scores. Received: {scores[row]} for sample {row} "
            f"of {rows}"
        )
    return outputs
