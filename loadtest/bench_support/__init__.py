"""What loadtest/bench is made of. `figures` computes, prints and measures nothing; every other module measures or steers processes."""

import os
import pathlib
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "tests" / "support"))  # stack.py, proxy.py
os.environ.setdefault("TEST_PORTS", "18900-18999")
