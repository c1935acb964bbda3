"""The router's hash and map: what the server computes, for every camera that there can be."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camgrid.errors import CamgridError, UsageError
from camgrid.router.camera_hash import camera_hash
from camgrid.router.shard_map import ShardMap, from_metadata

# What hashint4() of PostgreSQL 17 answers; tests/cluster/test_router.py asks the server for many more.
KNOWN = {0: -272711505, 1: -1905060026, 5: -1330264708, -1: 385747274}
INTEGERS = st.integers(-(2**31), 2**31 - 1)


@pytest.mark.parametrize(("camera", "hashed"), KNOWN.items())
def test_known_hashes(camera, hashed):
    assert camera_hash(camera) == hashed


@given(INTEGERS)
def test_a_hash_is_a_signed_integer_of_32_bits(camera):
    assert -(2**31) <= camera_hash(camera) < 2**31


@pytest.mark.parametrize("wrong", ["7", 7.0, True, None, 2**31, -(2**31) - 1])
def test_what_is_no_camera_is_refused_by_name(wrong):
    with pytest.raises(UsageError, match="no camera id"):
        camera_hash(wrong)


@given(st.sets(INTEGERS, max_size=40), INTEGERS)
def test_a_camera_is_in_the_shard_whose_range_holds_its_hash(inner, camera):
    """Also with shards of any width, as they are after a camera was given one of its own."""
    bounds = sorted({-(2**31), *inner})
    answer = {
        "hash": camera_hash(1),
        "shards": [[bound, group] for group, bound in enumerate(bounds)][::-1],
        "tables": {
            "camera_latest": [[bound, number, f"camgrid.s_{number}"] for number, bound in enumerate(bounds)][::-1]
        },
        "nodes": [["a", 1, True], ["c", 1, False], ["b", 1, False]],
    }
    shards = from_metadata(answer)
    found = shards.group(camera)
    assert bounds[found] <= camera_hash(camera)
    assert found == len(bounds) - 1 or camera_hash(camera) < bounds[found + 1]
    assert found == bisect_right(bounds, camera_hash(camera)) - 1
    assert shards.shards["camera_latest"][shards.position(camera)] == (found, f"camgrid.s_{found}")
    assert (shards.primaries, shards.replicas) == ({1: "a"}, {1: ("b", "c")})


@pytest.mark.parametrize("answer", [None, {"hash": KNOWN[1], "shards": [], "tables": {}, "nodes": []}])
def test_without_shards_no_camera_has_a_node(answer):
    assert from_metadata(answer) == ShardMap()
    assert from_metadata(answer).group(1) is None


def test_a_server_that_hashes_otherwise_is_not_trusted():
    with pytest.raises(CamgridError, match="hashes cameras otherwise"):
        from_metadata({"hash": KNOWN[1] + 1, "shards": [[0, 1]], "tables": {}, "nodes": []})
