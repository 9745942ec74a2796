"""`sink invite` and its kin, as a user meets them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from cloud_sink.cli.app import app
from cloud_sink.store.database import Database, open_database, reading
from cloud_sink.store.trust_tables import invitations
from edge.contract.errors import FacingsError
from edge.contract.provisioning import ClaimError, parse_claim

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = """\
data: .
broker: {kind: external, host: localhost, port: 8883}
http: {cert_file: collector.pem, key_file: collector.key}
trust: {url: "https://localhost:8443", passphrase_file: ca.pass}
stores:
  - {tenant: acme, id: s1, name: "First <of> acme", zone: Asia/Ho_Chi_Minh, fixtures: [{id: f1}, {id: f2, name: Rack}]}
"""


def run(folder: Path, *arguments: str | Path) -> str:
    done = CliRunner().invoke(app, [*map(str, arguments), "--config", str(folder / "sink.yaml")])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("inviting")
    (made / "sink.yaml").write_text(CONFIG)
    run(made, "trust", "init")
    run(made, "trust", "certificate", "--host", "localhost", "--out", made)
    return made


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    engine = open_database(f"sqlite:///{folder / 'sink.db'}")
    yield engine
    engine.dispose()


def made(database: Database) -> int:
    with reading(database) as connection:
        return int(connection.execute(select(func.count()).select_from(invitations)).scalar_one())


def test_a_file_of_hundreds_is_tried_and_then_made_with_its_labels(folder: Path, database: Database) -> None:
    (folder / "many.csv").write_text("store;fixture;device\n" + "".join(f"s1;f1;unit-{n}\n" for n in range(300)))
    before = made(database)
    assert "300 claims would be made" in run(folder, "invite", "--csv", folder / "many.csv", "--dry-run")
    assert made(database) == before
    labels = folder / "labels.html"
    told = run(folder, "invite", "--csv", folder / "many.csv", "--labels", labels, "--json").splitlines()
    assert made(database) == before + 300
    page = labels.read_text()
    assert page.count("<article>") == page.count("<svg") == 300
    assert "First &lt;of&gt; acme" in page
    assert labels.stat().st_mode & 0o777 == 0o600
    claims = {parse_claim(json.loads(line)["claim"]) for line in told}
    assert len({claim.secret for claim in claims}) == 300
    assert {claim.address for claim in claims} == {"https://localhost:8443"}
    with reading(database) as connection:
        stored = " ".join(map(str, connection.execute(select(invitations)).all()))
    assert not any(claim.secret in stored for claim in claims)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("store,fixture\ns1,f1\ns9,f1\n", "nobody described store s9"),
        ("store,fixture\ns1,f1\ns1,f9\n", "no fixture f9"),
        ("store,fixture,device\ns1,f1,a\ns1,f2,a\n", "line 3: column device: 'a': stands in line 2, too"),
        ("store,fixture,device\ns1,f1,UPPER\n", "line 2: column device"),
        ("store\ns1\n", "line 1: column fixture: is missing"),
        ("", "line 1"),
    ],
)
def test_a_file_with_one_wrong_line_makes_no_claim(folder: Path, database: Database, text: str, said: str) -> None:
    (folder / "wrong.csv").write_text(text)
    before = made(database)
    with pytest.raises(FacingsError, match=said):
        run(folder, "invite", "--csv", folder / "wrong.csv")
    assert made(database) == before


def test_one_device_is_invited_once_and_the_claim_can_be_taken_back(folder: Path) -> None:
    words = ("invite", "--store", "s1", "--fixture", "f2", "--device", "alone")
    told = run(folder, *words).splitlines()
    claim = parse_claim(told[1])
    with pytest.raises(FacingsError, match="invited already"):
        run(folder, *words)
    assert f"{claim.id}  open  acme/s1/f2  alone" in run(folder, "invitations", "list", "--state", "open")
    with pytest.raises(FacingsError, match="only a pending one"):
        run(folder, "invitations", "approve", claim.id)
    run(folder, "invitations", "cancel", claim.id)
    assert f"{claim.id}  cancelled" in run(folder, "invitations", "list")
    run(folder, *words)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no claim"),
        ("http://h/claim#1.x.y.z", "no claim"),
        ("https://user@h/claim#1.x.y.z", "no claim"),
        ("https://h:99999/claim#1", "names no collector"),
        ("https://h/claim", "not whole"),
        ("https://h/claim#1.short.0123456789abcdef.secret", "not whole"),
        ("https://h/claim#2.anything", "of version 2"),
    ],
)
def test_what_is_no_claim_is_said_so_without_its_secret(text: str, said: str) -> None:
    with pytest.raises(ClaimError, match=said) as caught:
        parse_claim(text)
    assert "secret" not in str(caught.value)
