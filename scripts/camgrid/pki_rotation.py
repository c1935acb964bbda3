"""Another CA and other certificates on a running cluster, in stages; each begins when all hosts have what came before.

| stage | hosts trust | certificates are issued by |
|---|---|---|
| trusting | the old CA and the new one | the old one |
| issued | both | the new one |
| ended | the new one | the new one |

All certificates are issued anew in each stage, as some software reads its CAs again only together with another
certificate. The stage is noted before anything of it is done, and doing it again changes nothing: whoever was stopped
goes on with the one that is noted. Both CAs are kept in `rotation` beside the certificates until the last is done.

Run as `python -m camgrid.pki_rotation INVENTORY STAGE` it does one, or says with `stage` which is noted.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from camgrid import certificates, pki
from camgrid.errors import CamgridError
from camgrid.inventory import Inventory, load
from camgrid.secrets import write_private
from camgrid.topology import Topology, build

STAGES = ("trusting", "issued", "ended")
_VERIFY_S = 60


def stage(inventory: Inventory) -> str:
    """The stage that is under way; "" where no rotation is."""
    return _noted(inventory).get("stage", "")


def enter(inventory: Inventory, topology: Topology, wanted: str) -> list[str]:
    """Brings the files beside the inventory to a stage: the one that is under way, or the next. Returns what was made.

    CamgridError for any other.
    """
    noted = _noted(inventory)
    now = noted.get("stage", "")
    following = STAGES[STAGES.index(now) + 1 : STAGES.index(now) + 2] if now else STAGES[:1]
    if wanted not in (now, *following):
        raise CamgridError(
            f"the rotation is not before the stage {wanted}: {f'it is at {now}' if now else 'none is under way'}",
            where=str(_place(inventory)),
            hint="run playbooks/rotate_secrets.yml, which does one after the other",
        )
    if not now:
        _keep_both(inventory, topology)
    if wanted != now:
        noted = {"stage": wanted, "since": datetime.now(UTC).timestamp()}
        write_private(_place(inventory) / "stage.json", json.dumps(noted).encode())
    return _apply(inventory, topology, wanted, noted["since"])


def done(inventory: Inventory) -> list[str]:
    """Ends the rotation after its last stage: the old CA and its key are gone for good. Returns what was removed."""
    if stage(inventory) != STAGES[-1]:
        raise CamgridError("the last stage was not reached", where=str(_place(inventory)), hint="run it to its end")
    shutil.rmtree(_place(inventory))
    return [_place(inventory).name]


def unread(inventory: Inventory, topology: Topology) -> list[str]:
    """Where another certificate is shown than the host's own of this stage; who does not answer is among them."""
    where = pki.directory(inventory)
    kept = {host: x509.load_pem_x509_certificate((where / f"{host}.pem").read_bytes()) for host in topology.hosts}
    return [
        f"{host} port {port}"
        for (host, port), shown in certificates.served(topology).items()
        if shown is None or shown.serial_number != kept[host].serial_number
    ]


def await_read(inventory: Inventory, topology: Topology) -> list[str]:
    """Waits until every service shows its host's new certificate. CamgridError with those that do not."""
    deadline = time.monotonic() + _VERIFY_S
    while (left := unread(inventory, topology)) and time.monotonic() < deadline:
        time.sleep(1)
    if left:
        raise CamgridError(
            f"these do not show their new certificate: {', '.join(left)}",
            hint="look at the service's journal there; then run the same again, it goes on from here",
        )
    return []


def _place(inventory: Inventory) -> Path:
    return pki.directory(inventory) / "rotation"


def _noted(inventory: Inventory) -> dict:
    path = _place(inventory) / "stage.json"
    return json.loads(path.read_text()) if path.exists() else {}


def _keep_both(inventory: Inventory, topology: Topology) -> None:
    """Copies of the CA that there is, and a new one. Until a stage is noted, it may be begun anew."""
    where, place = pki.directory(inventory), _place(inventory)
    for name in ("crt", "key"):
        write_private(place / f"old.{name}", (where / f"ca.{name}").read_bytes())
    # A name of its own, so that nobody takes one CA for the other.
    draft = place / "new"
    pki.make_ca(draft, f"{topology.cluster} {secrets.token_hex(4)}")
    for name in ("crt", "key"):
        write_private(place / f"new.{name}", (draft / f"ca.{name}").read_bytes())
    shutil.rmtree(draft)


def _apply(inventory: Inventory, topology: Topology, now: str, since: float) -> list[str]:
    where, place = pki.directory(inventory), _place(inventory)
    issuer, trusted = {
        "trusting": ("old", ["old", "new"]),
        "issued": ("new", ["new", "old"]),
        "ended": ("new", ["new"]),
    }[now]
    made = []
    for name, content in {
        # The issuer's first: that is the one that camgrid.pki issues with.
        "ca.crt": b"".join((place / f"{each}.crt").read_bytes() for each in trusted),
        "ca.key": (place / f"{issuer}.key").read_bytes(),
    }.items():
        if (where / name).read_bytes() != content:
            write_private(where / name, content, mode=0o644 if name == "ca.crt" else 0o600)
            made.append(name)
    return made + pki.ensure(inventory, topology, before=since)


def main() -> None:
    """Does what the second word says, for the inventory that the first one names. Prints JSON."""
    try:
        inventory = load(sys.argv[1])
        topology, word = build(inventory), sys.argv[2]
        if word == "stage":
            print(json.dumps({"stage": stage(inventory), "changed": []}))
        elif word == "done":
            print(json.dumps({"changed": done(inventory)}))
        elif word == "read":
            print(json.dumps({"changed": await_read(inventory, topology)}))
        else:
            print(json.dumps({"changed": enter(inventory, topology, word)}))
    except CamgridError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
