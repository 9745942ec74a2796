"""Where photographs are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from edge.contract.config.section import Duration, Section


class BucketSection(Section):
    """A bucket of an S3-compatible store. Credentials never stand here: they come from environment or file."""

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = Field(
        description="the bucket's name; it has to be there"
    )
    endpoint: str | None = Field(None, description="the store's address; without it AWS, in that region")
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = Field("us-east-1", description="the bucket's region")
    prefix: Annotated[str, Field(pattern=r"^$|^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", max_length=200)] = Field(
        "", description="what every object's name begins with, without a slash at its ends"
    )
    virtual_host: bool = Field(False, description="name the bucket in the host, as Alibaba OSS wants it")
    allow_http: bool = Field(False, description="speak to another machine without encryption")
    ca_file: Path | None = Field(None, description="the CA certificate that signs the store's, beside the usual ones")
    credentials_file: Path | None = Field(
        None, description="an INI file as AWS's tools write it; without it their environment variables, or a role"
    )
    profile: Annotated[str, Field(min_length=1, max_length=100)] = Field(
        "default", description="the section of that file"
    )
    timeout: Duration = Field(10.0, ge=0.5, le=20, description="how long a request may take, such as 10s")

    @field_validator("endpoint")
    @classmethod
    def _an_address(cls, endpoint: str | None) -> str | None:
        if endpoint is None:
            return None
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("an endpoint begins with https:// and names a host")
        if parts.username is not None or parts.password is not None:
            raise ValueError("an endpoint holds no credentials: set credentials_file")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("an endpoint ends with its host or port: set bucket and prefix")
        return endpoint.rstrip("/")

    @model_validator(mode="after")
    def _encrypted(self) -> BucketSection:
        parts = urlsplit(self.endpoint or "")
        if parts.scheme == "http" and not self.allow_http and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError("photographs would travel readably: write https:// or set allow_http: true")
        return self


class EvidenceSection(Section):
    """Where photographs are kept: in a folder, or in a bucket."""

    folder: Path | None = Field(None, description="the folder for photographs; without it DATA/evidence")
    s3: BucketSection | None = Field(None, description="a bucket of an S3-compatible store, instead of a folder")
    quota_mb: Annotated[int, Field(ge=1, le=100_000_000)] = Field(4096, description="megabytes a tenant may store")

    @model_validator(mode="after")
    def _one_place(self) -> EvidenceSection:
        if self.folder is not None and self.s3 is not None:
            raise ValueError("folder and s3 are two places: name one")
        return self
