"""Opening a region at one point that all groups have: no transaction over several groups is half there.

`citus_create_restore_point` writes a record with one name into every group's log while no distributed commit is under
way. What has arrived of each log and was not replayed yet, because the region replays with a delay, is searched for the
newest name that all groups have. PostgreSQL replays to that record and no further, out of Patroni's hands and without
clients; Patroni then finds the database of a primary.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from camgrid.errors import CamgridError
from camgrid.region.history import directory
from camgrid.region.lsn import number, text
from camgrid.region.settings import OURS
from camgrid.remote import Host
from camgrid.topology import Node

PREFIX = "camgrid-"
_RECORD = re.compile(rf"lsn: ([0-9A-F]+/[0-9A-F]+).*RESTORE_POINT ({PREFIX}\S+)")
_PEM, _CA = "/etc/camgrid/pki/node.pem", "/etc/camgrid/pki/ca.crt"
# Nobody is to connect, and nothing of its own accord is to change the data, before Patroni has it again.
_QUIET = "-c listen_addresses= -c ssl=off -c archive_mode=off -c cron.launch_active_jobs=off"
_QUIET += " -c citus.recover_2pc_interval=-1"
_REPLAY_S = 120
LOG = "/var/log/postgresql/camgrid-region.log"


@dataclass(frozen=True)
class Point:
    """A restore point. positions: group → where in its log."""

    name: str
    positions: dict[int, int]


def newest(found: dict[int, dict[str, int]]) -> Point | None:
    """The newest point that is in all groups. found: group → name → position; names sort by time."""
    names = set.intersection(*(set(points) for points in found.values())) if found else set()
    if not names:
        return None
    name = max(names)
    return Point(name, {group: points[name] for group, points in found.items()})


def parse(dump: str) -> dict[str, int]:
    """Name → position of the restore points in what pg_waldump printed."""
    return {found[2]: number(found[1]) for line in dump.splitlines() if (found := _RECORD.search(line))}


def search(app: Any, leaders: dict[int, Node], replayed: dict[int, int]) -> dict[int, dict[str, int]]:
    """Group → the points that have arrived there and were not replayed yet. replayed: how far each group is."""

    def look(group: int) -> dict[str, int]:
        log = f"{directory(app.topology)}/pg_wal"
        binary = f"/usr/lib/postgresql/{app.topology.postgresql_version}/bin/pg_waldump"
        newest_ = f"$(ls {log} | grep -E '^[0-9A-F]{{24}}$' | cut -c1-8 | sort | tail -1)"
        # It ends with an error where the log does.
        command = f"{binary} --path={log} --timeline=$((0x{newest_})) --start={text(replayed[group])} --rmgr=XLOG"
        return parse(Host(app.inventory, leaders[group].host).run(f"{command} 2>/dev/null || true"))

    return dict(zip(leaders, _each(list(leaders), look), strict=True))


def stop(app: Any, region: str) -> None:
    """Stops Patroni and PostgreSQL on all nodes of the region that is to be opened."""
    nodes = [node.host for node in app.topology.nodes if node.region == region]
    _each(nodes, lambda host: Host(app.inventory, host).run("systemctl stop patroni"))


def start(app: Any, region: str) -> None:
    """Starts Patroni on all nodes of a region."""
    nodes = [node.host for node in app.topology.nodes if node.region == region]
    _each(nodes, lambda host: Host(app.inventory, host).run("systemctl start patroni"))


def reached(app: Any, leaders: dict[int, Node]) -> dict[int, int]:
    """Group → the position below which a stopped member cannot be opened any more."""

    def look(group: int) -> int:
        binary = f"/usr/lib/postgresql/{app.topology.postgresql_version}/bin/pg_controldata"
        told = Host(app.inventory, leaders[group].host).run(f"LC_ALL=C {binary} {directory(app.topology)}")
        found = re.search(r"Minimum recovery ending location:\s+(\S+)", told)
        return number(found[1]) if found else 0

    return dict(zip(leaders, _each(list(leaders), look), strict=True))


def replay(app: Any, leaders: dict[int, Node], point: Point) -> None:
    """Has every group's leader replay to the point and become a primary, and stops it again.

    None becomes one before all have got there. CamgridError when one has not: then all of them are as they were.
    """
    groups = list(leaders)
    try:
        _each(groups, lambda group: _go(app, leaders[group], point))
    except CamgridError:
        _each(groups, lambda group: _run(app, leaders[group], _END.format(**_paths(app), end="true")))
        raise
    promote = _PROMOTE.format(**_paths(app))
    _each(groups, lambda group: _run(app, leaders[group], _END.format(**_paths(app), end=promote)))


# Patroni's own options, among them those that must not be lower than the primary's were; and its settings but for those
# of recovery, which would count as a second target even where they are empty. It stops at the point, and waits there.
_GO = """
    given=$(sed -e 's/^[^ ]* //' {data}/postmaster.opts)
    grep -v -E '^(recovery_|primary_)' {data}/postgresql.conf >{config}
    printf '%s\\n' "recovery_target_name = '{name}'" "recovery_target_action = pause" >>{config}
    chown postgres: {config}
    runuser -u postgres -- {binaries}/pg_ctl start --silent --wait --timeout={seconds} --pgdata={data} \\
        --log={log} --options="$given -c config_file={config} {quiet}" || exit 1
    for each in $(seq {seconds}); do
        test "$({ask} 'SELECT pg_get_wal_replay_pause_state()')" = paused && exit 0
        sleep 1
    done
    exit 1
