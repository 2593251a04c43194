"""The service's own commands run by hand against the stack that runs: import and verify."""

import os
import pathlib
import re

from . import commands, configs, settings as settings_of, state
from .reports import Failure

EX_USAGE, EX_NOINPUT, EX_UNAVAILABLE = 64, 66, 69
HOURS = re.compile(r"\d{4}-\d{2}-\d{2}-\d{1,2}(\.\.\d{4}-\d{2}-\d{2}-\d{1,2})?")


def as_arguments(words):
    """Paths made absolute, as the command runs elsewhere; hours and ranges of hours as they are."""
    return [word if HOURS.fullmatch(word) and not os.path.exists(word) else os.path.abspath(word) for word in words]


def run(command, options, words=()):
    """Ends in the command itself, as the user of the stack's servers: its signals and its exit status are its own."""
    arguments = as_arguments(words)
    layout = commands.existing_layout()
    content = state.read(layout) if layout else {}
    if not state.is_up(content) or content.get("parts", {}).get("database", {}).get("state") != "ready":
        run_dir = settings_of.run_dir_path(settings_of.given_values())
        raise Failure(f"No stack runs in {run_dir}: start one first, e.g. make up COLLECT=off", EX_UNAVAILABLE)
    for path in map(pathlib.Path, arguments):
        check_readable(path)
    binary = str(layout.app / "bin" / "repopulse")
    environment = configs.service_environment(layout)
    os.chdir(layout.root)
    os.execve(binary, [binary, command, *options, *arguments], environment)


def check_readable(path):
    """What the servers' user may not read would look as if it did not exist."""
    for folder in reversed(path.parents):
        if not os.access(folder, os.X_OK):
            break
    else:
        if not path.exists() or os.access(path, os.R_OK):
            return
    if path.is_absolute():
        raise Failure(f"{path} cannot be read by the user of the stack's servers (uid {os.geteuid()}): "
                      "open it and the folders above it for others (chmod o+r, o+x), or copy it elsewhere", EX_NOINPUT)
