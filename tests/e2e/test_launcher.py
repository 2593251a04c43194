"""The local stack's launcher: what `make up`, `make down` and their errors promise."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

import pytest

from stack import PROJECT, Stack, StackError, free_port, request, wait_until

AS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can give up being root")


def processes_of(run_dir):
    """{pid: command line} of what works in a stack's folder or names it."""
    real = str(pathlib.Path(run_dir).resolve())
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            inside = os.readlink(entry / "cwd").startswith(real) or real in command
        except OSError:
            continue
        if inside and command:
            found[int(entry.name)] = command
    return found


def assert_nothing_left(run_dir):
    wait_until(lambda: not processes_of(run_dir), timeout=10, what=f"no process of {run_dir}: {processes_of(run_dir)}")


@pytest.fixture
def folder():
    """An empty folder that every user can enter."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="repopulse-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


class TestUpAndDown:
    def test_all_parts_are_ready_and_the_topic_answers(self, stack):
        status = stack.status()
        assert status["state"] == "ready"
        assert set(status["parts"]) == {"database", "redis", "github", "api-a", "api-b", "proxy", "cron"}
        assert {part["state"] for part in status["parts"].values()} == {"ready"}
        assert stack.get("/readyz").status == 200
        assert stack.get("/api/v1/topics/kubernetes/repositories?per_page=1").status == 200

    def test_a_second_up_says_so_and_changes_nothing(self, stack):
        before = stack.status()["parts"]
        assert "already up" in stack.launcher("up")
        assert {name: part["pid"] for name, part in stack.status()["parts"].items()} == {
            name: part["pid"] for name, part in before.items()}

    def test_a_second_up_with_another_port_says_what_to_do(self, stack):
        other = Stack(run_dir=stack.run_dir, env=stack.env)
        assert "make down first" in other.launcher("up")

    def test_down_leaves_no_process_and_up_finds_the_data(self, make_stack):
        stack = make_stack().start()
        stack.sql("CREATE TABLE test_outlives (n INT)")
        stack.sql("INSERT INTO test_outlives VALUES (42)")
        key = stack.admin_key
        stack.stop()
        assert_nothing_left(stack.run_dir)
        began = time.monotonic()
        stack.start()
        assert time.monotonic() - began < 6
        assert stack.sql("SELECT n FROM test_outlives") == [["42"]]
        assert stack.admin_key == key

    def test_down_without_a_stack_is_harmless(self, make_stack):
        assert "not up" in make_stack().launcher("down")

    def test_two_stacks_run_side_by_side(self, stack, make_stack):
        other = make_stack(env={"API_REPLICAS": 3, "COLLECT": "off"}).start()
        assert set(other.status()["parts"]) >= {"api-a", "api-b", "api-c"}
        used = [part.get(kind) for one in (stack, other) for part in one.status()["parts"].values()
                for kind in ("port", "control_port") if part.get(kind)]
        assert len(used) == len(set(used))
        other.stop()
        assert stack.get("/readyz").status == 200

    def test_foreground_stops_all_on_ctrl_c(self, folder):
        stack = Stack(run_dir=folder / "run")
        with subprocess.Popen(["/usr/bin/python3", str(PROJECT / "stack" / "repopulse-stack"), "run", "--demo"],
                              env=stack.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            said = []
            for line in process.stdout:
                said.append(line)
                if "Ctrl-C" in line:
                    break
            assert stack.url in "".join(said)
            assert request(stack.url + "/readyz").status == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0, process.stdout.read()
        assert_nothing_left(folder / "run")


class TestMistakes:
    def test_all_wrong_settings_are_named_and_nothing_is_started(self, folder):
        wrong = {"PORT": "99999", "API_REPLICAS": "0", "TOPIC_INTERVAL_SECONDS": "soon", "LOG_LEVEL": "loud"}
        (folder / "env").write_text("".join(f"{name}={value}\n" for name, value in wrong.items()))
        environment = {**Stack(run_dir=folder / "run").environment(), "ENV_FILE": str(folder / "env")}
        del environment["PORT"]
        done = subprocess.run(["/usr/bin/python3", str(PROJECT / "stack" / "repopulse-stack"), "up"], env=environment,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 78
        for name, value in wrong.items():
            assert f"{name}={value}" in done.stderr
        assert not (folder / "run").exists()

    def test_a_taken_port_is_named_with_its_holder(self, folder):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            stack = Stack(run_dir=folder / "run", port=port)
            with pytest.raises(StackError) as caught:
                stack.start()
        assert caught.value.code == 73
        assert f"Port {port} is taken by {os.getpid()}/" in caught.value.output
        assert f"make demo PORT={port + 1}" in caught.value.output
        assert_nothing_left(folder / "run")

    def test_a_folder_of_somebody_else_is_left_alone(self, folder):
        (folder / "run").mkdir()
        (folder / "run" / "precious").write_text("mine")
        with pytest.raises(StackError) as caught:
            Stack(run_dir=folder / "run").start()
        assert caught.value.code == 78
        assert "not empty" in caught.value.output
        assert [path.name for path in (folder / "run").iterdir()] == ["precious"]

    def test_a_part_that_does_not_start_is_named_with_its_log(self, folder):
        stack = Stack(run_dir=folder / "run", env={"SIMULATED_GITHUB_OPTIONS": "--no-such-option"})
        with pytest.raises(StackError) as caught:
            stack.start()
        assert "The part github" in caught.value.output
        assert "unrecognized arguments: --no-such-option" in caught.value.output
        assert stack.status()["state"] == "down"
        assert_nothing_left(folder / "run")


class TestSupervision:
    def test_a_part_that_dies_is_started_again(self, make_stack):
        stack = make_stack().start()
        for name in ("proxy", "api-b", "redis", "cron", "github", "database"):
            before = stack.pid(name)
            stack.kill_part(name)
            wait_until(lambda: stack.status()["parts"][name]["state"] == "ready" and stack.pid(name) != before,
                       what=f"{name} to be back")
            assert stack.status()["parts"][name]["restarts"] == 1
        wait_until(lambda: stack.get("/readyz").status == 200, what="readiness")

    def test_parts_are_stopped_paused_and_started_by_name(self, make_stack):
        stack = make_stack().start()
        stack.stop_part("redis")
        assert stack.status()["parts"]["redis"]["state"] == "stopped"
        time.sleep(0.5)
        assert stack.status()["parts"]["redis"]["pid"] is None
        stack.start_part("redis")
        stack.pause_part("database")
        assert stack.status()["parts"]["database"]["state"] == "paused"
        stack.resume_part("database")
        wait_until(lambda: stack.get("/readyz").status == 200, what="readiness")
        with pytest.raises(StackError, match="no part nonsense"):
            stack.stop_part("nonsense")

    def test_down_recovers_after_kill_9_of_the_supervisor(self, make_stack):
        stack = make_stack().start()
        stack.kill_supervisor()
        stack.stop()
        assert_nothing_left(stack.run_dir)

    def test_up_recovers_after_kill_9_of_the_supervisor(self, make_stack):
        stack = make_stack().start()
        before = set(processes_of(stack.run_dir))
        stack.kill_supervisor()
        stack.start()
        assert stack.get("/readyz").status == 200
        assert not before & set(processes_of(stack.run_dir))

    def test_what_the_supervisor_could_not_end_is_found_by_the_next_start(self, make_stack):
        stack = make_stack().start()
        left = stack.pid("redis")
        os.kill(left, signal.SIGSTOP)  # a stopped process does not follow the SIGTERM that its supervisor's end sends
        stack.kill_supervisor()
        stack.start()
        wait_until(lambda: not pathlib.Path(f"/proc/{left}/exe").is_symlink() or left not in processes_of(stack.run_dir),
                   what="the old Redis to be gone")
        assert stack.get("/readyz").status == 200

    def test_a_recorded_pid_that_is_another_process_now_is_left_alone(self, make_stack):
        stack = make_stack().start()
        stack.stop()
        with subprocess.Popen(["sleep", "60"], start_new_session=True) as bystander:
            state = json.loads((stack.run_dir / "state.json").read_text())
            state["parts"] = {"redis": {"pid": bystander.pid, "start": "another-boot:1", "stop_seconds": 1}}
            (stack.run_dir / "state.json").write_text(json.dumps(state))
            stack.launcher("down")
            assert bystander.poll() is None
            bystander.kill()


class TestPlaces:
    def test_a_run_dir_too_long_for_sockets_works(self, folder):
        deep = folder / ("long-" * 15) / ("name-" * 15) / "run"
        stack = Stack(run_dir=deep)
        try:
            stack.start()
            assert deep.is_symlink()
            assert stack.get("/readyz").status == 200
        finally:
            stack.destroy()

    @needs_root
    def test_a_run_dir_below_a_private_folder_works(self, folder):
        private = folder / "private"
        private.mkdir(mode=0o700)
        stack = Stack(run_dir=private / "run")
        try:
            stack.start()
            stack.restart()
            assert stack.get("/readyz").status == 200
        finally:
            stack.destroy()

    @needs_root
    def test_a_checkout_below_a_private_folder_works(self, folder):
        """Only what belongs to the stack is copied: the servers must not need the project's own folder."""
        private = folder / "private"
        private.mkdir(mode=0o700)
        checkout = private / "project"
        for name in ("stack", "cron", "db", "nginx", "tests/support"):
            shutil.copytree(PROJECT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(PROJECT / ".env.template", checkout)
        (checkout / "build" / "release").mkdir(parents=True)
        binary = os.environ.get("REPOPULSE_BIN") or PROJECT / "build" / "release" / "repopulse"
        shutil.copy2(binary, checkout / "build" / "release" / "repopulse")
        stack = Stack(run_dir=checkout / ".run")
        environment = {name: value for name, value in stack.environment().items() if name != "REPOPULSE_BIN"}
        launcher = ["/usr/bin/python3", str(checkout / "stack" / "repopulse-stack")]
        try:
            done = subprocess.run([*launcher, "up"], env=environment, capture_output=True, text=True, timeout=180)
            assert done.returncode == 0, done.stdout + done.stderr
            assert stack.get("/readyz").status == 200
        finally:
            stack.destroy()


class TestSafety:
    @needs_root
    def test_no_server_runs_as_root(self, stack):
        owners = {part: os.stat(f"/proc/{details['pid']}").st_uid for part, details in stack.status()["parts"].items()}
        assert 0 not in owners.values(), owners
        text = pathlib.Path(f"/proc/{stack.status()['supervisor']}/status").read_text()
        assert re.search(r"^Uid:\t([1-9]\d*)\t\1\t\1\t\1$", text, re.MULTILINE)
        assert re.search(r"^CapEff:\t0+$", text, re.MULTILINE)

    @needs_root
    def test_an_ordinary_user_runs_it_too(self, folder):
        """The same commands as somebody without root or sudo."""
        user = 12345
        home = folder / "home"
        home.mkdir()
        os.chown(home, user, user)
        stack = Stack(run_dir=home / "run")
        command = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", "/usr/bin/python3",
                   str(PROJECT / "stack" / "repopulse-stack")]
        environment = {**stack.environment(), "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            up = subprocess.run([*command, "up"], env=environment, capture_output=True, text=True, timeout=180)
            assert up.returncode == 0, up.stdout + up.stderr
            assert stack.get("/readyz").status == 200
            assert os.stat(f"/proc/{stack.pid('database')}").st_uid == user
            down = subprocess.run([*command, "down"], env=environment, capture_output=True, text=True, timeout=60)
            assert down.returncode == 0, down.stdout + down.stderr
            assert_nothing_left(home / "run")
        finally:
            stack.destroy()

    def test_only_the_proxy_and_loopback_listen(self, stack):
        """Database and Redis have unix sockets only; nothing listens beyond this machine."""
        pids = set(processes_of(stack.run_dir))
        inodes = {os.readlink(entry) for pid in pids for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
        for table, loopback in (("tcp", "0100007F"), ("tcp6", "")):
            for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                    assert fields[1].split(":")[0] == loopback, line
        for name in ("database", "redis"):
            sockets = {os.readlink(entry) for entry in pathlib.Path(f"/proc/{stack.pid(name)}/fd").iterdir()}
            tcp = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
            assert not [line for line in tcp if f"socket:[{line.split()[9]}]" in sockets and line.split()[3] == "0A"]

    def test_secrets_are_in_private_files_only(self, make_stack):
        secrets = {"ADMIN_KEY": "admin-secret-0123456789", "DB_PASSWORD": "db'se\\cret\"0123", "REDIS_PASSWORD": "redis-secret-0123"}
        stack = make_stack(env=secrets).start()
        assert stack.sql("SELECT 1") == [["1"]]
        wait_until(lambda: '"bootstrap"' in stack.log("cron"), what="cron's first call")
        for command in processes_of(stack.run_dir).values():
            assert not [value for value in secrets.values() if value in command]
        folder = stack.run_dir.resolve()
        for log in (folder / "log").iterdir():
            assert not [value for value in secrets.values() if value in log.read_text(errors="replace")], log
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in (folder / "secrets").iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path

    def test_a_changed_database_password_is_taken_over(self, make_stack):
        stack = make_stack(env={"DB_PASSWORD": "the-first-password"}).start()
        stack.stop()
        stack.env["DB_PASSWORD"] = "the-second-password"
        stack.start()
        assert stack.sql("SELECT 1") == [["1"]]


class TestLogsAndEnv:
    def test_logs_show_all_parts_with_their_names(self, stack):
        lines = stack.launcher("logs", "--lines", "5").splitlines()
        assert {line.split("|")[0].strip() for line in lines} >= {"database", "redis", "api-a", "api-b", "cron"}

    @pytest.mark.parametrize("command", ["status", "logs"])
    def test_who_has_seen_enough_may_go(self, stack, command):
        gone, pipe = os.pipe()
        os.close(gone)
        try:
            done = subprocess.run(["/usr/bin/python3", "stack/repopulse-stack", command], env=stack.environment(), cwd=PROJECT,
                                  stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.PIPE, text=True, timeout=30)
        finally:
            os.close(pipe)
        assert (done.returncode, done.stderr) == (0, "")

    def test_env_writes_private_random_secrets_once(self, folder):
        environment = {**os.environ, "ENV_FILE": str(folder / ".env")}
        command = ["/usr/bin/python3", str(PROJECT / "stack" / "repopulse-stack"), "env"]
        subprocess.run(command, env=environment, check=True, timeout=30, capture_output=True)
        first = (folder / ".env").read_text()
        assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
        assert len(re.search(r"^ADMIN_KEY=(.+)$", first, re.MULTILINE)[1]) >= 32
        assert re.search(r"^DB_PASSWORD=(.{32,})$", first, re.MULTILINE)
        done = subprocess.run(command, env=environment, check=True, timeout=30, capture_output=True, text=True)
        assert "stays as it is" in done.stdout
        assert (folder / ".env").read_text() == first

    def test_demo_and_real_data_never_share_a_database(self, make_stack):
        stack = make_stack().start()
        stack.sql("CREATE TABLE test_of_demo (n INT)")
        stack.stop()
        stack.demo = False
        stack.env.update({"COLLECT": "off", "GITHUB_API_URL": f"http://127.0.0.1:{free_port()}"})
        stack.start()
        assert stack.sql("SHOW TABLES LIKE 'test_of_demo'") == []
        assert stack.status()["demo"] is False
