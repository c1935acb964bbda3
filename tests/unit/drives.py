"""A host's drives as roles/storage/files/look.py tells of them, for tests of what is decided from them."""

from __future__ import annotations

from typing import Any

from camgrid import storage

OWNER = "harbour/worker-1a"
GIB = 1024**3


def drive(serial: str, number: int, **different: Any) -> dict[str, Any]:
    """A blank drive. number: that of its path."""
    return {
        "path": f"/dev/nvme{number}n1",
        "serial": serial,
        "size": 100 * GIB,
        "sector": 512,
        "read_only": False,
        "links": [f"/dev/disk/by-id/nvme-Vendor_{serial}"],
        "signatures": [],
        "blank": True,
        "mounts": [],
        "users": [],
    } | different


def holding(kind: str, uuid: str = "", label: str = "") -> dict[str, Any]:
    """What a drive that is not blank has different."""
    return {"signatures": [{"type": kind, "uuid": uuid, "label": label}], "blank": False}


def seen(*drives: dict[str, Any], **different: Any) -> dict[str, Any]:
    """What look.py prints of a host with these drives."""
    return {"drives": list(drives), "arrays": [], "places": {}, "fstab": [], "begun": []} | different


def identity(volume: dict[str, Any], part: str = "") -> str:
    """The UUID of a volume's file system, or of its array, on the tests' host."""
    return storage.parse([volume])[0].identity(OWNER, part)


def decide(volumes: list[dict[str, Any]], saw: dict[str, Any], consent: Any = "") -> dict[str, Any]:
    """What is decided on the tests' host."""
    return storage.plan(volumes, saw, consent, OWNER)


def refusal(volumes: list[dict[str, Any]], saw: dict[str, Any], consent: Any = "") -> str:
    """The one sentence why nothing is done."""
    (sentence,) = decide(volumes, saw, consent)["refusals"]
    return sentence
