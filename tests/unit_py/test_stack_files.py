"""The launcher's pure parts: reading .env, bounding logs, choosing folders and ports, recognising processes."""

import os
import pathlib
import socket
import subprocess
import sys

import pytest

PROJECT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT / "stack"))

from repopulse_stack import configs, envfile, keys, layout, logs, ports, processes, settings  # noqa: E402


@pytest.mark.parametrize("memory_mib, pool_mib", [(512, 128), (4096, 512), (24576, 3072), (262144, 8192)])
@pytest.mark.parametrize("setting", ["0", "", None])
def test_the_buffer_pool_follows_the_memory_there_is(monkeypatch, setting, memory_mib, pool_mib):
    monkeypatch.setattr(os, "sysconf", lambda name: 4096 if name == "SC_PAGE_SIZE" else memory_mib * 256)
    assert configs.buffer_pool_mib(setting) == pool_mib
    assert configs.buffer_pool_mib("777") == 777


class TestEnvFile:
    def test_reads_lines_as_the_service_does(self):
        assert settings.parse_env_file("# no\n\nA=1\n B = two words \nC='q # q'\nD=\"x\nE=a=b\nF=\nnothing\n") == {
            "A": "1", "B": "two words", "C": "q # q", "D": '"x', "E": "a=b", "F": ""}

    def test_every_setting_of_the_template_has_a_line_that_explains_it(self):
        lines = (PROJECT / ".env.template").read_text().splitlines()
        for number, line in enumerate(lines):
            if "=" in line and not line.startswith("# "):
                above = [text for text in lines[:number] if not ("=" in text and not text.startswith("# "))]
                assert above[-1].startswith("# "), line

    def test_the_environment_wins_even_when_empty(self, monkeypatch, tmp_path):
        (tmp_path / "env").write_text("PORT=1\nTOPICS=rust\nLOG_LEVEL=warn\n")
        monkeypatch.setenv("ENV_FILE", str(tmp_path / "env"))
        monkeypatch.setenv("PORT", "2")
        monkeypatch.setenv("TOPICS", "")
        monkeypatch.delenv("LOG_LEVEL", raising=False)
        values = settings.given_values()
        assert (values["PORT"], values["TOPICS"], values["LOG_LEVEL"]) == ("2", "", "warn")

    def test_what_make_env_writes_has_no_empty_secret_and_no_two_alike(self):
        values = settings.parse_env_file(envfile.filled(settings.TEMPLATE.read_text()))
        made = [values[name] for name in ("ADMIN_KEY", "DB_PASSWORD", "REDIS_PASSWORD")]
        assert len(set(made)) == 3 and all(len(secret) >= 32 for secret in made)
        assert values["GITHUB_TOKEN"] == ""


class TestLogs:
    def test_a_log_over_the_bound_is_emptied_under_its_writer(self, tmp_path):
        path = tmp_path / "api-a.log"
        writer = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(writer, b"old line\n" * 100)
        logs.rotate(tmp_path, size_max=500)
        os.write(writer, b"new line\n")
        os.close(writer)
        assert path.read_text() == "new line\n"
        assert (tmp_path / "api-a.log.1").read_text() == "old line\n" * 100

    def test_a_log_below_the_bound_stays(self, tmp_path):
        (tmp_path / "cron.log").write_text("line\n")
        logs.rotate(tmp_path, size_max=500)
        assert [path.name for path in tmp_path.iterdir()] == ["cron.log"]


class TestKeys:
    def test_made_up_secrets_stay_and_given_ones_win(self, tmp_path):
        given = {"ADMIN_KEY": "", "DB_PASSWORD": "", "REDIS_PASSWORD": "", "GITHUB_TOKEN": ""}
        first = keys.settle(tmp_path, given)
        assert set(first) == {"ADMIN_KEY", "DB_PASSWORD"}
        made_up = first["ADMIN_KEY"].read_text()
        assert keys.settle(tmp_path, given)["ADMIN_KEY"].read_text() == made_up
        assert keys.settle(tmp_path, {**given, "ADMIN_KEY": "mine"})["ADMIN_KEY"].read_text() == "mine\n"

    def test_a_secret_that_is_no_longer_given_is_removed(self, tmp_path):
        keys.settle(tmp_path, {"ADMIN_KEY": "", "GITHUB_TOKEN": "token"})
        keys.settle(tmp_path, {"ADMIN_KEY": "", "GITHUB_TOKEN": ""})
        assert not (tmp_path / "github-token").exists()


class TestConfigs:
    @pytest.mark.parametrize("text, quoted", [("plain", "'plain'"), ("it's", "'it''s'"), ("a\\b", "'a\\\\b'")])
    def test_a_password_is_quoted_for_sql(self, text, quoted):
        assert configs._sql_text(text) == quoted


class TestLayout:
    def test_a_path_too_long_for_sockets_is_seen(self):
        room = layout.SOCKET_PATH_MAX - len("/" + layout.LONGEST_SOCKET)
        assert layout.fits(pathlib.Path("/" + "x" * (room - 1)))
        assert not layout.fits(pathlib.Path("/" + "x" * room))


class TestPorts:
    def test_are_remembered_and_chosen_anew_when_taken(self, tmp_path):
        place = layout.Layout(tmp_path, "demo")
        first = ports.choose(place, 2, True)
        assert ports.choose(place, 2, True) == first
        assert len({port for numbers in first.values() for port in numbers}) == 5
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", first["api-b"][1]))
            holder.listen()
            second = ports.choose(place, 2, True)
        assert first["api-b"][1] not in [port for numbers in second.values() for port in numbers]

    def test_sixteen_replicas_fit_a_block(self, tmp_path):
        chosen = ports.choose(layout.Layout(tmp_path, "demo"), 16, True)
        assert list(chosen)[-1] == "api-p"
        assert len({port for numbers in chosen.values() for port in numbers}) == 33


class TestProcesses:
    def test_a_process_is_known_by_pid_and_start(self):
        with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
            start = processes.start_time(process.pid)
            assert processes.is_same(process.pid, start)
            assert not processes.is_same(process.pid, start + "0")
            assert processes.leftovers(process.pid, start, pathlib.Path("/nowhere")) == [process.pid]
            assert processes.leftovers(process.pid, "other", pathlib.Path("/nowhere")) == []
            process.kill()
            process.wait()
            assert not processes.is_same(process.pid, start)

    def test_the_holder_of_a_port_is_named(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            assert processes.port_holder(holder.getsockname()[1]).startswith(f"{os.getpid()}/")
