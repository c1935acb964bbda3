"""No Citus package anywhere: the role says what is missing and how to get it. Tried on the host that needs none."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("repository", "says"),
    [("", "set citus_repository"), ("http://127.0.0.1:1/", "could not be used. Without internet")],
)
def test_a_missing_package_is_named_with_the_ways_to_get_it(cluster, tmp_path, repository, says):
    inputs = {
        "citus_postgresql_version": 17,
        "citus_packages_dir": str(tmp_path),
        "citus_repository": repository,
        "citus_repository_key": f"{repository}key",
    }
    run = cluster.role("citus", cluster.without_postgresql(), tmp_path, **inputs)
    assert run.returncode != 0
    assert says in " ".join(run.stdout.split()), run.stdout
    assert f"{tmp_path} on this machine" in " ".join(run.stdout.split())
