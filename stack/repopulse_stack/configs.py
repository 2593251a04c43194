"""Configuration files of the servers, written into RUN_DIR/conf from the project's files at each start."""

import json
import os
import re

from . import keys
from .settings import SettingsError

# The least and the most that are chosen for the database's buffer pool, and its share of the machine's memory.
BUFFER_POOL_MIB_MIN, BUFFER_POOL_MIB_MAX, BUFFER_POOL_SHARE = 128, 8192, 8

NGINX_FOLDERS = ("cache", "body", "proxy", "fastcgi", "uwsgi", "scgi")


def database(layout, buffer_pool_mib, password_file):
    """db/repopulse.cnf with this stack's places, and the statements that give the service its user and database."""
    statements = layout.secrets / "database-init.sql"
    password = _sql_text(password_file.read_text().strip())
    keys.write_private(statements, "\n".join((
        "CREATE DATABASE IF NOT EXISTS repopulse CHARACTER SET utf8mb4;",
        f"CREATE USER IF NOT EXISTS repopulse@localhost IDENTIFIED BY {password};",
        f"ALTER USER repopulse@localhost IDENTIFIED BY {password};",
        "GRANT ALL ON repopulse.* TO repopulse@localhost;", "")))
    keys.write_private(layout.conf / "database.cnf", f"""!include {layout.app}/conf/repopulse.cnf
[mysqld]
datadir = {layout.database}
tmpdir = {layout.data}
socket = {layout.database_socket}
pid-file = {layout.sockets}/database.pid
init-file = {statements}
skip-networking
innodb_buffer_pool_size = {buffer_pool_mib}M
""")


def buffer_pool_mib(setting):
    """DB_BUFFER_POOL_MIB as it is given, or chosen where it is 0 or nothing."""
    if setting and int(setting):
        return int(setting)
    memory_mib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1024 * 1024)
    return min(max(memory_mib // BUFFER_POOL_SHARE, BUFFER_POOL_MIB_MIN), BUFFER_POOL_MIB_MAX)


def _sql_text(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def redis(layout, maxmemory_mib, password_file):
    lines = [
        f"include {layout.app}/conf/redis.conf",
        "port 0",
        f"unixsocket {layout.redis_socket}",
        "unixsocketperm 700",
        f"dir {layout.redis}",
        f"maxmemory {maxmemory_mib}mb",
    ]
    if password_file:
        quoted = password_file.read_text().strip().replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'requirepass "{quoted}"')
    keys.write_private(layout.conf / "redis.conf", "\n".join(lines) + "\n")


def proxy(layout, settings, ports):
    """The proxy's template with exactly the variables it names, as envsubst would fill them in."""
    replicas = [name for name in ports if name.startswith("api-")]
    rate = settings.values.get("CLIENT_RATE_LIMIT") or "500"
    exempt = (settings.values.get("CLIENT_RATE_LIMIT_EXEMPT") or "127.0.0.0/8").replace(",", " ").split()
    address = f"[{settings.bind_address}]" if ":" in settings.bind_address else settings.bind_address
    variables = {
        "NGINX_LISTEN": f"{address}:{settings.port}",
        "NGINX_RUN": str(layout.proxy),
        "NGINX_SITE": str(layout.app / "site"),
        "NGINX_LOG": str(layout.log / "proxy-access.log"),
        "NGINX_ERROR_LOG": "stderr",
        "UPSTREAM_API": "\n        ".join(f"server 127.0.0.1:{ports[name][0]} max_fails=0;" for name in replicas),
        "UPSTREAM_CONTROL": "\n        ".join(f"server 127.0.0.1:{ports[name][1]} max_fails=0;" for name in replicas),
        "RATE_LIMIT_DEFAULT": "0" if rate == "0" else "1",
        "RATE_LIMIT_RATE": "1" if rate == "0" else rate,
        "RATE_LIMIT_EXEMPT": "\n        ".join(f"{network} 0;" for network in exempt),
    }
    template = (layout.app / "conf" / "repopulse.conf.template").read_text()
    unknown = set(re.findall(r"\$\{([A-Z_]+)\}", template)) - set(variables)
    if unknown:
        raise SettingsError(f"nginx/repopulse.conf.template wants variables that nobody sets: {', '.join(sorted(unknown))}")
    text = re.sub(r"\$\{([A-Z_]+)\}", lambda match: variables[match.group(1)], template)
    keys.write_private(layout.conf / "proxy.conf", text)
    for name in NGINX_FOLDERS:
        (layout.proxy / name).mkdir(mode=0o700, exist_ok=True)


def remember_service_environment(layout, environment):
    """What the replicas are started with, for commands run beside them. It names the files of secrets and holds none."""
    keys.write_private(_service_environment_file(layout), json.dumps(environment))


def service_environment(layout):
    return json.loads(_service_environment_file(layout).read_text())


def _service_environment_file(layout):
    return layout.conf / "service-environment.json"


def free_mib(folder):
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize // 2**20
