"""Where the stack keeps things: one folder, RUN_DIR, that belongs to the ordinary user the servers run as."""

import dataclasses
import hashlib
import os
import pathlib
import pwd
import stat

from .settings import SettingsError

SOCKET_PATH_MAX = 107  # sun_path of Linux without its closing zero
LONGEST_SOCKET = "sockets/database.sock"
MARKER = ".repopulse"
NOBODY = 65534


@dataclasses.dataclass(frozen=True)
class Layout:
    """The folders and files of one stack. `root` is the real folder, also where RUN_DIR is a link to it."""

    root: pathlib.Path
    mode: str  # "demo" or "github": simulated and real data never share a database

    sockets = property(lambda self: self.root / "sockets")
    secrets = property(lambda self: self.root / "secrets")
    conf = property(lambda self: self.root / "conf")
    app = property(lambda self: self.root / "app")
    log = property(lambda self: self.root / "log")
    data = property(lambda self: self.root / "data" / self.mode)
    database = property(lambda self: self.data / "mariadb")
    redis = property(lambda self: self.data / "redis")
    proxy = property(lambda self: self.data / "proxy")
    control_socket = property(lambda self: self.sockets / "control.sock")
    database_socket = property(lambda self: self.root / LONGEST_SOCKET)
    redis_socket = property(lambda self: self.sockets / "redis.sock")
    state_file = property(lambda self: self.root / "state.json")
    ports_file = property(lambda self: self.root / "ports.json")
    lock_file = property(lambda self: self.root / "lock")

    def make_folders(self):
        for folder in (self.sockets, self.secrets, self.conf, self.app, self.log, self.data, self.redis, self.proxy):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def existing_root(run_dir):
    """The real folder of a stack that was started before with this RUN_DIR, or None."""
    try:
        root = run_dir.resolve()
        return root if (root / MARKER).exists() else None
    except OSError:
        return None


def owner_of_servers(run_dir):
    """(uid, gid) of the user the servers run as: never root.

    Data that exist keep their owner; a person who used sudo stays that person; root itself becomes nobody.
    """
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    root = existing_root(run_dir)
    if root and root.stat().st_uid != 0:
        return root.stat().st_uid, root.stat().st_gid
    uid = int(os.environ.get("SUDO_UID") or 0)
    if uid:
        return uid, int(os.environ.get("SUDO_GID") or pwd.getpwuid(uid).pw_gid)
    try:
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid
    except KeyError:
        return NOBODY, NOBODY


def become(uid, gid):
    """Gives up root for good. Nothing to do for an ordinary user."""
    if os.geteuid() == 0:
        os.setgroups([gid])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    os.umask(0o077)


def prepare(run_dir, uid, gid):
    """Makes RUN_DIR, owned by the servers' user, and returns the real folder.

    A folder that user cannot reach, or whose sockets' paths would be too long, becomes a link to one in /var/tmp.
    """
    root = existing_root(run_dir)
    if root:
        _check_ours(run_dir, root, uid)
        if fits(root) and _reachable(root, uid, gid):
            return root
        raise SettingsError(f"RUN_DIR={run_dir}: its data cannot be reached by the user of the servers (uid {uid}) any more; "
                            "open the folders above it for others (chmod o+x) or choose another RUN_DIR")
    if run_dir.is_symlink():
        target = pathlib.Path(os.readlink(run_dir))
        if target != fallback(run_dir, uid):
            raise SettingsError(f"RUN_DIR={run_dir}: it is a link to {target}, which is not a stack's folder; choose another")
        return _create(target, uid, gid)
    if run_dir.exists() and (not run_dir.is_dir() or any(run_dir.iterdir())):
        raise SettingsError(f"RUN_DIR={run_dir}: it is not empty and was not made by this stack; choose another")
    try:
        run_dir.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"RUN_DIR={run_dir}: it cannot be made: {error.strerror}") from error
    if fits(run_dir.resolve()) and _reachable(run_dir.parent.resolve(), uid, gid):
        return _create(run_dir.resolve(), uid, gid)
    root = _create(fallback(run_dir, uid), uid, gid)
    if run_dir.exists():
        run_dir.rmdir()
    run_dir.symlink_to(root)
    return root


def fits(root):
    return len(os.fsencode(root / LONGEST_SOCKET)) <= SOCKET_PATH_MAX


def fallback(run_dir, uid):
    return pathlib.Path(f"/var/tmp/repopulse-{uid}-{hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:12]}")


def _create(root, uid, gid):
    try:
        root.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(root, uid, gid, follow_symlinks=False)
    except OSError as error:
        raise SettingsError(f"RUN_DIR={root}: it cannot be made: {error.strerror}") from error
    _check_ours(root, root, uid)
    return root


def _check_ours(run_dir, root, uid):
    """Somebody else may have made a folder of that name: we put no secrets there."""
    found = os.lstat(root)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
        raise SettingsError(f"RUN_DIR={run_dir}: {root} belongs to another user (uid {found.st_uid}); "
                            "use sudo as the first time, or choose another RUN_DIR")
    if os.geteuid() == uid:
        os.chmod(root, 0o700)


def _reachable(folder, uid, gid):
    """Whether that user can enter a folder, asked as that user."""
    child = os.fork()
    if child == 0:
        try:
            become(uid, gid)
            os.chdir(folder)
            os._exit(0)
        except OSError:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0
