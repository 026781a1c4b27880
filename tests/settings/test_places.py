"""Where settings and data are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from hiq.settings.places import config_candidates, data_folder, find_config


def test_order_of_places(tmp_path, monkeypatch):
    """Named file, $HIQ_CONFIG, working directory, then the user's folder."""
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    monkeypatch.chdir(work)
    env = {"HOME": str(home)}
    assert config_candidates(env)[-1] == Path("/etc/hiq/hiq.yaml")
    of_user = home / ".config" / "hiq" / "hiq.yaml"
    of_user.parent.mkdir(parents=True)
    of_user.touch()
    assert find_config(None, env) == of_user
    (work / "hiq.yaml").touch()
    assert find_config(None, env) == Path("hiq.yaml")
    env["HIQ_CONFIG"] = "/named/by/environment"
    assert find_config(None, env) == Path("/named/by/environment")
    assert find_config("x.yaml", env) == Path("x.yaml")


def test_xdg_config_home(tmp_path, monkeypatch):
    """XDG_CONFIG_HOME moves the user's folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "xdg" / "hiq" / "hiq.yaml"
    path.parent.mkdir(parents=True)
    path.touch()
    assert find_config(None, {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}) == path


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"STATE_DIRECTORY": "/var/lib/hiq:/var/lib/x"}, "/var/lib/hiq"),
        ({"XDG_DATA_HOME": "/xdg", "HOME": "/home/u"}, "/xdg/hiq"),
        ({"HOME": "/home/u"}, "/home/u/.local/share/hiq"),
        ({}, "/.local/share/hiq"),
    ],
)
def test_data_folder(env, expected, tmp_path):
    """Systemd's folder, else the user's."""
    assert data_folder(env, tmp_path) == Path(expected)


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_data_folder_in_a_container(tmp_path, mark):
    """`/data` counts inside a container only, and only if it is there."""
    env = {"HOME": "/home/u"}
    (tmp_path / "data").mkdir()
    assert data_folder(env, tmp_path) == Path("/home/u/.local/share/hiq")
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    assert data_folder(env, tmp_path) == tmp_path / "data"
    (tmp_path / "data").rmdir()
    assert data_folder(env, tmp_path) == Path("/home/u/.local/share/hiq")
