"""A store that speaks S3 and checks signatures: moto's server, a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from tests.brokers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS = 30.0
BUCKET = "photographs"
_UNSIGNED = 3
"""Requests that moto takes from anybody: those that make the user whom it asks for signatures from then on."""


@dataclass(frozen=True, slots=True)
class S3Server:
    """A server, and the one user that it lets in."""

    port: int
    key: str
    secret: str
    _process: subprocess.Popen[bytes]

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which AWS's own tools get the user's key."""
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}

    def bucket(self, name: str) -> Any:
        """A new bucket, as another client sees it."""
        bucket = boto3.resource(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
        ).Bucket(name)
        bucket.create()
        return bucket

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """While it takes connections and says nothing."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """A server with nothing in it; what it says goes into a file of the folder."""
    port = free_port()
    environment = os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": str(_UNSIGNED)}
    with (folder / "s3.log").open("ab") as log:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _listens(port):
            assert process.poll() is None, (folder / "s3.log").read_text()
            assert time.monotonic() < deadline, "moto does not listen"
            time.sleep(0.05)
        yield S3Server(port, *_user(port), process)
    finally:
        process.kill()
        process.wait()


def _user(port: int) -> tuple[str, str]:
    iam = boto3.client(
        "iam",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",
    )
    iam.create_user(UserName="sink")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_user_policy(UserName="sink", PolicyName="all", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="sink")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
