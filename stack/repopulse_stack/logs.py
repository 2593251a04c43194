"""Log files of the parts: bounded by copying and emptying them, and shown with the part's name before each line."""

import os
import pathlib
import sys
import time

SIZE_MAX = 16 * 2**20  # and one older file of that size for each part


def open_for_part(layout, name):
    """A descriptor that always writes at the end, so that the file can be emptied under a running part."""
    return os.open(layout.log / f"{name}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def rotate(folder, size_max=SIZE_MAX):
    """Empties every log over the bound; its text so far becomes NAME.log.1."""
    for path in folder.glob("*.log"):
        try:
            if path.stat().st_size > size_max:
                _copy_and_empty(path)
        except OSError:
            continue  # a full disk: the copy is lost, the log goes on


def _copy_and_empty(path):
    with open(path, "r+b") as current:
        old = path.with_name(path.name + ".1")
        with open(old, "wb") as copy:
            remaining = os.fstat(current.fileno()).st_size
            while remaining > 0:
                sent = os.sendfile(copy.fileno(), current.fileno(), None, remaining)
                if sent == 0:
                    break
                remaining -= sent
        current.truncate(0)


def tail(folder, name, lines):
    """The last lines of a part's log."""
    try:
        with open(folder / f"{name}.log", "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 400 * lines - 4096))
            return file.read().decode("utf-8", "replace").splitlines()[-lines:]
    except OSError:
        return []


def show(folder, names, lines, follow):
    """Prints the last lines of each log, then what is added, until interrupted."""
    names = names or sorted(path.stem for path in folder.glob("*.log"))
    width = max((len(name) for name in names), default=0)
    positions = {}
    for name in names:
        path = folder / f"{name}.log"
        positions[path] = path.stat().st_size if path.exists() else 0
        for line in tail(folder, name, lines):
            print(f"{name:{width}} | {line}")
    sys.stdout.flush()
    while follow:
        time.sleep(0.2)
        for path, position in positions.items():
            positions[path] = _print_new(path, position, f"{path.stem:{width}} | ")
        sys.stdout.flush()


def _print_new(path: pathlib.Path, position, prefix):
    try:
        size = path.stat().st_size
    except OSError:
        return 0
    if size < position:
        position = 0  # it was emptied
    with open(path, "rb") as file:
        file.seek(position)
        text = file.read(2**20)
    end = text.rfind(b"\n") + 1
    for line in text[:end].decode("utf-8", "replace").splitlines():
        print(prefix + line)
    return position + end
