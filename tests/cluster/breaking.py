"""What tests of alerts break; each is undone however its `with` block ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from camgrid.chaos.ground import Ground
from camgrid.cli.app import App
from tests.cluster.support import Cluster


@contextmanager
def done(cluster: Cluster, host: str, do: str, undo: str) -> Iterator[None]:
    """A command on a host, undone afterwards."""
    try:
        cluster.host(host).check_output(do)
        yield
    finally:
        cluster.host(host).check_output(undo)


def stopped(cluster: Cluster, host: str, unit: str) -> AbstractContextManager[None]:
    """A unit that does not run."""
    return done(cluster, host, f"systemctl stop {unit}", f"systemctl start {unit}")


@contextmanager
def killed(cluster: Cluster, host: str) -> Iterator[None]:
    """A host without power."""
    ground = Ground(App(str(cluster.path)))
    try:
        ground.kill(host)
        yield
    finally:
        ground.start(host)


@contextmanager
def job_failing(cluster: Cluster) -> Iterator[None]:
    """A job of the database that fails every few seconds."""
    with cluster.connect("admin") as conn:
        try:
            conn.execute("SELECT cron.schedule('camgrid-test-fails', '5 seconds', 'SELECT 1/0')")
            yield
        finally:
            conn.execute("SELECT cron.unschedule('camgrid-test-fails')")


@contextmanager
def prepared(cluster: Cluster, host: str) -> Iterator[None]:
    """A transaction that nobody ends. Not one of Citus's names, which it would end itself."""
    node = cluster.topology.node(host)
    with cluster.connect_to(node, "admin") as conn:
        conn.execute("BEGIN; CREATE TEMPORARY TABLE alarm (); DROP TABLE alarm; PREPARE TRANSACTION 'camgrid test'")
        try:
            yield
        finally:
            conn.execute("ROLLBACK PREPARED 'camgrid test'")
