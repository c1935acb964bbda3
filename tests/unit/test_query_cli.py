"""What `camgrid query` refuses before it asks any server."""

import pytest
from click.testing import CliRunner

from camgrid.cli.query import command
from camgrid.errors import UsageError


class Nowhere:
    """Fails when a server is asked."""

    inventory_path = None

    def connect(self, *_, **__):
        raise AssertionError("a connection was opened")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give one query"),
        (("  ",), "the query is empty"),
        (("SELECT 1", "--role", "admin"), "only together with --write"),
        (("SELECT 1", "--role", "writer"), "only together with --write"),
        (("SELECT 1", "--limit", "0"), "only go out as CSV"),
        (("SELECT 1", "--limit", "0", "--json"), "only go out as CSV"),
        (("SELECT 1", "--json", "--format", "csv"), "contradict each other"),
        (("SELECT 1", "--output", "x.txt"), "a file holds CSV or JSON"),
        (("SELECT 1", "--output", "x.json", "--format", "table"), "a file holds CSV or JSON"),
        (("SELECT 1", "--per-shard", "--write"), "--per-shard shows times"),
        (("SELECT 1", "--per-shard", "--format", "csv"), "--per-shard shows times"),
        (("SELECT 1", "--param", "x"), "is not name=value"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_refused_without_a_connection(arguments, said):
    result = CliRunner().invoke(command, list(arguments), obj=Nowhere(), standalone_mode=False)
    assert isinstance(result.exception, UsageError)
    assert said in str(result.exception)
    assert result.stdout == ""
