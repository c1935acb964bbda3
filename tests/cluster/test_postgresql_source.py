"""A version of PostgreSQL that the host's sources do not have. Tried on a host without PostgreSQL."""

from __future__ import annotations

import pytest

from camgrid.topology import POSTGRESQL_VERSIONS

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("repository", "says"),
    [("", "set postgresql_repository, bring it in a bundle"), ("http://127.0.0.1:1/", "could not be used")],
)
def test_a_version_that_no_source_has_is_refused_and_nothing_is_left_behind(cluster, tmp_path, repository, says):
    # Each of Debian's releases has one of the versions, and it is the cluster's.
    (other,) = set(POSTGRESQL_VERSIONS) - {cluster.topology.postgresql_version}
    name = cluster.without_postgresql()
    inputs = {"postgresql_version": other, "postgresql_repository": repository}
    run = cluster.role("postgresql", name, tmp_path, **inputs)
    assert run.returncode != 0
    assert says in " ".join(run.stdout.split()), run.stdout
    host = cluster.host(name)
    assert not host.file("/etc/apt/sources.list.d/camgrid-postgresql.sources").exists
    host.check_output("apt-get update --quiet --quiet")
    assert not host.file(f"/usr/lib/postgresql/{other}/bin/postgres").exists
