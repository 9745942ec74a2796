"""`sink invite` and its kin, as a user meets them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import func, select
from typer.testing import CliRunner

from cloud_sink.cli.app import app
from cloud_sink.fleet.settings import load_config
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import Database, open_database, reading
from cloud_sink.store.rights_tables import audit
from cloud_sink.store.trust_tables import invitations
from cloud_sink.trust.keyring import Vault
from cloud_sink.trust.leaving import end_overdue
from cloud_sink.trust.registrar import Registrar
from edge.contract.errors import FacingsError
from edge.contract.provisioning import ClaimError, ProvisionRequest, parse_claim

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


def test_a_device_is_ordered_about_by_command(folder: Path, database: Database) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    claim = parse_claim(run(folder, "invite", "--store", "s1", "--fixture", "f1", "--device", "told").splitlines()[1])
    registrar, stores = registrar_of(folder, database)
    csr = request.public_bytes(Encoding.PEM).decode()
    registrar.provision(ProvisionRequest(claim=claim.token, csr=csr), datetime.now(UTC))
    about = ("told", "--tenant", "acme")
    run(folder, "identities", "move", *about, "--store", "s1", "--fixture", "f2", "--reason", "a rack")
    assert "acme/told  s1/f1  moving to s1/f2" in run(folder, "identities", "list")
    run(folder, "identities", "recall", *about)
    assert "acme/told  s1/f1  admitted" in run(folder, "identities", "list")
    refused = CliRunner().invoke(
        app, ["identities", "retire", *about, "--config", str(folder / "sink.yaml")], input="n\n"
    )
    assert (refused.exit_code, "nothing was changed" in refused.stdout) == (1, True)
    run(folder, "identities", "retire", *about, "--wipe", "--days", "0")
    assert "acme/told  s1/f1  retiring" in run(folder, "identities", "list")
    assert end_overdue(database, stores, datetime.now(UTC)) == 1
    assert "acme/told  s1/f1  lost" in run(folder, "identities", "list")
    assert "s1/f1  installed" in run(folder, "identities", "history", *about)
    with pytest.raises(FacingsError, match="shut out"):
        run(folder, "identities", "move", *about, "--store", "s1", "--fixture", "f2")
    with reading(database) as connection:
        said = {action for action in connection.execute(select(audit.c.action)).scalars() if "identities" in action}
    assert said == {"sink identities move", "sink identities recall", "sink identities retire"}


def registrar_of(folder: Path, database: Database) -> tuple[Registrar, StoreBook]:
    config = load_config(folder / "sink.yaml")
    stores = StoreBook(config.stores)
    return Registrar(database, Vault(database, folder / "ca.pass"), stores, config), stores
