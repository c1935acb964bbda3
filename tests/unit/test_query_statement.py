"""Where a statement of the user's comes from, and what is seen in it before the server sees it."""

import io

import pytest

from camgrid.errors import UsageError
from camgrid.query import statement


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("SELECT 1", "select"),
        ("  -- a comment\n /* another */ With x AS (SELECT 1) TABLE x", "with"),
        ("((SELECT 1))", "select"),
        (";;", ""),
        ("-- nothing", ""),
        ("/* nothing", ""),
        ("VALUES (1)", "values"),
        ("delete from x", "delete"),
    ],
)
def test_the_first_word_is_found_behind_comments(text, word):
    assert statement.first_word(text) == word


def test_a_statement_comes_from_an_argument_stdin_or_a_file(tmp_path, monkeypatch):
    path = tmp_path / "x.sql"
    path.write_text("\ufeffSELECT 'ü'", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 2"))
    assert statement.given("SELECT 1", None) == "SELECT 1"
    assert statement.given("-", None) == "SELECT 2"
    assert statement.given(None, path) == "SELECT 'ü'"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "the query is empty"), (b"-- x", "empty"), (b"SELECT '\xfc'", "is not UTF-8"), (b"SELECT '\0'", "a NUL")],
)
def test_a_file_without_a_statement_is_refused_by_name(tmp_path, content, said):
    path = tmp_path / "x.sql"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said) as refused:
        statement.given(None, path)
    assert refused.value.where == str(path)


@pytest.mark.parametrize(("argument", "name"), [(None, None), ("SELECT 1", "x.sql"), (None, "absent.sql")])
def test_none_two_or_an_absent_file_is_wrong_usage(tmp_path, argument, name):
    with pytest.raises(UsageError):
        statement.given(argument, name and tmp_path / name)


def test_parameters_are_pairs():
    assert statement.parameters(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}
    for pair in ("a", "=1", "1a=2"):
        with pytest.raises(UsageError, match="name=value"):
            statement.parameters([pair])


@pytest.mark.parametrize("text", ["SELECT 1", "SELECT 1;\n", "SELECT 1 -- why", "SELECT 1 ;; "])
def test_a_limit_is_put_behind_the_statement_and_its_comment(text):
    shorter = statement.limited(text, 10)
    assert shorter.endswith("\nLIMIT 11")
    assert ";" not in shorter
