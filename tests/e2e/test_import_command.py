"""`make import` and `make verify` as a person uses them: reports, exit statuses, resuming, the job, and a replay's clock."""

import contextlib
import datetime
import gzip
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading

import pytest

import recount
from stack import LAUNCHER, PROJECT, Stack, StackError, request, wait_until

HOURS = recount.real_hours()
needs_hours = pytest.mark.skipif(not HOURS, reason="the recorded hours are not here")
REPLAY_NOW = "2015-01-01T04:00:00Z"


def event(number, repository=1, name="octo/cat", at="2015-01-01T02:00:00Z", kind="WatchEvent"):
    return {"id": str(number), "type": kind, "public": True, "created_at": at, "payload": {"action": "started"},
            "actor": {"id": 7, "login": "mona"}, "repo": {"id": repository, "name": name}}


def lines_of(*events):
    return "".join(one if isinstance(one, str) else json.dumps(one) + "\n" for one in events).encode()


@pytest.fixture(scope="module")
def folder():
    """Files that the servers' user can read."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="repopulse-archive-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


class ArchiveServer(http.server.ThreadingHTTPServer):
    """GH Archive's server: hours by path; `hold` makes an answer wait in its middle."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ArchiveHandler)
        self.hours = {}
        self.hold = threading.Event()
        self.hold.set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class ArchiveHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content = self.server.hours.get(self.path.strip("/"))
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(content[: len(content) // 2])
            self.server.hold.wait(30)
            self.wfile.write(content[len(content) // 2:])

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def archive():
    server = ArchiveServer()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def replay(archive):
    """A stack without any GitHub whose clock starts an hour after the recorded ones."""
    with Stack(demo=False, env={"COLLECT": "off", "REPLAY_NOW": REPLAY_NOW, "GHARCHIVE_URL": archive.url,
                                "GITHUB_API_URL": "http://127.0.0.1:1"}) as running:
        yield running


def run(stack, *arguments):
    """(exit status, standard output, standard error) of a launcher's command."""
    done = subprocess.run(["/usr/bin/python3", str(LAUNCHER), *map(str, arguments)], env=stack.environment(), cwd=PROJECT,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout, done.stderr


def start(stack, *arguments):
    """The same, while it runs."""
    return subprocess.Popen(["/usr/bin/python3", str(LAUNCHER), *map(str, arguments)], env=stack.environment(), cwd=PROJECT,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def take(stack, *what):
    code, out, err = run(stack, "import", "--json", *what)
    assert out, (code, err)
    return code, json.loads(out)


def events_stored(stack):
    return int(stack.sql("SELECT COUNT(*) FROM events")[0][0])


class TestAStackThatCollectsNothing:
    def test_is_ready_without_any_github(self, replay):
        assert replay.get("/readyz").status == 200
        assert replay.status()["state"] == "ready"

    def test_has_asked_github_for_nothing(self, replay):
        assert replay.sql("SELECT COUNT(*) FROM jobs WHERE kind = 'collect'") == [["0"]]
        wait_until(lambda: replay.sql("SELECT COUNT(*) FROM jobs WHERE kind = 'bootstrap' AND state = 'succeeded'") == [["1"]],
                   what="the bootstrap to end")


class TestReplayClock:
    def test_is_said_everywhere(self, replay):
        ready = replay.get("/readyz").json()
        assert ready["replay_now"] == REPLAY_NOW
        assert ready["now"].startswith("2015-01-01T04:")
        answer = replay.get("/api/v1/topics")
        assert answer.json()["meta"]["replay_now"] == REPLAY_NOW
        for path in ("/api/v1/topics", "/test", "/api/popularity/kubernetes", "/livez"):
            assert replay.get(path).headers["x-replay-now"] == REPLAY_NOW, path

    def test_is_the_same_in_all_replicas_and_joined_after_a_restart(self, replay):
        def now(replica):
            text = request(replay.api_url(replica) + "/readyz").json()["now"]
            return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        before = now("a")
        assert abs((now("b") - before).total_seconds()) <= 2
        replay.restart_replica("b")
        assert 0 <= (now("b") - before).total_seconds() < 60


class TestReport:
    def test_counts_each_line_of_a_file(self, replay, folder):
        path = folder / "lines.json"
        path.write_bytes(lines_of(event(101), event(102), "no json\n", event(101), event(103), "\n", "[]\n"))
        code, report = take(replay, path)
        assert code == 1
        (one,) = report["files"]
        assert (one["outcome"], one["read"], one["new"], one["duplicate"], one["bad_lines"]) == ("taken", 4, 3, 1, 2)
        assert [bad["line"] for bad in one["first_bad_lines"]] == [3, 7]

    def test_is_readable_without_json(self, replay, folder):
        path = folder / "readable.json"
        path.write_bytes(lines_of(event(201)))
        code, out, err = run(replay, "import", path)
        assert code == 0, err
        assert "readable.json: taken, 1 read: 1 new, 0 duplicate" in out

    def test_a_second_time_everything_is_known(self, replay, folder):
        path = folder / "twice.json.gz"
        path.write_bytes(gzip.compress(lines_of(event(301), event(302))))
        assert take(replay, path)[1]["total"]["new"] == 2
        code, report = take(replay, path)
        assert code == 0
        assert (report["total"]["new"], report["total"]["duplicate"]) == (0, 2)
        assert report["files"][0]["taken_before"] is True

    def test_a_bad_file_does_not_stop_the_others(self, replay, folder):
        good, cut, old = folder / "good.json", folder / "cut.json.gz", folder / "old.json"
        good.write_bytes(lines_of(event(401)))
        cut.write_bytes(gzip.compress(lines_of(*(event(number) for number in range(500, 900))))[:-20])
        old.write_bytes(lines_of({"created_at": "2012-04-01T00:00:00-07:00", "type": "WatchEvent", "actor": "mona",
                                  "repository": {"id": 3, "name": "cat", "owner": "octo"}, "payload": {}}))
        before = events_stored(replay)
        code, report = take(replay, cut, old, folder / "none.json", good)
        assert code == 65
        assert [one["outcome"] for one in report["files"]] == ["damaged", "other format", "not found", "taken"]
        assert events_stored(replay) == before + 1
        assert replay.sql("SELECT COUNT(*) FROM imports WHERE name IN ('cut.json.gz', 'old.json')") == [["0"]]

    @pytest.mark.parametrize("words, code, said", [
        (["--fast", "x"], 2, "--fast"), (["nowhere.json"], 66, "not found"),
        (["2015-01-01-0..2015-03-01-0"], 64, "31 days"), (["2015-01-02-0..2015-01-01-0"], 64, "FIRST..LAST")])
    def test_wrong_words_are_refused(self, replay, words, code, said):
        status, out, err = run(replay, "import", *words)
        assert status == code
        assert said in out + err


class TestOnlyTracked:
    def test_leaves_the_others_out(self, replay, folder):
        path = folder / "some.json"
        path.write_bytes(lines_of(event(601, repository=11), event(602, repository=12)))
        code, report = take(replay, "--only-tracked", path)
        assert code == 0
        assert (report["total"]["read"], report["total"]["new"], report["total"]["skipped"]) == (2, 0, 2)
        code, report = take(replay, path)
        assert report["total"]["new"] == 2


@needs_hours
class TestRealHours:
    def test_are_taken_whole_and_verify_agrees(self, replay):
        code, report = take(replay, *HOURS)
        assert code == 0
        lines = {path.name: sum(1 for _ in gzip.open(path)) for path in HOURS}
        assert {one["file"]: one["read"] for one in report["files"]} == lines
        code, out, err = run(replay, "verify", "--json")
        assert code == 0, out + err
        assert json.loads(out)["differences"] == 0
        code, again = take(replay, *HOURS)
        assert (code, again["total"]["new"], again["total"]["duplicate"]) == (0, 0, sum(lines.values()))

    def test_verify_finds_what_was_changed(self, replay):
        replay.sql("UPDATE event_totals SET events = events + 1 ORDER BY events DESC LIMIT 1")
        try:
            code, out, _ = run(replay, "verify")
            assert code == 1
            assert "differ" in out
        finally:
            replay.sql("UPDATE event_totals SET events = events - 1 ORDER BY events DESC LIMIT 1")
        assert run(replay, "verify")[0] == 0


class TestInterrupted:
    def test_goes_on_where_it_was(self, replay, folder):
        path = folder / "long.json"
        many = 300_000
        with open(path, "wb") as file:
            for number in range(many):
                file.write(lines_of(event(10_000_000 + number, repository=1 + number % 500, name=f"octo/cat{number % 500}")))
        process = start(replay, "import", "--json", path)
        wait_until(lambda: replay.sql("SELECT COUNT(*) FROM imports WHERE name = 'long.json' AND lines_done > 0") == [["1"]],
                   what="the first batch")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 75, err
        first = json.loads(out)["files"][0]
        assert first["outcome"] == "interrupted" and 0 < first["new"] < many
        code, report = take(replay, path)
        assert code == 0
        second = report["files"][0]
        assert second["lines_done_before"] == first["read"]
        assert first["new"] + second["new"] == many and second["duplicate"] == 0


class TestJob:
    def test_takes_an_hour_from_the_archives_server(self, replay, archive):
        archive.hours["2015-01-01-2.json.gz"] = gzip.compress(lines_of(event(701, at="2015-01-01T02:30:00Z")))
        answer = replay.admin("POST", "/maintenance/import?hour=2015-01-01-2&wait=60")
        assert answer.status == 200, answer.text
        job = answer.json()["data"]
        assert (job["kind"], job["argument"], job["state"]) == ("import", "2015-01-01-2", "succeeded")
        assert job["counts"]["events_new"] == 1

    def test_of_an_unknown_hour_fails(self, replay):
        answer = replay.admin("POST", "/maintenance/import?hour=2014-12-31-1&wait=60")
        assert answer.status == 502, answer.text
        assert "2014-12-31-1" in answer.json()["job_error"]

    def test_a_second_hour_waits_for_the_first(self, replay, archive):
        lines = lines_of(*(event(number, at="2014-12-31T05:00:00Z") for number in range(800, 900)))
        archive.hours["2014-12-31-5.json.gz"] = gzip.compress(lines + os.urandom(200_000).hex().encode() + b"\n")
        archive.hold.clear()
        try:
            first = replay.admin("POST", "/maintenance/import?hour=2014-12-31-5")
            assert first.status == 202
            second = replay.admin("POST", "/maintenance/import?hour=2014-12-31-6")
            assert second.status == 409
            assert second.headers["location"] == first.headers["location"]
            assert replay.admin("POST", "/maintenance/import?hour=2014-12-31-5").headers["location"] == first.headers["location"]
        finally:
            archive.hold.set()
        wait_until(lambda: replay.admin("GET", first.headers["location"]).json()["data"]["state"] != "running", what="its end")

    @pytest.mark.parametrize("hour", ["", "x", "2015-01-01-24", "2015-01-01-04", "2015-01-01-9"])
    def test_needs_an_hour_that_is_over(self, replay, hour):
        answer = replay.admin("POST", f"/maintenance/import?hour={hour}")
        assert answer.status == 400
        assert [error["parameter"] for error in answer.json()["errors"]] == ["hour"]

    def test_hours_are_fetched_by_the_command_too(self, replay, archive):
        for hour in ("2014-12-30-22", "2014-12-30-23", "2014-12-31-0"):
            at = hour[:10] + f"T{int(hour[11:]):02}:10:00Z"
            archive.hours[hour + ".json.gz"] = gzip.compress(lines_of(event(int(hour[11:]) + 2000, at=at)))
        code, report = take(replay, "2014-12-30-22..2014-12-31-0")
        assert code == 0
        assert [one["new"] for one in report["files"]] == [1, 1, 1]


class TestWithoutAStack:
    def test_import_says_that_none_runs(self, make_stack, folder):
        with pytest.raises(StackError) as failed:
            make_stack().launcher("import", str(folder))
        assert failed.value.code == 69
        assert "No stack runs" in failed.value.output and "make up" in failed.value.output


def test_the_database_may_die_meanwhile(replay, folder):
    """The batch at work is stored once, whatever its answer."""
    path = folder / "survives.json"
    many = 300_000
    with open(path, "wb") as file:
        for number in range(many):
            file.write(lines_of(event(20_000_000 + number, repository=1000 + number % 50, name=f"octo/dog{number % 50}")))
    process = start(replay, "import", "--json", path)
    wait_until(lambda: replay.sql("SELECT 1 FROM imports WHERE name = 'survives.json'"), what="its first batch")
    replay.kill_part("database")
    assert process.poll() is None, "it was over before"
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    total = json.loads(out)["total"]
    assert (total["new"], total["duplicate"]) == (many, 0)
    replay.wait_part("database")
    assert run(replay, "verify")[0] == 0


def test_a_restarted_database_knows_how_large_its_tables_are(replay, folder):
    """It plans by that: a table it takes for an empty one it reads from end to end."""
    path = folder / "counted.json"
    path.write_bytes(lines_of(*(event(30_000_000 + number, repository=5000 + number) for number in range(2000))))
    assert take(replay, path)[0] == 0
    replay.stop_part("database")
    replay.start_part("database")
    tables = dict(replay.sql("SELECT table_name, table_rows FROM information_schema.tables WHERE table_schema = DATABASE()"))
    for name in ("event_repository_totals", "event_rollups"):
        stored = int(replay.sql(f"SELECT COUNT(*) FROM {name}")[0][0])
        assert stored > 1000 and int(tables[name]) > stored / 2, name
