"""How evenly bytes and load lie over the groups, and what would mend it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from camgrid.health import Finding
from camgrid.shards.look import Camera, Shard, View
from camgrid.units import size

# Citus's own rebalancer leaves a group alone that is within a tenth of the mean.
BYTES_SKEW = 1.1
# Load is counted over a minute or two: less than this is chance.
LOAD_SKEW = 1.5
# Below this share of one core no load is worth a move.
_BUSY_CORE = 0.05
# A camera with this share of its group's load is what makes the group hot.
HOT_SHARE = 0.25


@dataclass(frozen=True)
class Share:
    """What a group carries. bytes: None when its node is silent; cpu_seconds and statements: None when not measured."""

    citus_group: int
    host: str
    shards: int
    cameras: int
    bytes: int | None
    biggest_shard: int | None
    biggest_bytes: int | None
    cpu_seconds: float | None
    statements: int | None


@dataclass
class Balance:
    """JSON of `camgrid shards balance`. skews: the fullest (busiest) group over the mean; None when it is not known.

    biggest_over_mean: the biggest shard over the mean bytes of a group: no move can bring the skew below it.
    """

    sharded: bool
    tracked: bool
    period_seconds: int
    groups: list[Share] = field(default_factory=list)
    bytes_skew: float | None = None
    load_skew: float | None = None
    biggest_shard: int | None = None
    biggest_over_mean: float | None = None
    findings: list[Finding] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def weigh(view: View) -> Balance:
    """Sums up each group and judges the whole."""
    balance = Balance(view.sharded, view.tracked, view.period, [_share(view, group) for group in view.groups])
    for shard in view.shards:
        if shard.bytes is None:
            balance.findings.append(
                Finding(
                    f"the size of shard {shard.shard_id} is not known: {shard.reason}", shard.host, "camgrid status"
                )
            )
    known = [shard for shard in view.shards if shard.bytes is not None]
    if len(known) == len(view.shards):
        balance.bytes_skew = skew([share.bytes for share in balance.groups])
    if known and balance.bytes_skew:
        biggest = max(known, key=lambda shard: shard.bytes)
        mean = sum(shard.bytes for shard in known) / len(balance.groups)
        balance.biggest_shard, balance.biggest_over_mean = biggest.shard_id, round(biggest.bytes / mean, 3)
        balance.findings += _bytes(view, balance, biggest)
    if view.tracked:
        balance.load_skew = skew([share.cpu_seconds for share in balance.groups])
        balance.findings += _load(view, balance)
    return balance


def skew(values: list[Any]) -> float | None:
    """The largest over the mean: 1 when all are alike; None when there is nothing to compare."""
    if not values or any(value is None for value in values) or not sum(values):
        return None
    return round(max(values) * len(values) / sum(values), 3)


def hot(view: View) -> list[Finding]:
    """What to do about each camera that makes a group busier than the mean, the hottest first."""
    found, cpu = [], view.group_cpu()
    mean = sum(cpu.values()) / len(view.groups)
    for camera in view.cameras:
        load = cpu[camera.citus_group]
        if load <= mean or not _busy(view, load) or camera.cpu < HOT_SHARE * load:
            continue
        what = f"camera {camera.camera_id} makes {camera.cpu / load:.0%} of its load ({camera.cpu:.1f} CPU s)"
        found.append(Finding(what, f"group {camera.citus_group}", _spread(view, camera)))
    return found


def _share(view: View, group: Any) -> Share:
    mine = [shard for shard in view.shards if shard.citus_group == group.citus_group]
    biggest = max((shard for shard in mine if shard.bytes is not None), key=lambda shard: shard.bytes, default=None)
    silent = any(shard.bytes is None for shard in mine)
    cameras = [camera for camera in view.cameras if camera.citus_group == group.citus_group]
    measured = view.sharded and not {0, group.citus_group} & set(view.untracked)
    return Share(
        group.citus_group,
        group.host,
        len(mine),
        sum(shard.cameras for shard in mine),
        None if silent else sum(shard.bytes for shard in mine),
        biggest.shard_id if biggest else None,
        biggest.bytes if biggest else None,
        round(sum(camera.cpu for camera in cameras), 3) if measured else None,
        sum(camera.statements for camera in cameras) if measured else None,
    )


def _bytes(view: View, balance: Balance, biggest: Shard) -> list[Finding]:
    if balance.bytes_skew <= BYTES_SKEW:
        return []
    if balance.biggest_over_mean <= BYTES_SKEW:
        what = f"the fullest group holds {balance.bytes_skew:.2f} times the mean"
        return [Finding(what, "bytes", "camgrid rebalance plan")]
    what = (
        f"shard {biggest.shard_id} alone ({size(biggest.bytes)}) is {balance.biggest_over_mean:.2f} times "
        f"the mean of a group: no move can level that"
    )
    if biggest.cameras <= 1:
        return [Finding(what, "bytes", "one camera fills it: give its group larger disks, or the others fewer shards")]
    inside = next((camera for camera in view.cameras if camera.shard_id == biggest.shard_id), None)
    return [Finding(what, "bytes", f"camgrid shards isolate {inside.camera_id if inside else 'CAMERA'} --plan")]


def _load(view: View, balance: Balance) -> list[Finding]:
    busiest = max(balance.groups, key=lambda share: share.cpu_seconds)
    if (balance.load_skew or 0) <= LOAD_SKEW or not _busy(view, busiest.cpu_seconds):
        return []
    what = f"it carries {balance.load_skew:.2f} times the mean load"
    hottest = next(camera for camera in view.cameras if camera.citus_group == busiest.citus_group)
    step = "camgrid rebalance plan"
    if hottest.cpu >= HOT_SHARE * busiest.cpu_seconds:
        step = _spread(view, hottest)
    return [Finding(what, f"group {busiest.citus_group}", step)]


def _spread(view: View, camera: Camera) -> str:
    """What takes a hot camera's load off its group, or off the cameras beside it."""
    number = camera.camera_id
    if not view.shard(camera.shard_id).isolated:
        return f"camgrid shards isolate {number} --plan"
    cpu = view.group_cpu()
    if cpu[camera.citus_group] > min(cpu[group.citus_group] for group in view.groups) + camera.cpu:
        return f"camera {number} has a shard of its own; to move it: camgrid shards isolate {number} --plan"
    return f"camera {number} has a shard of its own and fits nowhere better: read it from replicas (port 5002)"


def _busy(view: View, cpu_seconds: float) -> bool:
    return cpu_seconds > _BUSY_CORE * view.period
