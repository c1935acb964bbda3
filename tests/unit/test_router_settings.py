"""What a router is told of a cluster, and what it refuses."""

from __future__ import annotations

import json

import pytest

from camgrid.errors import UsageError
from camgrid.router import Settings

GIVEN = {"user": "camgrid_reader", "sslrootcert": "ca.crt", "proxies": ["10.0.0.5"], "nodes": {"g1m1": "10.0.1.1"}}


def test_what_was_exported_is_read_again_without_the_password(tmp_path):
    settings = Settings.load(GIVEN | {"password": "secret"})
    (tmp_path / "settings.json").write_text(json.dumps(settings.exported()))
    assert "secret" not in (tmp_path / "settings.json").read_text() + repr(settings)
    assert Settings.load(tmp_path / "settings.json") == Settings.load(GIVEN)


def test_every_connection_verifies_the_server():
    settings = Settings.load(GIVEN)
    for parameters in (settings.endpoint("ingest"), settings.node("g1m1")):
        assert (parameters["sslmode"], parameters["sslrootcert"]) == ("verify-full", "ca.crt")
        assert "password" not in parameters


@pytest.mark.parametrize(
    ("changed", "what"),
    [({"proxies": []}, "no address"), ({"colour": "red"}, "colour"), ({"connections": 0}, "needs a connection")],
)
def test_wrong_settings_are_refused_by_name(changed, what):
    with pytest.raises(UsageError, match=what):
        Settings.load(GIVEN | changed)


def test_a_file_that_is_missing_or_no_json_is_named(tmp_path):
    for content in (None, "{"):
        path = tmp_path / "settings.json"
        if content:
            path.write_text(content)
        with pytest.raises(UsageError, match=r"settings\.json"):
            Settings.load(path)
