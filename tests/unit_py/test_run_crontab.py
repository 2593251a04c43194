"""cron/run-crontab: the clock of the service."""

import importlib.machinery
import importlib.util
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

CRON = pathlib.Path(__file__).parents[2] / "cron"
MINUTE = 60
MIDNIGHT = 1_700_006_400  # 2023-11-15T00:00:00Z


def load():
    loader = importlib.machinery.SourceFileLoader("run_crontab", str(CRON / "run-crontab"))
    spec = importlib.util.spec_from_loader("run_crontab", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


run_crontab = load()


def start(tmp_path, text, **environment):
    (tmp_path / "crontab").write_text(text)
    return subprocess.Popen(["/usr/bin/python3", str(CRON / "run-crontab"), str(tmp_path / "crontab")],
                            env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process):
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    return [json.loads(line) for line in output.splitlines()]


def wait_for(path):
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.02)


class TestTheProjectsCrontab:
    def test_is_right(self):
        done = subprocess.run(["/usr/bin/python3", str(CRON / "run-crontab"), "--check", str(CRON / "crontab")], timeout=20)
        assert done.returncode == 0

    def test_bootstraps_at_start_collects_each_minute_and_prunes_daily(self):
        jobs, _, _ = run_crontab.parse((CRON / "crontab").read_text())
        assert [(job.schedule, job.command) for job in jobs[:2]] == [
            ("@reboot", "call bootstrap"), ("* * * * *", "call collect; call refresh-cache")]
        assert jobs[2].command == "call prune"
        due = [now for now in range(MIDNIGHT, MIDNIGHT + 86400, MINUTE) if jobs[2].is_due(now - MINUTE, now)]
        assert len(due) == 1

    def test_comments_each_line(self):
        lines = (CRON / "crontab").read_text().splitlines()
        for number, line in enumerate(lines):
            if line and not line.startswith("#"):
                assert lines[number - 1].startswith("#"), line


class TestParse:
    def test_names_every_mistake(self):
        jobs, _, mistakes = run_crontab.parse("61 * * * * call a\n* * * * *\n@reboot\n@never call b\n* * * * * call c\n")
        assert [re.match(r"line (\d)", mistake)[1] for mistake in mistakes] == ["1", "2", "3", "4"]
        assert [job.command for job in jobs] == ["call c"]

    def test_reads_assignments_and_keeps_percent_signs(self):
        jobs, environment, mistakes = run_crontab.parse('A=1\nB = "two words"\n*/5 1-3 * * mon date +\\%s\n')
        assert environment == {"A": "1", "B": "two words"}
        assert (jobs[0].schedule, jobs[0].command, mistakes) == ("*/5 1-3 * * mon", "date +%s", [])


class TestWhatIsDue:
    @pytest.mark.parametrize("schedule, previous, now, due", [
        ("* * * * *", 0, MINUTE, True),
        ("17 3 * * *", 3 * 3600 + 16 * MINUTE, 3 * 3600 + 17 * MINUTE, True),
        ("17 3 * * *", 3 * 3600 + 17 * MINUTE, 3 * 3600 + 18 * MINUTE, False),
        # The machine slept through 03:17, shortly: caught up, once.
        ("17 3 * * *", 3 * 3600, 4 * 3600, True),
        # It slept for a day: not caught up, unless it is the minute itself.
        ("17 3 * * *", 0, 86400, False),
        ("* * * * *", 0, 86400, True),
        # The clock was set back: what runs each minute goes on.
        ("* * * * *", 7200, 3600, True),
        ("17 3 * * *", 7200, 3600, False),
        ("@reboot", 0, MINUTE, False),
    ])
    def test_by_clock(self, schedule, previous, now, due):
        job = run_crontab.Job(schedule, "true")
        assert job.is_due(MIDNIGHT + previous, MIDNIGHT + now) is due


class TestRunning:
    def test_reboot_lines_run_once_with_the_environment(self, tmp_path):
        process = start(tmp_path, f'NAME=world\n@reboot echo "hello $NAME from $PLACE"; touch {tmp_path}/done\n', PLACE="here")
        wait_for(tmp_path / "done")
        lines = end(process)
        assert [line["message"] for line in lines] == ["started", "hello world from here", "stopped"]
        assert lines[1]["job"].startswith("echo")

    def test_json_lines_of_jobs_stay_as_they_are(self, tmp_path):
        process = start(tmp_path, f"""@reboot echo '{{"call":"x"}}'; echo 7; touch {tmp_path}/done\n""")
        wait_for(tmp_path / "done")
        lines = end(process)
        assert lines[1] == {"call": "x"}
        assert lines[2]["message"] == "7"

    def test_sigterm_ends_jobs_and_what_they_started(self, tmp_path):
        process = start(tmp_path, f"@reboot trap 'touch {tmp_path}/ended; exit' TERM; touch {tmp_path}/on; sleep 321 & wait\n")
        wait_for(tmp_path / "on")
        end(process)
        assert (tmp_path / "ended").exists()
        assert subprocess.run(["pgrep", "-f", "^sleep 321$"], stdout=subprocess.DEVNULL).returncode == 1

    def test_a_line_does_not_overlap_itself(self):
        runner = run_crontab.Runner([], {})
        job = run_crontab.Job("* * * * *", "sleep 30")
        runner.start(job)
        first = job.process
        runner.start(job)
        assert job.process is first
        run_crontab.signal_group(first.pid, signal.SIGKILL)
        first.wait(10)
        runner.start(job)
        assert job.process is not first
        run_crontab.signal_group(job.process.pid, signal.SIGKILL)

    def test_a_wrong_file_is_named_and_nothing_runs(self, tmp_path):
        process = start(tmp_path, f"* * * * call\n@reboot touch {tmp_path}/done\n")
        output, errors = process.communicate(timeout=20)
        assert process.returncode == 78
        assert errors.startswith("line 1:") and output == ""
        assert not (tmp_path / "done").exists()
