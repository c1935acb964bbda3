"""What the server says comes out as it was said."""

from decimal import Decimal

import pytest

from camgrid.query.values import _MomentLoader, plain, unique


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (Decimal("12345678901234567890"), "json", 12345678901234567890),
        (Decimal("0.10"), "json", "0.10"),
        (Decimal("NaN"), "csv", "NaN"),
        (float("inf"), "json", "inf"),
        (1.5, "json", 1.5),
        ({"a": [1]}, "csv", '{"a": [1]}'),
        ({"a": [1]}, "json", {"a": [1]}),
        (None, "table", None),
        (True, "table", True),
    ],
)
def test_a_value_keeps_its_digits_and_fits_its_format(value, form, shown):
    assert plain(value, form) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (b"2026-01-31 08:00:00.5+00", "2026-01-31T08:00:00.5+00:00"),
        (b"2026-01-31 08:00:00+05:30", "2026-01-31T08:00:00+05:30"),
        (b"2026-01-31 08:00:00", "2026-01-31T08:00:00"),
        (b"0044-03-15 00:00:00+00 BC", "0044-03-15T00:00:00+00:00 BC"),
        (b"-infinity", "-infinity"),
    ],
)
def test_a_moment_is_iso_8601_whatever_its_year(said, shown):
    assert _MomentLoader(0).load(said) == shown


def test_no_column_hides_another():
    assert unique(["n", "n", "n_2", "n"]) == ["n", "n_2", "n_2_2", "n_3"]
