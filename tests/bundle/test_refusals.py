"""A bundle that will not do is refused before any host is changed, with what is wrong and what to do."""

import tarfile
from dataclasses import replace

import pytest

from camgrid.bundle import archive
from tests.cluster.test_converge import changes


@pytest.fixture
def content(bundle, tmp_path):
    """The bundle's files, to be packed anew."""
    with tarfile.open(bundle) as tar:
        tar.extractall(tmp_path / "content", filter="data")
    return tmp_path / "content"


def refused(cluster, path):
    """What site.yml says of a bundle that will not do; no host may have been changed."""
    run = cluster.playbook("site", "--extra-vars", f"bundle_archive={path}")
    assert run.returncode != 0, run.stdout[-3000:]
    assert set(changes(run.stdout).values()) == {0}
    assert "TASK [host" not in run.stdout, "it went on"
    return " ".join(run.stdout.split())


def test_half_a_bundle(cluster, bundle, tmp_path):
    half = tmp_path / "half.tar"
    with bundle.open("rb") as whole:
        half.write_bytes(whole.read(bundle.stat().st_size // 2))
    assert "half a bundle" in refused(cluster, half)


def test_a_damaged_bundle(cluster, bundle, tmp_path):
    damaged = tmp_path / "damaged.tar"
    copy = bytearray(bundle.read_bytes())
    copy[len(copy) // 2] ^= 1
    damaged.write_bytes(copy)
    assert "damaged: pool/" in refused(cluster, damaged)


@pytest.mark.parametrize(
    ("other", "says"),
    [({"release": "bookworm"}, "is for bookworm, amd64"), ({"architecture": "arm64"}, "is for trixie, arm64")],
)
def test_a_bundle_for_other_hosts(cluster, manifest, content, tmp_path, other, says):
    archive.write(tmp_path / "other.tar", replace(manifest, **other), content)
    told = refused(cluster, tmp_path / "other.tar")
    assert says in told
    assert "camgrid bundle make --release trixie --architecture amd64" in told


@pytest.mark.parametrize(
    ("prefix", "says"),
    [
        ("haproxy", "it lacks haproxy, which the role haproxy asks for"),
        ("postgresql-17-citus", "it has no Citus for PostgreSQL 17, which phase horizontal needs"),
    ],
)
def test_a_bundle_that_lacks_something(cluster, manifest, content, tmp_path, prefix, says):
    rest = [package for package in manifest.packages if not package.name.startswith(prefix)]
    archive.write(tmp_path / "less.tar", replace(manifest, packages=rest), content)
    assert says in refused(cluster, tmp_path / "less.tar")


def test_a_host_without_room(cluster, manifest, content, tmp_path):
    # Nothing that a host has, so that all of it would be brought, and larger than any disk.
    (content / "Packages").write_text("another index\n")
    large = [replace(package, installed_kib=10**12) for package in manifest.packages]
    index = [archive.described_file(content, file.path) for file in manifest.index]
    archive.write(tmp_path / "large.tar", replace(manifest, packages=large, index=index), content)
    told = refused(cluster, tmp_path / "large.tar")
    assert "the bundle and what is installed from it may take" in told
    assert "Nothing was changed" in told
