"""`python -m kerasocc`."""

import sys

from kerasocc.cli import main

if __name__ == "__main__":
    sys.exit(main())
