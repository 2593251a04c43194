"""The launcher's way of running the service's commands: arguments, and what is said where no stack runs."""

import os
import pathlib
import sys

import pytest

PROJECT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT / "stack"))

from repopulse_stack import reports, settings, tools  # noqa: E402


def test_paths_become_absolute_and_hours_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "2015-01-01-9").write_text("a file of this name")
    assert tools.as_arguments(["a.json", "2015-01-01-0", "2015-01-01-0..2015-01-02-23", "2015-01-01-9"]) == [
        str(tmp_path / "a.json"), "2015-01-01-0", "2015-01-01-0..2015-01-02-23", str(tmp_path / "2015-01-01-9")]


def test_says_that_no_stack_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("ENV_FILE", "/dev/null")
    monkeypatch.setenv("RUN_DIR", str(tmp_path / "none"))
    with pytest.raises(reports.Failure) as failure:
        tools.run("import", [], ["2015-01-01-0"])
    assert failure.value.code == 69
    assert str(tmp_path / "none") in failure.value.text and "make up" in failure.value.text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_says_which_file_the_servers_may_not_read(tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text("")
    secret.chmod(0)
    with pytest.raises(reports.Failure) as failure:
        tools.check_readable(secret)
    assert failure.value.code == 66 and str(secret) in failure.value.text


def test_leaves_missing_files_and_hours_to_the_command(tmp_path):
    tools.check_readable(tmp_path / "none.json")
    tools.check_readable(pathlib.Path("2015-01-01-0"))


@pytest.mark.parametrize("value, collects", [("off", False), ("on", True), ("", True), (None, True)])
def test_a_stack_knows_whether_it_collects(value, collects):
    values = {} if value is None else {"COLLECT": value}
    assert settings.load(values).collect is collects
