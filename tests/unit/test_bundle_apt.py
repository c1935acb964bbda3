"""The apt that makes a bundle: apart from this machine's, and its index is one that a host's apt reads."""

import os
import shutil
import subprocess

import pytest

from camgrid.bundle.aptroot import AptRoot, configuration
from camgrid.bundle.make import Request, write_index
from camgrid.bundle.manifest import packages_of
from camgrid.bundle.releases import RELEASES
from camgrid.errors import CamgridError
from camgrid.variables import ROLES

needs_apt = pytest.mark.skipif(
    not all(map(shutil.which, ("apt-get", "apt-ftparchive", "dpkg-deb"))), reason="needs apt, apt-utils and dpkg"
)


def package(directory, name, **fields):
    """Builds a real package in directory/pool."""
    control = {"Package": name, "Version": "1:2.0-1", "Architecture": "all", "Maintainer": "a <a@example.org>"} | fields
    source = directory / f"source-{name}"
    (source / "DEBIAN").mkdir(parents=True)
    lines = [*(f"{key.replace('_', '-')}: {value}" for key, value in control.items()), "Description: a test", ""]
    (source / "DEBIAN/control").write_text("\n".join(lines))
    (directory / "pool").mkdir(exist_ok=True)
    subprocess.run(["dpkg-deb", "--build", source, directory / f"pool/{name}_2.0-1_all.deb"], check=True)


@pytest.fixture
def repository(tmp_path):
    """Three real packages: harbour depends on quay; crane is not needed by either."""
    content = tmp_path / "content"
    content.mkdir()
    package(content, "harbour", Depends="quay (>= 1:2.0)")
    package(content, "quay", Installed_Size="7")
    package(content, "crane")
    index = write_index(content, RELEASES["trixie"], "amd64")
    assert [file.path for file in index] == ["Packages", "Release"]
    return content


@needs_apt
def test_an_index_holds_what_the_manifest_says_of_each_package(repository):
    found = {each.name: each for each in packages_of((repository / "Packages").read_text())}
    assert set(found) == {"harbour", "quay", "crane"}
    quay = found["quay"]
    assert (quay.version, quay.path, quay.installed_kib) == ("1:2.0-1", "pool/quay_2.0-1_all.deb", 7)
    assert quay.size == (repository / quay.path).stat().st_size


@needs_apt
def test_what_is_downloaded_is_complete_and_no_more(repository, tmp_path):
    apt = AptRoot(tmp_path / "apt", f"deb [trusted=yes] copy:{repository} ./\n", "amd64")
    apt.update()
    assert apt.names() == {"harbour", "quay", "crane"}
    assert sorted(file.name.split("_")[0] for file in apt.download(["harbour"])) == ["harbour", "quay"]


@needs_apt
def test_a_package_with_a_dependency_that_nobody_has_is_refused(repository, tmp_path):
    package(repository, "lost", Depends="nowhere")
    write_index(repository, RELEASES["trixie"], "amd64")
    apt = AptRoot(tmp_path / "apt", f"deb [trusted=yes] copy:{repository} ./\n", "amd64")
    apt.update()
    with pytest.raises(CamgridError, match="apt-get failed") as refusal:
        apt.download(["lost"])
    assert "which packages do not go together" in refusal.value.hint


@needs_apt
def test_a_repository_that_cannot_be_reached_is_told_in_apts_words(tmp_path):
    apt = AptRoot(tmp_path / "apt", f"deb [trusted=yes] file:{tmp_path}/nowhere ./\n", "amd64")
    with pytest.raises(CamgridError, match="nowhere"):
        apt.update()


@needs_apt
def test_a_host_with_the_roles_configuration_sees_the_bundle_and_nothing_else(repository):
    """The very files that the role writes, read by this machine's apt."""
    for name in ("apt.conf", "sources.list"):
        text = (ROLES / f"bundle/templates/{name}.j2").read_text().replace("{{ bundle_directory }}", str(repository))
        (repository / name).write_text(text.replace("{{ ansible_managed }}", "managed"))
    (repository / "lists/partial").mkdir(parents=True)
    environment = os.environ | {"APT_CONFIG": str(repository / "apt.conf"), "LC_ALL": "C"}
    options = ["-o", "Debug::NoLocking=true"]
    told = [
        subprocess.run([*command, *options], env=environment, capture_output=True, text=True, check=True).stdout
        for command in (["apt-get", "update"], ["apt-get", "indextargets", "--format", "$(REPO_URI)"])
    ]
    assert set(told[1].split()) == {f"file:{repository}/"}
    policy = subprocess.run(
        ["apt-cache", "policy", "quay"], env=environment, capture_output=True, text=True, check=True
    )
    assert f"file:{repository} ./ Packages" in policy.stdout


def test_it_names_no_place_of_this_machine(tmp_path):
    for line in configuration(tmp_path, "arm64").splitlines():
        if line.startswith("Dir::"):
            assert str(tmp_path) in line or "/dev/null" in line


@pytest.mark.parametrize(
    ("release", "architecture", "sources", "tested"),
    [
        ("trixie", "amd64", "", True),
        ("trixie", "arm64", "", False),
        ("trixie", "amd64", "deb http://mirror.example.org/debian trixie main", False),
        ("bookworm", "amd64", "", False),
        ("noble", "amd64", "", False),
    ],
)
def test_only_what_hosts_were_installed_from_counts_as_tested(tmp_path, release, architecture, sources, tested):
    assert Request(tmp_path / "b.tar", RELEASES[release], architecture, sources).tested is tested
