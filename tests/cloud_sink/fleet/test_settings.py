from __future__ import annotations

import re
from pathlib import Path

import pytest

from cloud_sink.fleet.products import load_products
from cloud_sink.fleet.settings import EmbeddedBroker, ExternalBroker, SinkConfig, load_config
from edge.contract.config.agent import AgentConfig
from edge.contract.errors import CatalogueError, ConfigError
from edge.contract.files import parse_yaml

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "configs" / "sink" / "demo.yaml"


def test_the_demo_is_embedded_and_takes_free_ports() -> None:
    config = load_config(DEMO)
    assert config.broker == EmbeddedBroker(port=0)
    assert config.http.port == 0
    assert config.data == DEMO.parent / "../../runs/demo-sink"
    own = {owner for store in config.stores for fixture in store.fixtures for owner in fixture.own}
    assert own <= {sku.owner for sku in load_products(config.catalogues).values()}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http: {prt: 1}", r"line 1: unknown key http.prt .*did you mean port"),
        ("http:\n  port: 70000", r"line 2: http.port: .*70000"),
        ("intake:\n  batch: 10001", r"line 2: intake.batch"),
        ("broker:\n  kind: external", r"broker.*host is missing"),
        (
            "broker: {kind: external, host: mqtt.example.com, ca_file: ca.pem}",
            r"not this machine: set ca_file, cert_file",
        ),
        ("broker: {kind: external, host: 10.0.0.7}", r"not this machine: set ca_file, cert_file"),
        ("broker: {kind: external, host: localhost, cert_file: a.pem}", r"cert_file and key_file belong together"),
        ("evidence: {folder: a, s3: {bucket: bbb}}", "folder and s3 are two places"),
        ("evidence: {s3: {bucket: Photographs}}", r"evidence.*bucket"),
        ("evidence: {s3: {bucket: bbb, secret_access_key: x}}", "secret_access_key"),
        ("evidence: {s3: {bucket: bbb, prefix: /a}}", r"evidence.*prefix"),
        ("evidence: {s3: {bucket: bbb, endpoint: minio}}", "begins with https://"),
        ("evidence: {s3: {bucket: bbb, endpoint: 'http://minio:9000'}}", "would travel readably"),
        ("evidence: {s3: {bucket: bbb, endpoint: 'https://k:s@minio'}}", "holds no credentials"),
        ("evidence: {s3: {bucket: bbb, endpoint: 'https://minio/bbb'}}", "ends with its host or port"),
        ("stores:\n  - {tenant: a, id: s, name: S, zone: Moon/Base}", r"line 2: .*zone.*Moon/Base"),
        ("stores:\n  - {tenant: A, id: s, name: S, zone: UTC}", r"line 2: .*tenant"),
        (
            "stores:\n  - {tenant: a, id: s, name: S, zone: UTC}\n  - {tenant: a, id: s, name: T, zone: UTC}",
            "two stores of a are called s",
        ),
        ("stores: [{tenant: a, id: s, name: S, zone: UTC, fixtures: [{id: f}, {id: f}]}]", "two fixtures are called f"),
    ],
)
def test_a_wrong_configuration_is_said_with_file_line_and_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "sink.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        load_config(path)
    assert str(path) in str(caught.value)


def test_paths_are_taken_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sink.yaml"
    path.write_text(
        "data: here\ncatalogues: [c]\nevidence: {folder: /elsewhere}\n"
        "broker: {kind: external, host: h, ca_file: ca, cert_file: /c, key_file: /k}"
    )
    config = load_config(path)
    assert (config.data, config.catalogues) == (tmp_path / "here", (tmp_path / "c",))
    assert config.evidence_folder == Path("/elsewhere")
    assert isinstance(config.broker, ExternalBroker)
    assert config.broker.ca_file == tmp_path / "ca"
    assert config.database_url == f"sqlite:///{tmp_path / 'here' / 'sink.db'}"


def test_a_bucket_s_files_are_taken_from_the_file_and_a_store_here_needs_no_encryption(tmp_path: Path) -> None:
    path = tmp_path / "sink.yaml"
    path.write_text("evidence: {s3: {bucket: bbb, endpoint: 'http://127.0.0.1:9000/', credentials_file: s3.ini}}")
    found = load_config(path).evidence.s3
    assert found is not None
    assert (found.endpoint, found.credentials_file) == ("http://127.0.0.1:9000", tmp_path / "s3.ini")


def test_an_empty_data_folder_needs_no_configuration() -> None:
    assert SinkConfig().evidence_folder == Path("sink-data/evidence")


def test_a_catalogue_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"catalogue\.yaml"):
        load_products([tmp_path])


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "guides").glob("*.md")), ids=lambda path: path.name)
def test_every_configuration_in_the_guides_is_one(path: Path) -> None:
    shown = re.findall(r"^```yaml\n(.*?)^```", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    ours, devices = set(SinkConfig.model_fields), set(AgentConfig.model_fields)
    keys = {text: set(re.findall(r"^(\w+):", text, re.MULTILINE)) for text in shown}
    mine = [text for text, named in keys.items() if named & ours and not named & (devices - ours)]
    assert mine or path.name != "use-the-api.md"
    for text in mine:
        parse_yaml(text, SinkConfig, name=path.name)
