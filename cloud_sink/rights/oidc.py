"""A company's own sign-in: OpenID Connect, authorization code with PKCE, by Authlib and joserfc."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cloud_sink.rights.accounts import AccountError
from cloud_sink.rights.roles import Role
from cloud_sink.rights.secrets import digest, new_id, new_token
from cloud_sink.store import users
from cloud_sink.store.database import writing
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloud_sink.fleet.http_settings import OidcSection
    from cloud_sink.store.database import Database

PATIENCE = 10.0
"""Seconds a provider may take to answer."""

UNDER_WAY = timedelta(minutes=15)
"""How long a person may take at the provider."""

_ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures by public keys only: with HS256 the client's secret would sign, and `none` signs nothing."""

_LEEWAY = 60
"""Seconds that the provider's clock may differ from ours."""


class SignInError(AccountError):
    """A sign-in at a company's provider that failed."""


class Provider:
    """One company's provider.

    Args:
        section: its configuration.
        engine: the database, for sign-ins under way and users.
        redirect: where the provider sends the browser back to.
    """

    def __init__(self, section: OidcSection, engine: Database, redirect: str) -> None:
        self.section = section
        self._engine = engine
        self._redirect = redirect
        self._secret = _secret(section)
        self._turn = threading.Lock()
        self._described: dict[str, Any] | None = None

    def begin(self) -> tuple[str, str]:
        """Begin a sign-in.

        Returns:
            The address that the browser is sent to, and the state that it must bring back, in its cookie, too.

        Raises:
            SignInError: the provider does not answer.
        """
        state, nonce, verifier = new_token(), digest(new_token()), new_token() + new_token()
        with self._client() as client:
            url, _ = client.create_authorization_url(
                self._description()["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        now = datetime.now(UTC)
        with writing(self._engine) as connection:
            users.begin_sign_in(
                connection,
                digest(state),
                provider=self.section.id,
                nonce=nonce,
                verifier=verifier,
                now=now,
                expires=now + UNDER_WAY,
            )
        return str(url), state

    def end(self, state: str, code: str) -> users.User:
        """Take the browser back from the provider: who it is now, made or changed as the provider says.

        Raises:
            SignInError: the provider's answer proves nobody, or somebody without a role here.
        """
        with writing(self._engine) as connection:
            begun = users.end_sign_in(connection, digest(state), self.section.id, datetime.now(UTC))
        if begun is None:
            raise SignInError("this sign-in is over or was not begun here", "sign in again")
        nonce, verifier = begun
        return self._enter(self._claims(code, nonce, verifier))

    def _claims(self, code: str, nonce: str, verifier: str) -> Mapping[str, Any]:
        try:
            with self._client() as client:
                token = client.fetch_token(
                    self._description()["token_endpoint"], code=code, code_verifier=verifier, timeout=PATIENCE
                )
            said: Any = self._get(self._description()["jwks_uri"])
            keys = KeySet.import_key_set(said)
            claims: dict[str, Any] = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS).claims
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY,
                iss={"essential": True, "value": self.section.issuer},
                aud={"essential": True, "value": self.section.client_id},
                exp={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except (requests.RequestException, AuthlibBaseError, JoseError, KeyError, ValueError) as error:
            raise SignInError(f"{self.section.issuer} did not say who this is: {error}", "sign in again") from None
        if claims.get("azp", self.section.client_id) != self.section.client_id:
            raise SignInError(f"{self.section.issuer} says it to somebody else", "sign in again")
        return claims

    def _enter(self, claims: Mapping[str, Any]) -> users.User:
        role = role_of(claims, self.section)
        if role is None:
            raise SignInError("your account has no role here", "ask whoever administers your company's sign-in")
        tenant, issuer, subject = self.section.tenant, self.section.issuer, str(claims["sub"])
        name = str(claims.get("email") or claims.get("preferred_username") or subject)[:200]
        with writing(self._engine) as connection:
            known = users.known_as(connection, tenant, issuer, subject)
            if known is not None:
                if known.disabled:
                    raise SignInError("your account is disabled here", "ask an admin")
                users.change(connection, known.id, role=role.value)
                return replace(known, role=role.value)
            made = users.User(
                id=new_id(),
                tenant=tenant,
                name=name,
                role=role.value,
                password=None,
                issuer=issuer,
                subject=subject,
                created=datetime.now(UTC),
                disabled=False,
            )
            try:
                users.enter(connection, made)
            except users.NameTaken:
                raise SignInError(f"{tenant} has another user {name}", "an admin must delete that one first") from None
        return made

    def _client(self) -> OAuth2Session:
        return OAuth2Session(
            self.section.client_id,
            self._secret,
            scope=self.section.scopes,
            redirect_uri=self._redirect,
            code_challenge_method="S256",
        )

    def _description(self) -> dict[str, Any]:
        with self._turn:
            if self._described is None:
                where = f"{self.section.issuer.rstrip('/')}/.well-known/openid-configuration"
                try:
                    said = self._get(where)
                except (requests.RequestException, ValueError) as error:
                    raise SignInError(f"{where}: {error}", "try again in a while") from None
                if said.get("issuer") != self.section.issuer:
                    raise SignInError(f"{where} is of another issuer: {said.get('issuer')}", "correct http.oidc.issuer")
                self._described = said
            return self._described

    def _get(self, url: str) -> dict[str, Any]:
        answer = requests.get(url, timeout=PATIENCE)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content


def role_of(claims: Mapping[str, Any], section: OidcSection) -> Role | None:
    """The highest role that a person's claim gives; None for none."""
    said = claims.get(section.role_claim, [])
    values = said if isinstance(said, list) else [said]
    held = {section.roles[value] for value in values if isinstance(value, str) and value in section.roles}
    return next((role for role in reversed(Role) if role in held), section.default_role)


def _secret(section: OidcSection) -> str | None:
    if section.client_secret_file is None:
        return None
    try:
        return section.client_secret_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"http.oidc {section.id}: {section.client_secret_file} cannot be read: {error}", "check its path and rights"
        ) from None
