"""A bundle's file: what was packed comes back; half a one, a damaged one or another file is told from a whole one."""

import io
import tarfile

import pytest

from camgrid.bundle import archive
from camgrid.bundle.part import part
from camgrid.errors import UsageError
from tests.unit import bundles

NAMES = ["alpha", "beta", "gamma"]


@pytest.fixture
def bundle(tmp_path):
    path = tmp_path / "harbour.tar"
    bundles.make(path, NAMES)
    return path


def test_a_whole_bundle_is_read_as_it_was_described(bundle, tmp_path):
    again = bundles.make(tmp_path / "again.tar", NAMES)
    assert archive.check(bundle) == archive.read_manifest(bundle) == again
    assert [each.path for each in again.on_hosts] == ["Packages", *(f"pool/{name}_1.0_amd64.deb" for name in NAMES)]


def test_half_a_bundle_is_refused_wherever_it_ends(bundle):
    whole = bundle.read_bytes()
    # After the last member's content only padding follows.
    end = whole.rindex(b"complete") + 512
    for length in range(0, end, 512):
        bundle.write_bytes(whole[:length])
        with pytest.raises(UsageError, match=r"half a bundle|no bundle"):
            archive.check(bundle)


def test_a_changed_byte_is_found_and_its_file_named(bundle):
    content = bytearray(bundle.read_bytes())
    content[content.index(b"the package beta") + 5] ^= 1
    bundle.write_bytes(content)
    with pytest.raises(UsageError, match=r"damaged: pool/beta_1\.0_amd64\.deb") as refusal:
        archive.check(bundle)
    assert str(bundle) in str(refusal.value)
    assert "copy it again" in refusal.value.hint


def test_a_changed_manifest_is_found(bundle):
    content = bundle.read_bytes()
    bundle.write_bytes(content.replace(b'"release": "trixie"', b'"release": "noble" ', 1))
    with pytest.raises(UsageError, match="damaged: its manifest"):
        archive.check(bundle)


def test_what_the_manifest_does_not_know_is_refused(bundle):
    with tarfile.open(bundle, "a") as tar:
        tar.addfile(tarfile.TarInfo("pool/other.deb"), io.BytesIO())
    with pytest.raises(UsageError, match=r"pool/other\.deb is in it, and its manifest does not know it"):
        archive.check(bundle)


def test_a_file_that_is_no_bundle_is_told_so(tmp_path):
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as tar:
        tar.addfile(tarfile.TarInfo("README"), io.BytesIO())
    with pytest.raises(UsageError, match="this is no bundle"):
        archive.check(other)
    other.write_text("no tar at all\n" * 100)
    with pytest.raises(UsageError, match="half a bundle, or none"):
        archive.check(other)
    with pytest.raises(UsageError, match="no such bundle"):
        archive.check(tmp_path / "absent.tar")


def test_a_newer_format_is_refused_by_its_number(bundle, monkeypatch):
    monkeypatch.setattr("camgrid.bundle.manifest.FORMAT", 0)
    with pytest.raises(UsageError, match="its format is 1, and this camgrid reads 0"):
        archive.check(bundle)


def test_a_failed_write_leaves_the_bundle_that_was_there(bundle, tmp_path):
    before = bundle.read_bytes()
    with pytest.raises(FileNotFoundError):
        archive.write(bundle, archive.read_manifest(bundle), tmp_path / "nowhere")
    assert bundle.read_bytes() == before
    assert list(tmp_path.glob("*.new")) == []


def test_a_part_holds_what_was_asked_for_and_is_made_once(bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    wanted = ["Packages", "pool/gamma_1.0_amd64.deb"]
    made = part(bundle, wanted)
    with tarfile.open(made) as tar:
        assert tar.getnames() == wanted
        assert tar.extractfile(wanted[1]).read() == b"the package gamma\n" * 500
    first = made.stat().st_mtime_ns
    assert part(bundle, wanted[::-1]) == made
    assert made.stat().st_mtime_ns == first
    assert part(bundle, wanted[:1]) != made
