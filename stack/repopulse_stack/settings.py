"""Settings of the local stack: the environment wins over .env, which wins over the defaults of .env.template."""

import dataclasses
import os
import pathlib

PROJECT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = PROJECT / ".env.template"
SECRETS = ("ADMIN_KEY", "DB_PASSWORD", "REDIS_PASSWORD", "GITHUB_TOKEN")
# Not settings, but what a server may need of the caller's surroundings: the way out to GitHub, sanitizers, time-outs of tests.
PASSED_ON = ("http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
             "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


class SettingsError(Exception):
    """One or more settings cannot be used; the text names each with what is allowed."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the launcher itself needs to know. `values` holds every setting that was given, for the parts."""

    values: dict
    env_file: pathlib.Path
    binary: pathlib.Path
    run_dir: pathlib.Path
    bind_address: str
    port: int
    replicas: int
    demo: bool
    collect: bool
    topics: list

    @property
    def host(self):
        """The address to reach the proxy at from this machine."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind_address, self.bind_address)

    @property
    def url(self):
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def parse_env_file(text):
    """NAME=value lines as the service reads them: whole-line comments, one pair of quotes around a value."""
    values = {}
    for line in text.splitlines():
        line = line.strip()
        if line and not line.startswith("#") and "=" in line:
            name, value = (part.strip() for part in line.split("=", 1))
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
                value = value[1:-1]
            values[name] = value
    return values


def known_names():
    """Every setting there is, with its default: .env.template is the list."""
    template = parse_env_file(TEMPLATE.read_text())
    commented = parse_env_file("\n".join(
        line.lstrip("#") for line in TEMPLATE.read_text().splitlines() if line.startswith("#") and not line.startswith("# ")))
    return {**commented, **template}


def env_file_path():
    return pathlib.Path(os.environ.get("ENV_FILE") or PROJECT / ".env")


def binary_path():
    """The service's binary; REPOPULSE_BIN names another build of it, for development."""
    return pathlib.Path(os.environ.get("REPOPULSE_BIN") or PROJECT / "build" / "release" / "repopulse").absolute()


def run_dir_path(values):
    """RUN_DIR, relative to the project."""
    return pathlib.Path(os.path.abspath(PROJECT / (values.get("RUN_DIR") or ".run")))


def given_values():
    """The settings that .env and the environment give, without defaults. An empty one means its default."""
    path = env_file_path()
    try:
        values = parse_env_file(path.read_text()) if path.exists() else {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    for name in known_names():
        for variant in (name, name + "_FILE"):
            if variant in os.environ:
                values[variant] = os.environ[variant]
    return values


def read_secret(values, name):
    """A secret from NAME or from the file that NAME_FILE names; empty when neither is given."""
    if values.get(name):
        return values[name]
    path = values.get(name + "_FILE")
    if not path:
        return ""
    try:
        return pathlib.Path(PROJECT / path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE={path}: {error}") from error


def load(values):
    """Settings from values that check-config has found good. What it lets pass and we cannot use is an error here too."""
    mistakes = []

    def whole_number(name, default, low, high):
        text = values.get(name) or str(default)
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            return int(text)
        mistakes.append(f"{name}={text}: a whole number from {low} to {high}")
        return default

    port = whole_number("PORT", 8081, 1, 65535)
    replicas = whole_number("API_REPLICAS", 2, 1, 16)
    demo = whole_number("DEMO", 0, 0, 1)
    topics = [topic.lower() for topic in (values.get("TOPICS") or "kubernetes").replace(",", " ").split()]
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return Settings(
        values=values, env_file=env_file_path(), binary=binary_path(), run_dir=run_dir_path(values),
        bind_address=values.get("BIND_ADDRESS") or "127.0.0.1", port=port, replicas=replicas, demo=bool(demo),
        collect=values.get("COLLECT") != "off", topics=topics)
