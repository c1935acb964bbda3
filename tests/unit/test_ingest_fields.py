"""Single fields: what COPY gets, and what is refused."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camgrid.ingest.fields import INT4_MAX, NULL, Bad, confidence, frame_data, integer, short

COUNT = integer("count_in")


@given(st.integers(0, INT4_MAX))
def test_counts_are_kept(number):
    assert COUNT(f" {number} ") == COUNT(f"+{number}.0") == COUNT(f"00{number}") == str(number)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "count_in is empty"),
        ("  ", "count_in is empty"),
        (None, "count_in is empty"),
        ("-1", "count_in is negative: -1"),
        ("2147483648", "count_in is too large: '2147483648'"),
        ("9" * 10_000, f"count_in is too large: {short('9' * 10_000)}"),
        ("1.5", "count_in is not an integer: '1.5'"),
        ("1_000", "count_in is not an integer: '1_000'"),
        ("٣", "count_in is not an integer: '٣'"),
        ("true", "count_in is not an integer: 'true'"),
        ("1e3", "count_in is not an integer: '1e3'"),
    ],
)
def test_what_is_no_count_is_refused(text, reason):
    assert COUNT(text).reason == reason


def test_a_camera_is_above_zero_and_a_missing_zone_has_a_default():
    assert integer("camera_id", least=1)("0").reason == "camera_id is not above 0: 0"
    assert integer("zone_id", default="7")(None) == "7"
    assert integer("zone_id", default="7")("").reason == "zone_id is empty"


@given(st.decimals(0, 1, allow_nan=False, places=8))
def test_confidence_is_rounded_as_postgresql_would(number):
    stored = confidence(str(number))
    assert re.fullmatch(r"[01]\.[0-9]{4}", stored)
    assert abs(Decimal(stored) - number) <= Decimal("0.00005")


@given(st.one_of(st.text(max_size=12), st.from_regex(r"[+-]?[0-9.]{1,8}([eE][+-]?[0-9]{1,4})?", fullmatch=True)))
def test_any_confidence_is_stored_or_refused(text):
    stored = confidence(text)
    assert isinstance(stored, Bad) or stored == NULL or re.fullmatch(r"[01]\.[0-9]{4}", stored)


@pytest.mark.parametrize("text", ["nan", "inf", "1.0001", "-0.1", "0,5", "0_1", "1e5"])
def test_what_is_no_confidence_is_refused(text):
    assert isinstance(confidence(text), Bad)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
_ESCAPE = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


@given(JSON, st.sampled_from([None, 1, "\t"]))
def test_frame_data_survives_copy(value, indent):
    stored = frame_data(json.dumps(value, indent=indent))
    assert not set("\t\n\r") & set(stored)
    assert json.loads(re.sub(r"\\(.)", lambda match: _ESCAPE[match[1]], stored)) == value


@pytest.mark.parametrize("text", ["{", "x", "{'a': 1}", '{"a": NaN}', "[" * 100_000, '"\ud800"'])
def test_what_is_no_frame_data_is_refused(text):
    assert isinstance(frame_data(text), Bad)


@pytest.mark.parametrize("text", [None, "", " "])
def test_no_frame_data_is_an_empty_object(text):
    assert frame_data(text) == "{}"
