"""Every alert is either caused for real by a test on a lab, or named here with the reason why it is not."""

import re

import yaml

from tests.cluster.hurried import rules
from tests.cluster.support import ROOT

NOT_CAUSED = {
    "ClockSkew": "all hosts of a lab have this machine's clock",
    "TwoPrimaries": "what tests/region shows cannot come about",
}


def test_every_alert_is_caused_or_it_is_said_why_not():
    where = [*(ROOT / "tests/cluster").glob("test_alerts*.py"), ROOT / "tests/region/test_region_lag.py"]
    sources = "".join(path.read_text() for path in where)
    caused = set(re.findall(r'"([A-Z][A-Za-z]+)"', sources))
    alerts = {
        rule["alert"]
        for content in rules().values()
        for group in yaml.safe_load(content)["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert alerts - caused == set(NOT_CAUSED)
