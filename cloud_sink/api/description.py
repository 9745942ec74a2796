"""The API's own description: what stands in it beside what the routes say, the same for all of them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from cloud_sink.api.gate import rights_of
from cloud_sink.api.problems import ProblemBody, described
from cloud_sink.rights.roles import LEAST

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.routing import APIRoute

    from cloud_sink.rights.roles import Right

_TEXT = """Profiles, facts and photographs of stores, for one tenant's people and programs.

Programs send `Authorization: Bearer KEY`. Pages send the session's cookie, and with each change its word as
`X-CSRF-Token`. On the machine itself, with `http.access: loopback`, nobody sends anything. What belongs to another
tenant does not exist: 404. Errors are problem+json (RFC 9457). Lists have pages: `next` is the `cursor` of
the one behind. Every JSON answer to GET has an ETag; `If-None-Match` with it is answered with 304.
"""

_SCHEMES = {
    "key": {"type": "http", "scheme": "bearer", "description": "an API key"},
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-facings", "description": "`facings` without TLS"},
}


def describe(app: FastAPI) -> None:
    """Give an application its description."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _openapi(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _openapi(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=_TEXT, routes=app.routes)
    parts = found.setdefault("components", {})
    parts["securitySchemes"] = _SCHEMES
    schemas = parts.setdefault("schemas", {})
    schemas["ProblemBody"] = ProblemBody.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for schema in schemas.values():
        for example in schema.get("examples", []):
            _say_null(example, schema, schemas)
    listed: list[APIRoute] = app.state.routes
    for route in listed:
        if route.include_in_schema:
            (right,) = rights_of([one.call for one in route.dependant.dependencies])
            for method in route.methods or ():
                _complete(found["paths"][route.path][method.lower()], right, method)
    return found


def _say_null(example: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Put back what FastAPI drops from examples: what is null, however deep it lies."""
    meant = next((one for one in schema.get("anyOf", []) if one.get("type") != "null"), schema)
    whole = schemas[meant["$ref"].rpartition("/")[2]] if "$ref" in meant else meant
    if isinstance(example, list):
        for one in example:
            _say_null(one, whole.get("items", {}), schemas)
    elif isinstance(example, dict):
        example |= {name: None for name in whole.get("required", []) if name not in example}
        for name, field in whole.get("properties", {}).items():
            _say_null(example.get(name), field, schemas)


def _complete(operation: dict[str, Any], right: Right | None, method: str) -> None:
    """Say who may, and which problems there are, beside what the route says."""
    common = described(HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.FORBIDDEN)
    if right is not None:
        common |= described(HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
        operation["security"] = [{"key": []}, {"session": []}]
        operation["x-least-role"] = LEAST[right]
        common |= described(HTTPStatus.SERVICE_UNAVAILABLE)
    if any(one["name"] == "tenant" for one in operation.get("parameters", [])):
        common |= described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
    if "requestBody" in operation:
        for kind, content in operation["requestBody"]["content"].items():
            if (
                kind == "text/csv"
            ):  # any bytes are sent: as OpenAPI 3.1 says of files, and the answer says what they lack
                said = content["schema"].get("description", "")
                content["schema"] = {"contentMediaType": kind, "description": said}
        common |= described(HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.SERVICE_UNAVAILABLE)
    operation["responses"] |= {str(status): said for status, said in common.items()}
    if method == "GET" and "application/json" in operation["responses"].get("200", {}).get("content", {}):
        operation["responses"]["304"] = {"description": "the asker has it"}
    operation["responses"] = dict(sorted(operation["responses"].items()))
