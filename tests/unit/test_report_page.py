"""The page: nothing from elsewhere, hostile names escaped, and charts that a real browser shows."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import datetime, timedelta

import pytest
from markupsafe import Markup

from camgrid.report import charts, page
from camgrid.report.peaks import Peak

HOSTILE = "<script>alert('$x$')</script>"
PARTS = {
    "title": HOSTILE, "range": "March", "zone": "UTC", "chosen": "", "cluster": "lab", "generated": "now",
    "sources": "from raw rows", "step": "day", "total": 5, "results": 5, "compared": "a week before", "change": "+1",
    "busiest": Peak(4, 17, (1, 1, 1, 1), 2.0), "days": ["Mon"] * 7, "cameras": 2, "counting": 1,
    "rankings": [{"heading": "Busiest cameras", "told": "", "what": "Camera", "rows": [
        {"rank": 1, "name": HOSTILE, "total": 5, "share": 100, "width": 100, "change": 1, "change_words": "+1 %"}]}],
    "silent": [{"name": HOSTILE, "site": HOSTILE, "last": "", "length": ""}], "silent_total": 1, "silent_for": "1 h",
    "gaps": [{"name": HOSTILE, "site": None, "first": "", "last": "", "length": ""}], "gap_words": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def html():
    days = [(datetime(2026, 3, 1) + timedelta(days=day), day) for day in range(9)]
    drawn = {
        "heat": Markup(charts.heat_map([Peak(day, 8, (0,) * 4, day) for day in range(7)], "heat <map>")),  # noqa: S704
        "trend": Markup(charts.trend(days, days, "before", "trend")),  # noqa: S704
    }
    return page.render(PARTS | drawn | page.event_part([("motion", "high", 3), ("error", "info", 1)]))


def test_names_are_escaped_and_nothing_is_loaded(html):
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5
    loaded = re.findall(r"""(?:src|href)=["'](?!#|data:)[^"']*|url\((?!#)|<image|@import""", html)
    assert not loaded
    assert html.count("<svg") == html.count('role="img"') == 3
    assert len(html) < 1_000_000


def opened(html, directory):
    """What Chromium makes of a page: its tree, what it says, and the addresses that the page asks for."""
    browser = shutil.which("chromium")
    if not browser:
        pytest.skip("chromium is not installed")
    (directory / "page.html").write_text(html)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    flags += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={directory}/profile"]
    flags += ["--enable-logging=stderr", f"--log-net-log={directory}/net.json", "--dump-dom"]
    command = [browser, *flags, f"file://{directory}/page.html"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    requests = re.findall(r'"initiator":"([^"]*)".*?"url":"(https?://[^"]+)"', (directory / "net.json").read_text())
    # What the browser asks for itself has no origin.
    return done.stdout, done.stderr, {url for origin, url in requests if origin != "not an origin"}


def test_a_browser_shows_every_chart_and_complains_of_nothing(html, tmp_path):
    tree, said, asked = opened(html, tmp_path)
    assert tree.count('role="img"') == 3
    assert "CONSOLE" not in said
    assert not asked


def test_a_page_that_asks_for_something_would_be_noticed(tmp_path):
    assert opened('<img src="http://127.0.0.1:18999/x.png">', tmp_path)[2] == {"http://127.0.0.1:18999/x.png"}
