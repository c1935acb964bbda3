"""Series for tests of the alert rules, in promtool's notation: a value a minute from 0 on."""

from __future__ import annotations

from typing import NamedTuple

DAY, HOUR = 86400, 3600


class Case(NamedTuple):
    """minutes: when it is looked whether the alert fires; fires and quiet: series → values."""

    minutes: int
    fires: dict[str, str]
    quiet: dict[str, str]


def up(job: str, *, others: str = "1") -> dict[str, str]:
    """A target of `job` that does not answer on a host whose other targets are `others`."""
    return {f'up{{job="{job}",instance="a"}}': "0x99", 'up{job="other",instance="a"}': f"{others}x99"}


def once(fires: str, quiet: str, minutes: int = 20, **labels: str) -> Case:
    """A single series that is either all the time. fires and quiet: metric and value."""
    named = ",".join(f'{name}="{value}"' for name, value in ({"host": "a"} | labels).items())
    (metric, value), (other, harmless) = fires.split(), quiet.split()
    return Case(minutes, {f"{metric}{{{named}}}": f"{value}x99"}, {f"{other}{{{named}}}": f"{harmless}x99"})


def archive(metric: str, value: str, archiving: str = "1") -> dict[str, str]:
    return {f'{metric}{{host="a"}}': f"{value}x99", 'camgrid_archive_on{host="a"}': f"{archiving}x99"}


def disk(values: str) -> dict[str, str]:
    return {
        'node_filesystem_avail_bytes{mountpoint="/",instance="a"}': values,
        'node_filesystem_size_bytes{mountpoint="/",instance="a"}': "1000x99",
    }


def groups(*sizes: int) -> dict[str, str]:
    found = {}
    for number, gigabytes in enumerate(sizes, start=1):
        found[f'camgrid_shard_bytes{{shard="{number}",citus_group="{number}"}}'] = f"{gigabytes * 2**30}x99"
        found[f'camgrid_node_active{{role="primary",citus_group="{number}"}}'] = "1x99"
    return {series: values for series, values in found.items() if not values.startswith("0x")}


def rebalance(done: str, held: str = "0") -> dict[str, str]:
    return {
        "camgrid_rebalance_running": "1x99",
        "camgrid_rebalance_held": f"{held}x99",
        "camgrid_rebalance_moves_done": done,
        "camgrid_rebalance_bytes_done": "0x99",
    }


def standby(synchronous: str, members: str = "2") -> dict[str, str]:
    place = 'citus_group="1",region="region_main"'
    return {
        f'camgrid_node_primary{{host="a",{place}}}': "1x99",
        f'camgrid_replica_synchronous{{host="a",replica="b",{place}}}': f"{synchronous}x99",
        f"camgrid_group_members{{{place}}}": f"{members}x99",
    }


def region_lag(seconds: int) -> dict[str, str]:
    return {
        'camgrid_replica_lag_seconds{host="a",replica="d",far="true"}': f"{seconds}x99",
        "camgrid_region_delay_seconds": "30x99",
    }


def endpoint(proxy: str, primary: str) -> dict[str, str]:
    return {
        f'haproxy_backend_status{{proxy="{proxy}",state="UP",instance="p",region="region_dr"}}': "0x99",
        'patroni_primary{instance="a",region="region_dr"}': f"{primary}x99",
    }


def undelivered(alertmanagers: str) -> dict[str, str]:
    return {
        "prometheus_notifications_dropped_total": "0+1x99",
        "prometheus_notifications_alertmanagers_discovered": f"{alertmanagers}x99",
    }