"""
# To go on from there is to end recovery.
_PROMOTE = """
    {ask} 'SELECT pg_wal_replay_resume()'
    for each in $(seq {seconds}); do
        test "$({ask} 'SELECT pg_is_in_recovery()')" = f && break
        sleep 0.5
    done
    test "$({ask} 'SELECT pg_is_in_recovery()')" = f"""
_END = """
    {end}
    code=$?
    {binaries}/pg_controldata {data} >/dev/null && runuser -u postgres -- {binaries}/pg_ctl stop --silent \\
        --mode=fast --wait --pgdata={data}
    rm -f {config}
    exit $code
"""


def _paths(app: Any) -> dict[str, Any]:
    data = directory(app.topology)
    return {
        "data": data,
        "config": f"{data}/camgrid-region.conf",
        "binaries": f"/usr/lib/postgresql/{app.topology.postgresql_version}/bin",
        "log": LOG,
        "ask": "runuser -u postgres -- psql -XAtd postgres -c",
        "seconds": _REPLAY_S,
        "quiet": _QUIET,
    }


def _go(app: Any, node: Node, point: Point) -> None:
    try:
        _run(app, node, _GO.format(**_paths(app), name=point.name))
    except CamgridError as error:
        raise CamgridError(
            f"it has not replayed to {point.name}: {error.what}",
            where=f"{node.host}, group {node.group}",
            hint=f"its log: {LOG}; without --common each group is opened with its newest",
        ) from error


def _run(app: Any, node: Node, script: str) -> str:
    return Host(app.inventory, node.host).run(script)


def make_primaries(app: Any, region: str, groups: list[int], ours: dict[str, Any]) -> None:
    """Writes into the region's etcd that its groups follow nobody any more. Patroni does not run there."""
    host = app.topology.etcd[region][0]
    endpoints = ",".join(f"https://{app.topology.hosts[name]}:2379" for name in app.topology.etcd[region])
    etcdctl = f"etcdctl --endpoints={endpoints} --cacert={_CA} --cert={_PEM} --key={_PEM}"

    def make_one(group: int) -> None:
        place = f"/service/{app.topology.cluster}/{f'{group}/' if app.topology.sharded else ''}"
        config = json.loads(Host(app.inventory, host).run(f"{etcdctl} get --print-value-only {place}config"))
        config.pop("standby_cluster", None)
        config[OURS] = ours
        # What these keys tell of is beyond the point: by them Patroni would take its member for one that lags.
        stale = " && ".join(f"{etcdctl} del {place}{key}" for key in ("leader", "failover", "sync", "status"))
        Host(app.inventory, host).run(f"{etcdctl} put {place}config && {stale}", json.dumps(config))

    _each(groups, make_one)


def _each(things: list[Any], act: Callable[[Any], Any]) -> list[Any]:
    with ThreadPoolExecutor(max_workers=max(1, len(things))) as pool:
        return list(pool.map(act, things))
