"""What a row really takes, beside the constants that `camgrid capacity` plans with where no cluster is asked."""

from __future__ import annotations

from datetime import date

import pytest

from camgrid.capacity.costs import CONSTANTS
from camgrid.capacity.measured import ask, measure
from tests.cluster.support import MEASURED
from tests.cluster.waiting import roll_up

CAMERAS, ROWS = range(980_001, 980_201), 1_500
MONTH = date(1983, 3, 1)
# In the order of time, as cameras send: an index of rows that come camera by camera is denser. Values that follow no
# rule, since others compress to nothing.
FILL = """
    INSERT INTO counting_results (
        camera_id, zone_id, "timestamp", count_in, count_out, total_count, confidence, created_at
    )
    SELECT c, 0, at, a, b, a + b, (0.7 + (hashint4(c * 919 + n) & 2047) / 7000.0)::numeric(5, 4),
        at + (hashint4(c * 131 + n * 7) & 1048575) * interval '1 microsecond'
    FROM generate_series(1, %s) AS n, generate_series(%s::integer, %s) AS c
    CROSS JOIN LATERAL (
        SELECT '1983-03-01Z'::timestamptz + n * interval '1 minute' + (c %% 60) * interval '1 second' AS at,
            hashint4(c * 31 + n) & 31 AS a, hashint4(c * 17 + n * 3) & 31 AS b
    ) AS made
"""


@pytest.fixture
def month(cluster):
    """A month of 300,000 results; it goes afterwards, with its sums."""
    with cluster.connect("admin") as conn:
        conn.execute("CALL make_partition('counting_results', %s)", (MONTH,))
        conn.execute(FILL, (ROWS, CAMERAS[0], CAMERAS[-1]))
        # A table that is filled by one statement has pages to spare, which vacuum gives back.
        conn.execute("VACUUM (ANALYZE) counting_results")
        yield conn
        roll_up(conn)
        assert conn.execute("CALL drop_partition('counting_results', %s)", (MONTH,)).fetchone() == ("dropped",)
        for table in ("counts_hourly", "counts_daily", "camera_latest"):
            conn.execute(f"DELETE FROM {table} WHERE camera_id BETWEEN %s AND %s", (CAMERAS[0], CAMERAS[-1]))


def costs_of(conn):
    """The costs that this month alone tells of."""
    stored = ask(conn)
    return measure(
        CONSTANTS, [part for part in stored if part.month == MONTH and part.table_name == "counting_results"]
    )


def compare(found, *names):
    """Asserts that costs of a cluster are the constants, within a seventh."""
    for name in names:
        assert name in found.taken, found.constant.get(name)
        here, constant = getattr(found.costs, name), getattr(CONSTANTS, name)
        MEASURED.append(f"{name}: {here:.1f} bytes a row, {found.taken[name]}; the constant is {constant:.1f}")
    for name in names:
        assert getattr(found.costs, name) == pytest.approx(getattr(CONSTANTS, name), rel=0.15)


@pytest.mark.long
def test_a_row_takes_what_the_constants_say(cluster, month):
    found = costs_of(month)
    assert found.rows == pytest.approx(ROWS * len(CAMERAS), rel=0.02)
    compare(found, "result_heap", "result_index")


@pytest.mark.long
@pytest.mark.needs_workers
def test_an_archived_row_takes_what_the_constants_say(cluster, month):
    assert month.execute("CALL archive_partition('counting_results', %s)", (MONTH,)).fetchone() == ("archived",)
    month.execute("ANALYZE counting_results")
    compare(costs_of(month), "result_archive", "result_archive_index")


def test_the_command_measures_the_cluster_and_says_what_it_could_not(cluster):
    told = cluster.json("capacity", "--cameras", "1000", "--rate", "1/min")
    costs = told["costs"]
    assert set(costs["measured"]) | set(costs["constant"]) == {
        *(f"{kind}_{part}" for kind in ("result", "event") for part in ("heap", "index", "archive", "archive_index")),
        *("hourly", "daily", "latest", "wal_all", "backup_all"),
    }
    assert costs["measured"].keys().isdisjoint(costs["constant"])
    groups = [group for group in cluster.topology.groups() if group] if cluster.topology.sharded else []
    assert told["workers"]["given"] == bool(groups)
    if groups:
        assert told["workers"]["planned"] == len(groups)
