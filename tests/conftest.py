"""Fixtures that the tests of the running stack share."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

from stack import Stack  # noqa: E402  (found through the line above)


@pytest.fixture(scope="session")
def stack():
    """One demo stack for all tests of a run. Leave it as you found it: ready, with the same topics and settings."""
    with Stack() as running:
        yield running


@pytest.fixture
def make_stack():
    """Makes stacks of a test's own: make_stack(env={"API_REPLICAS": 3}).start(); all are destroyed after the test."""
    made = []

    def make(**arguments):
        made.append(Stack(**arguments))
        return made[-1]

    yield make
    for one in reversed(made):
        one.destroy()
