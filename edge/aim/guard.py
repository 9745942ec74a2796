"""Whose requests are heard at all: made for this device by its own page. Pure."""

from __future__ import annotations

import ipaddress
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def is_for_us(host: str | None, *, names: Collection[str], address: str, port: int, secure: bool) -> bool:
    """Whether a `Host` header names this device.

    A page of somebody else that has its own name point here (DNS rebinding) comes with that name, and is not heard.
    An address as such cannot be rebound.

    Args:
        host: the header; None where there is none.
        names: what this device is called, in small letters.
        address: of this end of the connection.
        port: that is listened at.
        secure: whether by HTTPS.
    """
    parts = _parts(f"//{host}") if host else None
    if parts is None:
        return False
    name, given = parts
    return (given or (443 if secure else 80)) == port and (name in names or name == _plain(address))


def is_from_us(headers: Mapping[str, str], *, scheme: str) -> bool:
    """Whether a request that changes something was sent by this page: browsers say where it comes from.

    Args:
        headers: of the request, by name in small letters.
        scheme: `https` or `http`.
    """
    return (
        headers.get("origin") == f"{scheme}://{headers.get('host', '')}"
        and headers.get("sec-fetch-site", "same-origin") == "same-origin"
        and headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
    )


def cookie_name(*, secure: bool) -> str:
    """`__Host-` binds a cookie to this very address, path and HTTPS: RFC 6265bis."""
    return "__Host-aim" if secure else "aim"


def set_cookie(token: str, *, secure: bool, seconds: int) -> str:
    """The header that gives a phone its session."""
    kept = f"{cookie_name(secure=secure)}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}"
    return f"{kept}; Secure" if secure else kept


def token_of(cookies: str | None, *, secure: bool) -> str:
    """The session's token out of a `Cookie` header; empty where there is none."""
    if not cookies:
        return ""
    try:
        found = SimpleCookie(cookies).get(cookie_name(secure=secure))
    except CookieError:
        return ""
    return "" if found is None else found.value


def _parts(url: str) -> tuple[str, int | None] | None:
    try:
        parts = urlsplit(url)
        if parts.username is not None or parts.path or parts.query or not parts.hostname:
            return None
        return _plain(parts.hostname), parts.port
    except ValueError:
        return None


def _plain(name: str) -> str:
    """Addresses are written in several ways."""
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name.lower().rstrip(".")
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
