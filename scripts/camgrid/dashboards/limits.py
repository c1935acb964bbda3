"""From when on a number is wrong: what the alert rules say, so that colours and alerts never differ."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from math import prod

import yaml

from camgrid.variables import ROLES

COMPARISON = re.compile(r"([<>]|==) (\d+(?:\.\d+)?(?: \* \d+)*)")
_COLOURS = {"critical": "red", "warning": "orange", "info": "yellow"}


@dataclass(frozen=True)
class Limit:
    """A number from which on, or below which, a value has this colour."""

    number: float
    below: bool
    colour: str


# Of a count of what should not be.
ANY_CRITICAL = Limit(1, below=False, colour=_COLOURS["critical"])
ANY_WARNING = Limit(1, below=False, colour=_COLOURS["warning"])


@cache
def _rules() -> dict[str, dict]:
    groups = [
        group
        for path in sorted((ROLES / "prometheus/files/rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text())["groups"]
    ]
    return {rule["alert"]: rule for group in groups for rule in group["rules"] if "alert" in rule}


def of(alert: str, comparison: int = 0) -> Limit:
    """The limit of an alert. comparison: which one of its expression, where that has several.

    Of whole numbers: more than none is one or more, and "is 0" is less than one.
    """
    rule = _rules()[alert]
    sign, numbers = COMPARISON.findall(rule["expr"])[comparison]
    number = prod(float(each) for each in numbers.split(" * "))
    colour = _COLOURS[rule["labels"]["severity"]]
    if sign == "==":
        return Limit(1, below=number == 0, colour=colour)
    return Limit(number or 1, below=sign == "<", colour=colour)
