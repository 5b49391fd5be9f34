"""Figures do without pyplot."""

import subprocess
import sys


def test_no_pyplot_and_no_matplotlib_before_it_is_used():
    code = (
        "import sys, kerasocc.plots as plots; print('matplotlib' in sys.modules);"
        "plots.plot_histogram([1.0, 2.0], [0, 1]); print('matplotlib.pyplot' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert output.stdout.split() == ["False", "False"], output.stderr
