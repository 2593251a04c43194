"""Copies what the servers need into RUN_DIR/app, so that nothing of the project must be readable for their user.

The files are opened by whoever starts the stack and written after root was given up: root never writes in RUN_DIR.
A running stack keeps its own copy, so a build beside it never mixes two versions.
"""

import os
import pathlib
import shutil

from .settings import PROJECT

# folder or file of the project -> place in app/
SOURCES = {
    "db/migrations": "migrations",
    "db/repopulse.cnf": "conf/repopulse.cnf",
    "stack/redis.conf": "conf/redis.conf",
    "nginx/repopulse.conf.template": "conf/repopulse.conf.template",
    "nginx/site": "site",
    "build/site-packages": "site/assets/packages",  # may be missing: the pages then say so
    "cron": "cron",
}
DEMO_SOURCES = {"tests/support/simgithub": "support/simgithub"}
SKIPPED = {"__pycache__", "Dockerfile"}


def open_files(binary, demo):
    """{place in app/: file descriptor} of everything that belongs there."""
    wanted = {"bin/repopulse": binary}
    for source, place in {**SOURCES, **(DEMO_SOURCES if demo else {})}.items():
        wanted.update(_files_under(PROJECT / source, place))
    return {place: os.open(path, os.O_RDONLY | os.O_CLOEXEC) for place, path in sorted(wanted.items())}


def _files_under(source, place):
    if source.is_file():
        return {place: source}
    found = {}
    for folder, subfolders, names in os.walk(source):
        subfolders[:] = [name for name in subfolders if name not in SKIPPED]
        for name in names:
            if name not in SKIPPED:
                path = pathlib.Path(folder) / name
                found[f"{place}/{path.relative_to(source)}"] = path
    return found


def install(files, app):
    """Brings app/ up to the opened files; does nothing when it is. Closes them."""
    manifest = "".join(f"{place} {_identity(descriptor)}\n" for place, descriptor in files.items())
    record = app.with_name("app.manifest")
    if not record.exists() or record.read_text() != manifest:
        record.unlink(missing_ok=True)
        shutil.rmtree(app, ignore_errors=True)
        for place, descriptor in files.items():
            _copy(descriptor, app / place)
        record.write_text(manifest)
    for descriptor in files.values():
        os.close(descriptor)


def _identity(descriptor):
    found = os.fstat(descriptor)
    return f"{found.st_size} {found.st_mtime_ns} {found.st_mode & 0o111:o}"


def _copy(descriptor, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    found = os.fstat(descriptor)
    mode = 0o500 if found.st_mode & 0o111 else 0o400
    with open(target, "wb", opener=lambda path, flags: os.open(path, flags, mode)) as copy:
        offset = 0
        while offset < found.st_size:
            sent = os.sendfile(copy.fileno(), descriptor, offset, found.st_size - offset)
            if sent == 0:
                break
            offset += sent
