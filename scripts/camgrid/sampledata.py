"""Made-up counts for trials and demonstrations, the same whenever the arguments are.

    python -m camgrid.sampledata sample.csv.gz --cameras 40 --days 90

The file looks like Melbourne's pedestrian counts: timestamp (local time of Australia/Melbourne, no offset),
sensor_id, sensor_name, hourly_count; one row for every camera and local hour, hours first.

The model: a count is Poisson-distributed around base x hour x weekday x season. base is the camera's own
(log-normal around 250 an hour, so that few cameras are busy and most are not); hour is one of two profiles,
of streets (peaks at 8, 13 and 17 o'clock on working days) or of places to go out (afternoon and evening);
weekday lets streets fall to a half at weekends and places rise; season swings by 15 % over the year and is
highest at New Year.

The dirt, as in the real file: 1 row in 20,000 has an empty count, 1 in 100,000 an empty sensor_id, and the hour
that daylight saving skips (2:00 on the first Sunday of October) is there like any other. `camgrid import` rejects
all of these. The hour that happens twice in April is there once.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import TextIO

import click

from camgrid.errors import UsageError

COLUMNS = ("timestamp", "sensor_id", "sensor_name", "hourly_count")
# Ninety days from here hold the hour that daylight saving skips in 2024: 6 October, 2:00.
START = date(2024, 9, 1)

_STREET = (3, 2, 1, 1, 2, 8, 30, 75, 100, 60, 55, 75, 105, 110, 80, 75, 95, 120, 80, 45, 30, 20, 12, 6)
_PLACE = (25, 15, 8, 4, 2, 3, 6, 12, 22, 35, 55, 75, 95, 100, 105, 105, 100, 100, 110, 120, 110, 90, 65, 40)
_STREET_WEEK = (1.0, 1.05, 1.05, 1.05, 1.1, 0.55, 0.45)
_PLACE_WEEK = (0.8, 0.8, 0.85, 0.95, 1.2, 1.4, 1.1)
_BUSY = 250
_EMPTY_COUNT = 1 / 20_000
_EMPTY_CAMERA = 1 / 100_000
_PLACES = ("Town Hall", "Station", "Market", "Bridge", "Library", "Harbour", "Museum", "Arcade", "Square", "Stadium")
_SIDES = ("North", "South", "East", "West")
# Above it the normal distribution is as good as Poisson's, and far quicker to draw from.
_SMALL = 30


def write_csv(path: Path, cameras: int = 40, days: int = 90, *, start: date = START, seed: int = 1) -> int:
    """Writes counts of `cameras` cameras over `days` days to path, compressed when it ends in .gz.

    Returns the number of rows. What they are depends on the arguments alone. UsageError for nothing to write.
    """
    if cameras < 1 or days < 1:
        raise UsageError("sample data wants at least one camera and one day")
    random = Random(seed)  # noqa: S311 - numbers to look at, not secrets
    models = [_camera(number, random) for number in range(1, cameras + 1)]
    with _open(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for hour in range(days * 24):
            local = datetime.combine(start, time()) + timedelta(hours=hour)
            writer.writerows(_row(local, model, random) for model in models)
    return cameras * days * 24


def _camera(number: int, random: Random) -> tuple[int, str, list[float], tuple[float, ...]]:
    """A camera: number, name, expected count of each hour of the day, factor of each weekday."""
    name = f"{_PLACES[number % len(_PLACES)]} {number} ({_SIDES[number % len(_SIDES)]})"
    profile, week = (_STREET, _STREET_WEEK) if random.random() < 0.6 else (_PLACE, _PLACE_WEEK)
    base = random.lognormvariate(math.log(_BUSY), 0.9) / (sum(profile) / len(profile))
    return number, name, [base * share for share in profile], week


def _row(
    local: datetime, model: tuple[int, str, list[float], tuple[float, ...]], random: Random
) -> tuple[str, int | str, str, int | str]:
    number, name, hours, week = model
    season = 1 + 0.15 * math.cos(2 * math.pi * local.timetuple().tm_yday / 365.25)
    count = _poisson(hours[local.hour] * week[local.weekday()] * season, random)
    dirt = random.random()
    return (
        local.isoformat(timespec="minutes"),
        "" if dirt > 1 - _EMPTY_CAMERA else number,
        name,
        "" if dirt < _EMPTY_COUNT else count,
    )


def _poisson(mean: float, random: Random) -> int:
    if mean > _SMALL:
        return max(0, round(random.gauss(mean, math.sqrt(mean))))
    # Knuth's: how many uniform numbers can be multiplied before the product falls below e^-mean.
    limit, product, count = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        count += 1
    return count


@contextmanager
def _open(path: Path) -> Iterator[TextIO]:
    with path.open("wb") as raw:
        if path.suffix != ".gz":
            with io.TextIOWrapper(raw, encoding="utf-8", newline="") as text:
                yield text
            return
        # No name and no time in the header: the same counts are the same bytes.
        with (
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as zipped,
            io.TextIOWrapper(zipped, encoding="utf-8", newline="") as text,
        ):
            yield text


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--cameras", type=click.IntRange(1), default=40, show_default=True)
@click.option("--days", type=click.IntRange(1), default=90, show_default=True)
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), default=START.isoformat(), show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def main(file: Path, cameras: int, days: int, start: datetime, seed: int) -> None:
    """Write made-up hourly counts to FILE, compressed when its name ends in .gz."""
    rows = write_csv(file, cameras, days, start=start.date(), seed=seed)
    click.echo(f"{file}: {rows:,} rows of {cameras} cameras, local time of Australia/Melbourne", err=True)


if __name__ == "__main__":
    main()
