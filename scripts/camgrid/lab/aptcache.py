"""The labs' apt cache: one apt-cacher-ng of our own for all labs of the machine, so that a package is downloaded once.

It listens on every address, since labs come and go while it runs; a table of nftables rules lets in only
this machine and the labs' bridges. The system's own apt-cacher-ng, if there is one, is left alone.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import time
from pathlib import Path

from camgrid.errors import CamgridError
from camgrid.lab.config import STATE, Lab, machine_lock
from camgrid.lab.run import run
from camgrid.lab.unit import Unit

PORT = 3143
CACHE = Path("/var/cache/camgrid/apt")
CONFIG = STATE / "apt-cache"
USER = "apt-cacher-ng"
_UNIT = Unit("aptcache")
_TABLE = "camgrid_apt_cache"


def url(lab: Lab | None = None) -> str:
    """The cache as a lab's hosts reach it, or as this machine does."""
    return f"http://{lab.gateway if lab else '127.0.0.1'}:{PORT}"


def ensure() -> None:
    """Starts the cache unless it runs."""
    with machine_lock("apt cache"):
        run(["nft", "-f", "-"], stdin=_rules())
        if _UNIT.alive() and _listening():
            return
        _UNIT.kill()
        if _listening():
            raise CamgridError(
                "another program uses the port of the lab's apt cache",
                where=f"127.0.0.1:{PORT}",
                hint=f"see which: ss -tlnp sport = :{PORT}",
            )
        for directory in (CONFIG, CACHE, CACHE / "log"):
            directory.mkdir(parents=True, exist_ok=True)
        for directory in (CACHE, CACHE / "log"):
            shutil.chown(directory, USER, USER)
        (CONFIG / "acng.conf").write_text(configuration(upstream_proxy()))
        _UNIT.start(["apt-cacher-ng", "-c", CONFIG, "ForeGround=1"], CONFIG / "output.log", user=USER)
        _wait()


def stop() -> None:
    """Stops the cache and closes its port; to be called when the last lab has gone."""
    _UNIT.kill()
    run(["nft", "delete", "table", "inet", _TABLE], check=False)


def purge() -> None:
    """Removes what it has kept."""
    for directory in (CACHE, CONFIG):
        shutil.rmtree(directory, ignore_errors=True)


def configuration(proxy: str) -> str:
    """The cache's configuration. proxy: the machine's own way to the mirrors, empty for none.

    It keeps mirrors apart by their names and maps none to another: what a host asks for is what it gets.
    """
    lines = {
        "CacheDir": CACHE,
        "LogDir": CACHE / "log",
        "SupportDir": "/usr/lib/apt-cacher-ng",
        "SocketPath": CACHE / "log/socket",
        "BindAddress": "0.0.0.0",  # noqa: S104  closed to all but the labs by the table below
        "Port": PORT,
        "AllowUserPorts": 0,  # any port: a mirror may have one of its own
        "ConnectProto": "v4 v6",
    }
    if proxy:
        lines["Proxy"] = proxy
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


def upstream_proxy() -> str:
    """The proxy that this machine's own apt goes through; empty for none."""
    setting = run(["apt-config", "shell", "proxy", "Acquire::http::Proxy"], check=False)
    found = re.search(r"proxy='(http[^']*)'", setting)
    return found.group(1) if found else os.environ.get("http_proxy", "")


def _rules() -> str:
    table = f"table inet {_TABLE}"
    return f"""
{table}
delete {table}
{table} {{
    chain input {{
        type filter hook input priority filter
        tcp dport {PORT} iifname != "lo" iifname != "cg-*" drop
    }}
}}
"""


def _listening() -> bool:
    try:
        with socket.create_connection(("127.0.0.1", PORT), timeout=1):
            return True
    except OSError:
        return False


def _wait(seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not _listening():
        if time.monotonic() > deadline or not _UNIT.alive():
            log = (CONFIG / "output.log").read_text(errors="replace").splitlines()[-8:]
            _UNIT.kill()
            raise CamgridError("the lab's apt cache does not start:\n" + "\n".join(log), where=str(CONFIG))
        time.sleep(0.05)
