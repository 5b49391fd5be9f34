"""A headless Chromium, driven by the DevTools protocol over a pair of pipes.

Nothing else is needed than the browser: `.ci/run` installs it where it may, and the tests that
need it are skipped where there is none.
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium():
    """The program, or the test is skipped."""
    found = [path for path in map(shutil.which, NAMES) if path]
    if not found:
        pytest.skip(f"no browser is installed: none of {', '.join(NAMES)}")
    return found[0]


class Browser:
    """A running browser.

    Attributes:
        problems: What pages have complained about: errors and warnings of the console, failed
            requests, uncaught exceptions.
        requests: Addresses that pages have asked for, other than `data:`.
    """

    def __init__(self, process, to_browser, from_browser):
        self.problems, self.requests = [], []
        self._process, self._to, self._from = process, to_browser, from_browser
        self._number = 0
        self._rest = b""
        self._session = None

    def open(self, path, *, width=1280, height=900, dark=False):
        """Show a file; a narrow screen is that of a telephone."""
        self.problems.clear()
        self.requests.clear()
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call("Page.navigate", url=f"file://{path}")
        while self._read().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, expression):
        """The value of a JavaScript expression in the page."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    def screenshot(self, path):
        """Write a picture of the whole page."""
        found = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(found["data"]))

    def _call(self, method, **params):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session and not method.startswith("Target."):
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            pass
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def _read(self):
        while b"\0" not in self._rest:
            chunk = os.read(self._from, 1 << 20)
            if not chunk:
                raise AssertionError(f"the browser has ended: {self._process.poll()}")
            self._rest += chunk
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method, params):
        if method == "Log.entryAdded":
            self.problems.append(params["entry"]["text"])
        elif method in ("Runtime.exceptionThrown", "Network.loadingFailed"):
            self.problems.append(json.dumps(params))
        elif method == "Runtime.consoleAPICalled":
            self.problems.append(json.dumps(params["args"]))
        elif method == "Network.requestWillBeSent":
            address = params["request"]["url"]
            if not address.startswith("data:"):
                self.requests.append(address)


@contextlib.contextmanager
def running_browser():
    """Start the browser, and end it with all its processes."""
    program = find_chromium()
    from_us, to_browser = os.pipe()
    from_browser, to_us = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        arguments = [
            program,
            "--headless=new",
            "--no-sandbox",  # which root may not have
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
            f"--user-data-dir={profile}",
        ]
        # The protocol speaks over the files 3 and 4.
        shell = f'exec "$@" 3<&{from_us} 4>&{to_us}'
        process = subprocess.Popen(
            ["bash", "-c", shell, "browser", *arguments],
            pass_fds=(from_us, to_us),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        os.close(from_us)
        os.close(to_us)
        browser = Browser(process, to_browser, from_browser)
        try:
            yield browser
        finally:
            with contextlib.suppress(AssertionError, OSError):
                browser._call("Target.setDiscoverTargets", discover=False)
                os.write(to_browser, b'{"id": 0, "method": "Browser.close"}\0')
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(to_browser)
            os.close(from_browser)
