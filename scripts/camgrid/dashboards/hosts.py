"""Hosts: their processors, memory, disks, network and clocks, and what watches them."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from camgrid.dashboards import limits
from camgrid.dashboards.parts import choice, dashboard_of, lines

_HOST = 'instance=~"$host"'
_CARDS = f'{_HOST}, device!="lo"'


def _rate(metric: str, by: str = "instance", where: str = _HOST) -> str:
    return f"sum by ({by}) (rate({metric}{{{where}}}[$__rate_interval]))"


def made() -> Dashboard:
    """The dashboard."""
    sections = {
        "Processors and memory": [
            lines(
                "Processors in use",
                "percentunit",
                (
                    f'1 - avg by (instance) (rate(node_cpu_seconds_total{{{_HOST}, mode="idle"}}[$__rate_interval]))',
                    "{{instance}}",
                ),
            ),
            lines("Load", "short", (f"node_load5{{{_HOST}}}", "{{instance}}"), text="Of five minutes."),
            lines(
                "Memory available",
                "percentunit",
                (f"node_memory_MemAvailable_bytes{{{_HOST}}} / node_memory_MemTotal_bytes", "{{instance}}"),
                text="With what the kernel caches and could give back.",
            ),
            lines(
                "Waiting for memory",
                "percentunit",
                (f"rate(node_pressure_memory_waiting_seconds_total{{{_HOST}}}[$__rate_interval])", "{{instance}}"),
                text="Share of the time in which some process waited (pressure stall information).",
            ),
        ],
        "Disks": [
            lines(
                "Free",
                "percentunit",
                (f"node_filesystem_avail_bytes{{{_HOST}}} / node_filesystem_size_bytes", "{{instance}} {{mountpoint}}"),
                text="Below the upper line an alert is raised if it shrinks so that nothing is left within a day.",
                limits=(limits.of("DiskFilling", 1), limits.of("DiskNearlyFull")),
            ),
            lines("Free bytes", "bytes", (f"node_filesystem_avail_bytes{{{_HOST}}}", "{{instance}} {{mountpoint}}")),
            lines("Read", "Bps", (_rate("node_disk_read_bytes_total", "instance, device"), "{{instance}} {{device}}")),
            lines(
                "Written",
                "Bps",
                (_rate("node_disk_written_bytes_total", "instance, device"), "{{instance}} {{device}}"),
            ),
            lines(
                "Operations",
                "iops",
                (_rate("node_disk_reads_completed_total", "instance, device"), "{{instance}} {{device}} reads"),
                (_rate("node_disk_writes_completed_total", "instance, device"), "{{instance}} {{device}} writes"),
            ),
            lines(
                "Time of a write",
                "s",
                (
                    f"{_rate('node_disk_write_time_seconds_total', 'instance, device')}"
                    f" / ({_rate('node_disk_writes_completed_total', 'instance, device')} > 0)",
                    "{{instance}} {{device}}",
                ),
            ),
            lines(
                "Busy",
                "percentunit",
                (_rate("node_disk_io_time_seconds_total", "instance, device"), "{{instance}} {{device}}"),
                text="Share of the time in which the disk had something to do. An NVMe drive at 100 % may take more.",
            ),
            lines(
                "Waiting for disks",
                "percentunit",
                (f"rate(node_pressure_io_waiting_seconds_total{{{_HOST}}}[$__rate_interval])", "{{instance}}"),
                text="Share of the time in which some process waited (pressure stall information).",
            ),
        ],
        "Network and clocks": [
            lines("Received", "Bps", (_rate("node_network_receive_bytes_total", where=_CARDS), "{{instance}}")),
            lines("Sent", "Bps", (_rate("node_network_transmit_bytes_total", where=_CARDS), "{{instance}}")),
            lines(
                "Segments sent again",
                "percentunit",
                (
                    f"{_rate('node_netstat_Tcp_RetransSegs')} / ({_rate('node_netstat_Tcp_OutSegs')} > 0)",
                    "{{instance}}",
                ),
                text="Share of TCP's segments that got lost on the way.",
            ),
            lines(
                "Clocks off the monitor's",
                "s",
                (f"abs(node_time_seconds{{{_HOST}}} - timestamp(node_time_seconds))", "{{instance}}"),
                limits=(limits.of("ClockSkew"),),
            ),
        ],
        "What watches them": [
            lines(
                "Time that an answer takes",
                "s",
                (f"max by (instance, job) (scrape_duration_seconds{{{_HOST}}})", "{{job}} of {{instance}}"),
                limits=(limits.of("ExporterSlow"),),
            ),
            lines(
                "Targets that answer",
                "short",
                (f"sum by (job) (up{{{_HOST}}})", "{{job}}"),
            ),
            lines(
                "Certificates end in",
                "s",
                ("min by (host) (camgrid_certificate_expiry_timestamp_seconds) - time()", "{{host}}"),
                text="The first of each host's; site.yml renews it 60 days ahead.",
                limits=(limits.of("CertificateExpiring"),),
            ),
            lines(
                "Since the collector looked last",
                "s",
                ("time() - camgrid_collected_timestamp_seconds", "{{instance}}"),
                limits=(limits.of("CollectorStuck"),),
            ),
        ],
    }
    text = "Processors, memory, disks, network and clocks of the hosts, and what watches them."
    host = choice("host", "Host", 'label_values(up{job="node"}, instance)')
    return dashboard_of("camgrid-hosts", "camgrid: hosts and disks", text, sections, host)
