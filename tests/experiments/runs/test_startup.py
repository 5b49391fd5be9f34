"""The import of Keras without the logs of TensorFlow."""

import os
import signal
import subprocess
import sys

import pytest

from kerasocc.experiments.runs import startup


def test_start_up_chatter_is_dropped_and_nothing_else(capfd):
    chatter = [
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
        "I0000 00:00:1795313840.276168 4434 port.cc:153] oneDNN custom operations are on.",
        "2026-01-01 10:00:00.123456: W tensorflow/core/x.cc:1] This binary is optimized",
    ]
    kept = ["E0000 00:00:1 4434 x.cc:1] broken", "I am a message of yours", "UserWarning: look"]
    with startup._drop_logs(2):
        os.write(2, "\n".join([*chatter, *kept, ""]).encode())
    assert capfd.readouterr().err.splitlines() == kept
    with startup._drop_logs(0):
        os.write(2, "\n".join(chatter).encode())
    assert capfd.readouterr().err.splitlines() == chatter
    with pytest.raises(ZeroDivisionError), startup._drop_logs(3):
        os.write(2, b"E0000 00:00:1 gone\nkept")
        raise ZeroDivisionError
    assert capfd.readouterr().err == "kept"


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_ctrl_c_and_sigterm_during_the_imports_end_the_process(name, code):
    text = (
        "import os, signal, sys, time\nfrom kerasocc.experiments.runs import startup\n"
        # Whatever the process that runs the tests does with them: a job in the background
        # ignores Ctrl-C.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        "with startup.interrupt_on_termination(), startup._exit_on_interrupt():\n"
        "    try:\n        os.kill(os.getpid(), getattr(signal, sys.argv[1])); time.sleep(5)\n"
        "    except KeyboardInterrupt:\n        print('swallowed')\n"
    )
    ended = subprocess.run([sys.executable, "-c", text, name], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


def test_an_answer_of_ones_own_to_sigterm_is_kept():
    usual = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with startup.interrupt_on_termination():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, usual)
