"""YAML files that people write, read into a pydantic model: every error names file, line, key and the mend."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from edge.contract.errors import ConfigError, FacingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)
MAX_BYTES = 16 * 1024 * 1024


def load_yaml(path: Path, model: type[M], *, error: type[FacingsError] = ConfigError) -> M:
    """Read a YAML file into `model`.

    A key `path: Path` of the model is taken as the file writes it; who needs it relative to the file resolves it.

    Raises:
        FacingsError: of the class `error`; one line naming file, line, key, and the mend.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise error(f"{path}: {size} bytes", f"such a file has at most {MAX_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
    except OSError as failure:
        raise error(f"{path}: {failure.strerror or failure}", "give the path of a readable file") from None
    except UnicodeDecodeError as failure:
        raise error(f"{path}: byte {failure.start} is not UTF-8", "save the file as UTF-8") from None
    return parse_yaml(text, model, name=str(path), error=error)


def parse_yaml(text: str, model: type[M], *, name: str, error: type[FacingsError] = ConfigError) -> M:
    """Parse YAML text into `model`; `name` stands in errors.

    Raises:
        FacingsError: of the class `error`; one line naming file, line, key, and the mend.
    """
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as failure:
        raise error(f"{name}: {failure}", "save the file as plain UTF-8 text") from None
    try:
        root = loader.get_single_node()
        if root is None:
            raise error(f"{name}: the file is empty", f"start with: {_first_key(model)}")
        _refuse_doubled_keys(root, name, error)
        content = loader.construct_document(root)
    except yaml.MarkedYAMLError as failure:
        mark = failure.problem_mark or failure.context_mark
        line = mark.line + 1 if mark else 1
        raise error(f"{name}: line {line}: {failure.problem}", "mend the YAML: indentation, colons, quotes") from None
    except (yaml.YAMLError, ValueError, RecursionError) as failure:
        raise error(f"{name}: {failure}", "mend the YAML: indentation, colons, quotes") from None
    finally:
        loader.dispose()
    try:
        return model.model_validate(content)
    except ValidationError as failure:
        raise _explain(failure, root, model, name, error) from None


def _explain(
    failure: ValidationError, root: yaml.Node, model: type[BaseModel], name: str, error: type[FacingsError]
) -> FacingsError:
    details = without_echoes(failure.errors(include_url=False))
    first = next((detail for detail in details if detail["type"] == "extra_forbidden"), details[0])
    line, steps = _locate(root, first["loc"])
    key = ".".join(str(step) for step in steps) or "file"
    more = f"; and {len(details) - 1} more" if len(details) > 1 else ""
    if first["type"] == "extra_forbidden":
        return error(f"{name}: line {line}: unknown key {key}{more}", _known_keys(model, steps))
    if first["type"] == "missing":
        return error(f"{name}: line {line}: key {key} is missing{more}", f"add it: {steps[-1]}: …")
    return error(f"{name}: line {line}: {key}: {_message(first)}{more}", _described(model, steps))


class WrongKeyError(ConfigError):
    """A key of a file that was read well; found wrong by looking at what it points to.

    Args:
        what: as for every error of the project.
        mend: as for every error of the project.
        loc: the way to the key.
        said: what is wrong with it, without file and line.
    """

    def __init__(self, what: str, mend: str, *, loc: Sequence[int | str], said: str) -> None:
        super().__init__(what, mend)
        self.loc = tuple(loc)
        self.said = said


def wrong_key(path: Path, loc: Sequence[int | str], said: str, mend: str) -> WrongKeyError:
    """What is wrong with a key of a file that was read well: found only by looking at what it points to.

    Args:
        path: the file.
        loc: the way to the key, such as `("cameras", 0, "source", "path")`.
        said: what is wrong with it.
        mend: what to do.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        root = None  # it was readable a moment ago; the key says enough
    line = f"line {_locate(root, loc)[0]}: " if root is not None else ""
    what = f"{path}: {line}{'.'.join(str(step) for step in loc)}: {said}"
    return WrongKeyError(what, mend, loc=loc, said=said)


def without_echoes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Faults without the echo of an item that failed: a list that is then too short."""
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(other is not detail and other["loc"][: len(detail["loc"])] == detail["loc"] for other in details)
    ]


def _message(detail: ErrorDetails) -> str:
    if detail["type"] == "model_type":
        return "keys such as `name: value` belong here"
    said = detail["msg"].removeprefix("Value error, ")
    value = detail.get("input")
    if isinstance(value, str | int | float | bool) and "error" not in detail.get("ctx", {}):
        return f"{said}, not {value!r}"
    return said


def _locate(root: yaml.Node, loc: Sequence[int | str]) -> tuple[int, list[int | str]]:
    """The line of a pydantic location, and the steps of it that are keys in the file (union tags are not)."""
    node, line, steps = root, root.start_mark.line + 1, []
    for step in loc:
        found = False
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    node, line, found = value, key.start_mark.line + 1, True
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line, found = node.start_mark.line + 1, True
        if found or step == loc[-1]:
            steps.append(step)
    return line, steps


def _refuse_doubled_keys(node: yaml.Node, name: str, error: type[FacingsError]) -> None:
    for mapping in _mappings(node):
        seen: dict[str, int] = {}
        for key, _ in mapping.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode):
                raise error(
                    f"{name}: line {key.start_mark.line + 1}: key {key.value} stands twice",
                    f"it is on line {seen[key.value]} already; keep one",
                )
            if isinstance(key, yaml.ScalarNode):
                seen[key.value] = key.start_mark.line + 1


def _mappings(root: yaml.Node) -> Iterator[yaml.MappingNode]:
    stack, visited = [root], set()
    while stack:
        node = stack.pop()
        if id(node) in visited:  # an alias can make a node its own child
            continue
        visited.add(id(node))
        if isinstance(node, yaml.MappingNode):
            yield node
            stack.extend(value for _, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            stack.extend(node.value)


def _models_at(model: type[BaseModel], steps: Sequence[int | str]) -> list[type[BaseModel]]:
    """The models that may stand at the place where the last step is a key."""
    models = [model]
    for step in steps[:-1]:
        if isinstance(step, int):
            continue
        models = [
            inner
            for outer in models
            if step in outer.model_fields
            for inner in _models_in(outer.model_fields[step].annotation)
        ]
    return models


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [inner for argument in get_args(annotation) for inner in _models_in(argument)]


def _known_keys(model: type[BaseModel], steps: Sequence[int | str]) -> str:
    known = sorted(
        {field.alias or key for place in _models_at(model, steps) for key, field in place.model_fields.items()}
    )
    close = difflib.get_close_matches(str(steps[-1]) if steps else "", known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known here: {', '.join(known)}" if known else "remove it"


def _described(model: type[BaseModel], steps: Sequence[int | str]) -> str:
    for place in _models_at(model, steps):
        for key, field in place.model_fields.items():
            if steps and str(steps[-1]) in {key, field.alias} and field.description:
                return field.description
    return ""


def _first_key(model: type[BaseModel]) -> str:
    return f"{next(iter(model.model_fields), '')}:"
