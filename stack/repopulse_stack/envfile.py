"""Writes .env from .env.template with random secrets: the settings of the local stack and of docker compose."""

import os
import secrets

from .settings import TEMPLATE, env_file_path
from .reports import Failure

RANDOM = ("ADMIN_KEY", "DB_PASSWORD", "DB_ROOT_PASSWORD", "REDIS_PASSWORD")


def filled(template):
    lines = []
    for line in template.splitlines():
        name, equals, value = line.partition("=")
        if equals and name in RANDOM and not value:
            line = f"{name}={secrets.token_urlsafe(32)}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def write(report):
    """Never replaces a file: it may hold the only copy of a password."""
    path = env_file_path()
    text = filled(TEMPLATE.read_text())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        report.say(f"{path} is there already and stays as it is.")
        return
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}", 73) from error
    with open(descriptor, "w") as file:
        file.write(text)
    uid, gid = int(os.environ.get("SUDO_UID") or -1), int(os.environ.get("SUDO_GID") or -1)
    if os.geteuid() == 0 and uid > 0:
        os.chown(path, uid, gid)
    report.say(f"{path} is written, with random secrets, for you alone (mode 0600).")
