"""The hash by which Citus finds a camera's shard: PostgreSQL's hashint4, computed here to save a round trip.

Citus hashes a distribution column with the hash function of its type's default operator class; for integer that is
hashint4, which is hash_bytes_uint32 of PostgreSQL's src/common/hashfn.c: the last mixing step of Bob Jenkins's lookup3
(May 2006, public domain). The tests compare with the server's own; the router does so once at each reading of the map.
"""

from __future__ import annotations

from camgrid.errors import UsageError

_WORD = 0xFFFFFFFF
# Every state word begins as lookup3's arbitrary constant, the key's length (4 bytes) and PostgreSQL's seed.
_START = (0x9E3779B9 + 4 + 3923095) & _WORD
# What the first two operations make of c does not depend on the key.
_FIRST = -((_START << 14 | _START >> 18) & _WORD) & _WORD
_INTEGER = range(-(2**31), 2**31)


def camera_hash(camera_id: int) -> int:
    """The hash of a camera's id, a signed 32-bit integer. UsageError for what is no integer of PostgreSQL."""
    if type(camera_id) is not int or camera_id not in _INTEGER:
        raise UsageError(f"{camera_id!r} is no camera id", hint="give an int within PostgreSQL's integer")
    a, b, c = (_START + camera_id) & _WORD, _START, _FIRST
    a = (a ^ c) - (c << 11 | c >> 21) & _WORD
    b = (b ^ a) - (a << 25 | a >> 7) & _WORD
    c = (c ^ b) - (b << 16 | b >> 16) & _WORD
    a = (a ^ c) - (c << 4 | c >> 28) & _WORD
    b = (b ^ a) - (a << 14 | a >> 18) & _WORD
    c = (c ^ b) - (b << 24 | b >> 8) & _WORD
    return c - 2**32 if c >= 2**31 else c
