"""How the API is served: address, TLS, users, the companies' own sign-in, rate limits."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from cloud_sink.rights.roles import Role
from edge.contract.config.section import Duration, Section
from edge.contract.names import Slug

Port = Annotated[int, Field(ge=0, le=65535)]
Rate = Annotated[float, Field(gt=0, le=100_000)]

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class LimitsSection(Section):
    """How often anybody may ask, where users are kept."""

    per_second: Rate = Field(50.0, description="requests a second of one key, user, or unknown address")
    burst: Rate = Field(200.0, description="requests that may come at once")
    sign_ins_per_minute: Rate = Field(10.0, description="tries to sign in as one user; five times that of one address")


class OidcSection(Section):
    """A company's own sign-in (OpenID Connect, authorization code with PKCE)."""

    id: Slug = Field(description="in the address of the sign-in: /api/v1/sign-in/ID")
    tenant: Slug = Field(description="whose people sign in here")
    issuer: str = Field(description="the provider's address, as its discovery document names it")
    client_id: str = Field(description="as the provider calls this sink")
    client_secret_file: Path | None = Field(None, description="a file with the client's secret")
    scopes: str = Field("openid profile email", description="what is asked for")
    role_claim: str = Field("groups", description="the claim of the ID token that decides the role")
    roles: dict[str, Role] = Field({}, description="role by value of that claim; of several the highest holds")
    default_role: Role | None = Field(None, description="for those without such a value; without it they are refused")

    @field_validator("issuer")
    @classmethod
    def _encrypted(cls, issuer: str) -> str:
        parts = urlsplit(issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES):
            raise ValueError("an issuer's address begins with https://")
        return issuer


class HttpSection(Section):
    """The REST API. Without users it answers on this machine only."""

    access: Literal["loopback", "users"] = Field(
        "loopback", description="loopback: anybody on this machine, no one else; users: with rights"
    )
    host: str = Field("127.0.0.1", description="the address to listen at; another than loopback needs access: users")
    port: Port = Field(8080, description="the port; 0 takes a free one")
    url: str | None = Field(None, description="how browsers reach it, such as https://facings.example.com")
    cert_file: Path | None = Field(None, description="the server's certificate with its chain; turns TLS on")
    key_file: Path | None = Field(None, description="its private key")
    behind_proxy: bool = Field(False, description="a proxy in front ends TLS and sets X-Forwarded-For and -Proto")
    proxies: tuple[str, ...] = Field(("127.0.0.1",), description="addresses of such proxies; only they are believed")
    client_cert_header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")] | None = Field(
        None,
        description="the header in which that proxy hands on the certificate that it asked a device for, such as"
        " Client-Cert (RFC 9440); without it devices are known by their signatures alone",
    )
    metrics_token_file: Path | None = Field(
        None, description="a file with a bearer token for /metrics, for asking from elsewhere than this machine"
    )
    session_idle: Duration = Field(12 * 3600.0, gt=0, description="when an unused session of a browser ends")
    session_longest: Duration = Field(7 * 86400.0, gt=0, description="when every session of a browser ends")
    limits: LimitsSection = Field(LimitsSection(), description="how often anybody may ask")
    oidc: tuple[OidcSection, ...] = Field((), max_length=1000, description="companies' own sign-ins")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def encrypted(self) -> bool:
        """Whether browsers reach it by https."""
        return self.cert_file is not None or self.behind_proxy

    @property
    def asks_certificates(self) -> bool:
        """Whether this server asks devices for their certificate itself."""
        return self.cert_file is not None and not self.behind_proxy

    @property
    def demands_certificates(self) -> bool:
        """Whether a device must show its certificate beside its signature: here, or to the proxy."""
        return self.asks_certificates or self.client_cert_header is not None

    @field_validator("host")
    @classmethod
    def _an_address(cls, host: str) -> str:
        if host != "localhost":
            try:
                ipaddress.ip_address(host)
            except ValueError:
                raise ValueError("host is an address such as 127.0.0.1, 0.0.0.0 or ::") from None
        return host

    @field_validator("url")
    @classmethod
    def _a_url(cls, url: str | None) -> str | None:
        if url is not None and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
            raise ValueError("url begins with https:// and names a host")
        return None if url is None else url.rstrip("/")

    @model_validator(mode="after")
    def _safe(self) -> HttpSection:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together")
        if not self.is_loopback and self.access != "users":
            raise ValueError(f"on {self.host} anybody could read everything: set access: users")
        if not self.is_loopback and not self.encrypted:
            raise ValueError(
                f"on {self.host} passwords would travel readably: set cert_file and key_file, or behind_proxy: true"
            )
        if (self.behind_proxy or not self.is_loopback) and self.access == "users" and self.url is None:
            raise ValueError("set url: one-time links and sign-ins need to know how browsers reach this service")
        if self.behind_proxy and self.access != "users":
            raise ValueError("behind a proxy everybody comes from this machine: set access: users")
        if self.client_cert_header is not None and not self.behind_proxy:
            raise ValueError("client_cert_header is what a proxy sets: it needs behind_proxy: true")
        if len({one.id for one in self.oidc}) < len(self.oidc):
            raise ValueError("two sign-ins of oidc have the same id")
        return self
