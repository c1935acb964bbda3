"""A replica of the plain PostgreSQL on the same host, for whose flush its commits wait, as the cluster's do."""

from __future__ import annotations

import time

from camgrid.bench.bed import DIRECTORY, PORT, REPLICA_UNIT, Bed
from camgrid.bench.data import plain_psql
from camgrid.errors import CamgridError

_SLOT = "replica"
_PATIENCE_S = 60


class Replicated:
    """A `with` block in which the plain PostgreSQL has a synchronous replica, which is made at the first use."""

    def __init__(self, bed: Bed) -> None:
        self._bed, self._made = bed, False

    def __enter__(self) -> None:
        if not self._made:
            self._bed.shell(
                f"{self._bed.bin}/pg_basebackup --host={DIRECTORY} --port={PORT} --pgdata=replica --write-recovery-conf"
                f" --checkpoint=fast --create-slot --slot={_SLOT}"
            )
            self._made = True
        self._bed.start(REPLICA_UNIT, "replica", PORT + 1)
        self._order("ALTER SYSTEM SET synchronous_standby_names = '*'")
        until = time.monotonic() + _PATIENCE_S
        query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND replay_lsn = sent_lsn;"
        while self._bed.shell(f"{plain_psql(self._bed)} --tuples-only", query).strip() != "1":
            if time.monotonic() > until:
                raise CamgridError("the plain PostgreSQL's replica does not catch up", where=self._bed.host.name)

    def __exit__(self, *_: object) -> None:
        self._order("ALTER SYSTEM RESET synchronous_standby_names")
        self._bed.host.run(f"systemctl stop {REPLICA_UNIT}")

    def _order(self, setting: str) -> None:
        self._bed.shell(plain_psql(self._bed), f"{setting};\nSELECT pg_reload_conf() \\g /dev/null\n")
