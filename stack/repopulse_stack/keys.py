"""Secrets of a stack: files of mode 0600 in RUN_DIR/secrets. None is ever an argument of a command."""

import os
import secrets


def write_private(path, text):
    """Replaces a file that only its owner may read, whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    os.replace(new, path)


def settle(folder, given):
    """Writes the given secrets into files; the two that must exist are made up once when not given.

    Returns {NAME: path} of all there are.
    """
    paths = {}
    for name, value in given.items():
        path = folder / name.lower().replace("_", "-")
        if not value and name in ("ADMIN_KEY", "DB_PASSWORD"):
            value = path.read_text().strip() if path.exists() else secrets.token_urlsafe(32)
        if value:
            write_private(path, value + "\n")
            paths[name] = path
        else:
            path.unlink(missing_ok=True)
    # For curl -H @FILE, which keeps the key off the command line.
    write_private(folder / "admin-header", f"X-API-Key: {paths['ADMIN_KEY'].read_text()}")
    return paths
