"""A camera that makes most of a group's load is told, whatever its name is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cluster.waiting import until
from tests.sql.test_scaling_triggers import check, sensitive


@pytest.mark.needs_workers
@pytest.mark.long
def test_a_camera_that_makes_most_of_a_groups_load_is_named_as_text(cluster):
    number, hostile = 941_002, "'); DROP TABLE camgrid.alerts; --\n\x1b[31m[red]"
    with cluster.connect("admin") as conn:
        conn.execute(
            "INSERT INTO cameras (id, name, site) VALUES (%s, %s, 'x') ON CONFLICT DO NOTHING", (number, hostile)
        )
    stop = []

    def load():
        with cluster.connect("reader") as client:
            while not stop:
                client.execute(
                    "SELECT (SELECT sum(sqrt(n)) FROM generate_series(1, 400000) AS n WHERE n > r.c)"
                    " FROM (SELECT count(*) AS c FROM counting_results WHERE camera_id = %s) AS r",
                    (number,),
                )

    with sensitive(cluster, "hot_camera", 30) as conn, ThreadPoolExecutor() as pool:
        working = [pool.submit(load) for _ in range(2)]
        try:
            found = until(lambda: [row for row in check(conn, "hot_camera") if row[0] == f"camera {number}"], 200)
        finally:
            stop.append(True)
            for each in working:
                each.result()
        message = conn.execute("SELECT message FROM alerts WHERE subject = %s", (f"camera {number}",)).fetchone()[0]
        conn.execute("DELETE FROM cameras WHERE id = %s", (number,))
    assert f"camgrid shards isolate {number} --plan" in found[0][2]
    assert "DROP TABLE" in message
    assert not set("\n\x1b") & set(message)
