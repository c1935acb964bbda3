"""The SQL files: their order, what is refused, and whether a stored password is the vault's."""

import hashlib
import re

import psycopg
import pytest

from camgrid import topology
from camgrid.errors import UsageError
from camgrid.schema import files
from camgrid.schema.passwords import matches


@pytest.fixture
def write(tmp_path):
    """Writes a file below sql/."""

    def write(name: str, text: str = "SELECT 1;\n"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return tmp_path

    return write


def names(found) -> list[str]:
    return [file.name for file in found]


def test_migrations_come_in_the_order_of_their_numbers(write):
    for name in ("0002_b", "0003_a", "0001_c"):
        root = write(f"migrations/{name}.sql")
    assert names(files.migrations(root)) == ["0001_c", "0002_b", "0003_a"]


@pytest.mark.parametrize(
    ("present", "blamed", "expected"),
    [
        (("0001_a", "0003_b"), "0003_b", "0002"),
        (("0002_a",), "0002_a", "0001"),
        (("0001_a", "0001_b"), "0001_b", "0002"),
        (("0001_a", "2_b"), "2_b", "0002"),
        (("0001_Big",), "0001_Big", "0001"),
        (("0001",), "0001", "0001"),
    ],
)
def test_a_gap_a_number_twice_or_a_bad_name_is_refused(write, present, blamed, expected):
    for name in present:
        root = write(f"migrations/{name}.sql")
    with pytest.raises(UsageError, match=f"migration {expected} was expected") as caught:
        files.migrations(root)
    assert caught.value.where == f"sql/migrations/{blamed}.sql"


def test_a_function_comes_after_those_that_it_names(write):
    write("functions/a.sql", "SELECT camgrid.b(), camgrid.other_table")
    write("functions/b.sql", "SELECT camgrid.z()")
    root = write("functions/z.sql", "SELECT camgrid.z()")
    assert names(files.functions(root)) == ["z", "b", "a"]


def test_functions_that_need_each_other_are_refused(write):
    write("functions/a.sql", "SELECT camgrid.b()")
    write("functions/b.sql", "SELECT camgrid.c()")
    root = write("functions/c.sql", "SELECT camgrid.a()")
    with pytest.raises(UsageError, match="circle") as caught:
        files.functions(root)
    assert caught.value.where == "a → b → c → a"


def test_the_checksum_is_that_of_the_bytes(write):
    root = write("functions/a.sql", "SELECT 'é';\n")
    (file,) = files.functions(root)
    assert file.checksum == hashlib.sha256("SELECT 'é';\n".encode()).hexdigest()


def test_the_projects_own_files_can_be_read():
    assert files.migrations()[0].name == "0001_roles"
    assert len(files.functions()) == len(list((files.SQL / "functions").glob("*.sql")))


@pytest.mark.parametrize("file", files.functions(), ids=lambda file: file.name)
def test_a_function_is_in_the_file_of_its_name_safe_and_explained(file):
    made = re.findall(r"^CREATE OR REPLACE (FUNCTION|PROCEDURE|VIEW) camgrid\.(\w+)", file.text, re.M)
    assert [name for _, name in made] == [file.name]
    assert re.search(rf"^COMMENT ON {made[0][0]} camgrid\.{file.name}", file.text, re.M)
    # Whoever calls it cannot slip other objects under it.
    if made[0][0] == "PROCEDURE":
        # PostgreSQL lets none commit that has a search_path of its own.
        body = file.text.split("$$")[1]
        calls = set(re.findall(r"(?<![\w.])([a-z_]+)\(", re.sub(r"--.*|'[^']*'", "", body)))
        assert calls <= {"coalesce", "greatest", "least"}
        assert "SECURITY DEFINER" not in file.text
    elif made[0][0] != "VIEW":
        assert re.search(r"^SET search_path = ", file.text, re.M)


def test_the_console_of_a_pool_is_asked_where_it_listens():
    (file,) = [file for file in files.functions() if file.name == "local_connection_pools"]
    assert f"port={topology.POOL_PORT} " in file.text


def server_verifier(password: str) -> str:
    """What PostgreSQL would store, made by libpq."""
    library = psycopg.pq.PGconn.connect_start(b"host=127.0.0.1 port=1")
    return library.encrypt_password(password.encode(), b"role", b"scram-sha-256").decode()


@pytest.mark.parametrize("password", ["secret", "ünï-ççde", "x" * 200, "with space $ : and signs"])
def test_a_password_is_recognised_in_what_libpq_makes_of_it(password):
    verifier = server_verifier(password)
    assert matches(verifier, password)
    assert not matches(verifier, password + "x")


@pytest.mark.parametrize("verifier", [None, "", "md5a6343a68d964ca596d9752250d54bb8a"])
def test_without_a_scram_verifier_nothing_matches(verifier):
    assert not matches(verifier, "secret")
