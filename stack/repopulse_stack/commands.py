"""The commands up, run, down and what acts on a running stack."""

import asyncio
import json
import os
import secrets as random_secrets
import subprocess
import sys
import time

from . import control, layout as layouts, logs, ports, processes, settings as settings_of, staging, state
from .layout import Layout
from .reports import EX_CANTCREAT, EX_CONFIG, Failure, Reporter, fail
from .settings import SECRETS, SettingsError
from .supervisor import Supervisor

BUSY = 3  # exit status between our own processes: another supervisor holds the lock
START_SECONDS = 600.0
COMMAND_SECONDS = 180.0


def checked_settings(demo):
    """The settings, found good by the service itself; all mistakes at once and exit status 78 otherwise."""
    values = settings_of.given_values()
    if demo:
        values["DEMO"] = os.environ["DEMO"] = "1"
    binary = settings_of.binary_path()
    if not os.access(binary, os.X_OK):
        raise Failure(f"{binary} is not built: make build")
    secrets = {name: settings_of.read_secret(values, name) for name in SECRETS}
    # What the launcher will make up is not missing.
    made_up = {name: random_secrets.token_hex(16) for name in ("ADMIN_KEY", "DB_PASSWORD") if not secrets[name]}
    env_file = settings_of.env_file_path()
    arguments = ["--env-file", str(env_file)] if env_file.is_file() else []
    done = subprocess.run([str(binary), "check-config", *arguments], env={**os.environ, **made_up}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    if done.returncode:
        raise Failure((done.stderr or done.stdout).rstrip() or "check-config failed", done.returncode if done.returncode > 0 else 1)
    return settings_of.load(values), secrets


# --- up and run -------------------------------------------------------------------------------------------------------


def up(demo, foreground):
    settings, secrets = checked_settings(demo)
    report = Reporter()
    uid, gid = layouts.owner_of_servers(settings.run_dir)
    root = layouts.prepare(settings.run_dir, uid, gid)
    layout = Layout(root, "demo" if settings.demo else "github")
    if _in_child(lambda: _recover(layout, uid, gid, report)) == BUSY:
        return already_up(layout, settings, report)
    check_port(settings)
    files = staging.open_files(settings.binary, settings.demo)
    if not foreground:
        return _in_background(layout, settings, secrets, files, uid, gid)
    layouts.become(uid, gid)
    return _supervise(layout, settings, secrets, files, report, lambda answered: print_ready(layout, settings, answered, True, report.say))


def _recover(layout, uid, gid, report):
    """As the servers' user: takes the folder over and ends what a killed supervisor left in it."""
    layouts.become(uid, gid)
    (layout.root / layouts.MARKER).touch()
    lock = state.take_lock(layout)
    if lock is None:
        return BUSY
    state.end_leftovers(layout, report.step)
    return 0


def _in_child(work):
    """The exit status of work(), run in a process of its own: it may give up root without us doing so."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = work() or 0
        except OSError as error:
            fail(str(error))
        finally:
            sys.stdout.flush()
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, BUSY):
        raise Failure("the stack's folder cannot be used", EX_CANTCREAT)
    return code


def check_port(settings):
    """Before anything is started, and while we may still see who holds the port."""
    error = ports.is_free(settings.bind_address, settings.port)
    if error is None:
        lowest = int(open("/proc/sys/net/ipv4/ip_unprivileged_port_start").read())
        if settings.port < lowest:
            raise Failure(f"Port {settings.port} is only for root, and the proxy runs as an ordinary user: choose one from {lowest} on, "
                          f"e.g. make {_goal(settings)} PORT=8081", EX_CANTCREAT)
        return
    if ports.is_taken_error(error):
        raise Failure(f"Port {settings.port} is taken by {processes.port_holder(settings.port)}; "
                      f"choose another: make {_goal(settings)} PORT={settings.port + 1}", EX_CANTCREAT)
    raise Failure(f"The proxy cannot listen on {settings.bind_address} port {settings.port}: {error.strerror}; "
                  "set BIND_ADDRESS and PORT", EX_CANTCREAT)


def _goal(settings):
    return os.environ.get("MAKE_GOAL") or ("demo" if settings.demo else "run")


def _supervise(layout, settings, secrets, files, report, when_ready):
    """The supervisor's life; its exit status."""
    lock = state.take_lock(layout)
    if lock is None:
        return BUSY
    try:
        asyncio.run(Supervisor(layout, settings, secrets, files, report).run(when_ready))
        return 0
    finally:
        os.close(lock)


def _in_background(layout, settings, secrets, files, uid, gid):
    """Starts the supervisor in a session of its own and shows what it says until it is ready or has failed."""
    receive, send = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(receive)
        _be_daemon({send, *files.values()})
        os._exit(_daemon(layout, settings, secrets, files, uid, gid, send))
    os.close(send)
    for descriptor in files.values():
        os.close(descriptor)
    try:
        return _relay(receive)
    except KeyboardInterrupt:
        os.kill(child, 15)
        os.waitpid(child, 0)
        return 130


def _be_daemon(kept):
    """Leaves the terminal and everything inherited, make's pipes too."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        if number > 2 and number not in kept:
            try:
                os.close(number)
            except OSError:
                continue  # the listing's own


def _daemon(layout, settings, secrets, files, uid, gid, send):
    def tell(**content):
        try:
            os.write(send, (json.dumps(content) + "\n").encode())
        except OSError:
            pass  # nobody listens any more

    def when_ready(answered):
        print_ready(layout, settings, answered, False, lambda line: tell(say=line))
        tell(code=0)
        report.write = lambda line: None
        os.close(send)

    report = Reporter(lambda line: tell(say=line))
    try:
        os.chdir("/")
        layouts.become(uid, gid)
        code = _supervise(layout, settings, secrets, files, report, when_ready)
        tell(code=code, error="another `make up` was faster" if code == BUSY else "")
        return code
    except (Failure, SettingsError) as failure:
        tell(code=getattr(failure, "code", EX_CONFIG), error=str(failure))
        return 1
    except Exception as error:  # whoever waits for us must hear of it
        tell(code=1, error=f"{type(error).__name__}: {error}")
        raise


def _relay(receive):
    code = None
    with open(receive) as lines:
        for line in lines:
            content = json.loads(line)
            if "say" in content:
                _print_if_heard(content["say"])
            if content.get("error"):
                fail(content["error"])
            if "code" in content:
                code = content["code"]
    if code is None:
        raise Failure("the launcher ended without a word")
    return code


def _print_if_heard(line):
    """A reader that has gone, as in `make up | head`, does not end the start."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def already_up(layout, settings, report):
    """A second start is harmless: it waits until the first is done and says so."""
    deadline = time.monotonic() + START_SECONDS
    content = state.read(layout)
    while content.get("state") != "ready" and time.monotonic() < deadline:
        time.sleep(0.05)
        content = state.read(layout)
        if content.get("state") in ("stopping", "down"):
            raise Failure("The stack is going down; try again in a moment", 75)
    report.say(f"The stack is already up at {content['url']}{' (demo)' if content['demo'] else ''}; make status shows its parts.")
    if content["url"] != settings.url or content["demo"] != settings.demo:
        report.say("Its settings differ from what was asked for; to change them: make down first.")
    return 0


def print_ready(layout, settings, answered, foreground, say):
    topic = settings.topics[0] if settings.topics else "kubernetes"
    url = settings.url
    source = "DEMO: all data are simulated, none is GitHub's" if settings.demo else "data from " + (
        settings.values.get("GITHUB_API_URL") or "https://api.github.com")
    say("")
    say(f"Repopulse is up at {url}   ({source})")
    if settings.values.get("REPLAY_NOW"):
        say(f"REPLAY: its clock started at {settings.values['REPLAY_NOW']}")
    if not settings.collect:
        say("COLLECT=off: nothing is collected; to import events: make import FILES=... (or HOURS=2015-01-01-0)")
    if not answered:
        say(f"The topic {topic} has no repositories yet; collecting goes on. What it says: make logs")
    say("Try:")
    say(f"  curl {url}/api/popularity/{topic}")
    say(f"  curl '{url}/api/v1/topics/{topic}/repositories?sort=popularity&per_page=3'")
    say(f"  curl -X PUT -H @{layout.secrets}/admin-header {url}/api/v1/topics/terraform")
    say(f"Admin key: {layout.secrets}/admin-key   Logs: {layout.log} (make logs)   Parts: make status")
    say("Ctrl-C stops everything; the data stay." if foreground else "make down stops everything; the data stay.")


# --- what acts on a stack that was started ----------------------------------------------------------------------------


def existing_layout():
    """The stack of RUN_DIR, entered as the user its servers run as; None when there never was one."""
    values = settings_of.given_values()
    run_dir = settings_of.run_dir_path(values)
    root = layouts.existing_root(run_dir)
    if root is None:
        return None
    owner = root.stat()
    if os.geteuid() not in (0, owner.st_uid):
        raise Failure(f"The stack in {run_dir} belongs to another user (uid {owner.st_uid}); use sudo", 77)
    if owner.st_uid != 0:
        layouts.become(owner.st_uid, owner.st_gid)
    content = state.read(Layout(root, "github"))
    return Layout(root, "demo" if content.get("demo") else "github")


def down():
    report = Reporter()
    layout = existing_layout()
    if layout is None:
        report.say("The stack is not up.")
        return 0
    content = state.read(layout)
    lock = state.take_lock(layout)
    if lock is not None:
        state.end_leftovers(layout, report.step)
        state.write(layout, {**content, "state": "down", "parts": {}})
        report.say("The stack is not up.")
        return 0
    report.say("Stopping the stack ...")
    try:
        control.ask(layout.control_socket, {"command": "down"}, COMMAND_SECONDS)
    except OSError:
        pass  # it is ending already
    deadline = time.monotonic() + COMMAND_SECONDS
    while (lock := state.take_lock(layout)) is None:
        if time.monotonic() > deadline:
            raise Failure(f"The supervisor (pid {content.get('supervisor')}) still runs after {COMMAND_SECONDS:.0f} s")
        time.sleep(0.02)
    state.end_leftovers(layout, report.step)
    report.say(f"Everything is stopped; the data stay in {layout.root}.")
    return 0


def act_on_part(command, part):
    layout = existing_layout()
    if layout is None:
        raise Failure("The stack is not up")
    try:
        answer = control.ask(layout.control_socket, {"command": command, "part": part}, COMMAND_SECONDS)
    except OSError as error:
        raise Failure(f"The stack is not up ({error})") from error
    if not answer["ok"]:
        raise Failure(answer["error"], answer["code"])
    return 0


def status(as_json):
    layout = existing_layout()
    content = state.read(layout) if layout else {}
    running = state.is_up(content)
    if not running:
        content = {**content, "state": "down", "supervisor": None, "parts": {}}
    if as_json:
        print(json.dumps(content))
        return 0
    if not running:
        print("The stack is down.")
        return 0
    print(f"{content['state']} at {content['url']}{' (demo: simulated data)' if content['demo'] else ''}, in {content['run_dir']}")
    print(f"{'part':10} {'state':9} {'pid':>8} {'port':>6} {'up for':>9} {'restarts':>8} {'memory':>9}")
    for name, part in content["parts"].items():
        age = f"{time.time() - part['since']:.0f} s" if part["pid"] else ""
        memory = f"{processes.memory_mib(part['pid']):.0f} MiB" if part["pid"] else ""
        print(f"{name:10} {part['state']:9} {part['pid'] or '':>8} {part.get('port', ''):>6} {age:>9} {part['restarts']:>8} {memory:>9}")
    return 0


def show_logs(names, lines, follow):
    layout = existing_layout()
    if layout is None:
        print("There are no logs: the stack was never started.")
        return 0
    try:
        logs.show(layout.log, names, lines, follow)
    except (KeyboardInterrupt, BrokenPipeError):
        pass
    return 0
