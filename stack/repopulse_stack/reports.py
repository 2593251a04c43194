"""What the launcher says: lines for the person, and failures with their exit status."""

import sys
import time

EX_CONFIG = 78
EX_CANTCREAT = 73


class Failure(Exception):
    """Something that ends the command: a sentence that says what happened and what to do, and the exit status."""

    def __init__(self, text, code=1):
        super().__init__(text)
        self.text = text
        self.code = code


class Reporter:
    """Progress on standard output, one line a step, with the seconds since the beginning."""

    def __init__(self, write=None):
        self.began = time.monotonic()
        self.write = write or self._print

    @staticmethod
    def _print(line):
        print(line, flush=True)

    def step(self, text):
        self.write(f"{time.monotonic() - self.began:5.1f}s  {text}")

    def say(self, text):
        self.write(text)


def fail(text):
    print(text, file=sys.stderr, flush=True)
