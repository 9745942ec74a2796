"""Rules that a user writes in the configuration: `footfall > p75 and osa < 0.9`. Checked when read, evaluated safely.

The words are those of Python expressions: columns, numbers, texts in quotes, `< <= > >= == !=`, `+ - * /`, `and`, `or`,
`not` and parentheses; no calls, no attributes. `p75` beside a column is the 75th percentile of that column over the
stores that are compared. What nobody observed is unknown, and an unknown part decides nothing (Kleene's three values):
`osa < 0.9 or stockouts > 2` holds by its second half alone.
"""

from __future__ import annotations

import ast
import difflib
import operator
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from simpleeval import SimpleEval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NUMBERS = (
    "completeness",
    "people_completeness",
    "osa",
    "osa_watched",
    "stockouts",
    "own_share",
    "purity",
    "unknown_share",
    "occupancy",
    "must_stock",
    "present",
    "shelf",
    "order",
    "compliance",
    "footfall",
    "passers",
    "stoppers",
    "stop_rate",
    "dwell_seconds",
    "door_open_rate",
    "score",
)
"""Columns that hold numbers: the figures of a store, and the score of its grade."""

TEXTS = ("chain", "channel", "city", "store_class", "representative")
"""Columns that hold texts."""

LONGEST = 500

_PERCENTILE = re.compile(r"p(\d{1,2})")

Kind = Literal["number", "text", "truth"]
Threshold = tuple[str, int]
"""A column and a percentile of it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A checked rule, the columns that it names, and the percentiles that it asks for."""

    name: str
    text: str
    tree: ast.Expr
    columns: frozenset[str]
    thresholds: frozenset[Threshold]

    def holds(self, row: Mapping[str, float | str | None], thresholds: Mapping[Threshold, float | None]) -> bool | None:
        """Whether it holds of a store; None where nobody can tell.

        Args:
            row: the store's columns, None for unknown.
            thresholds: the percentiles asked for.
        """
        names = {**row, **{_threshold(one): value for one, value in thresholds.items()}}
        found = SimpleEval(operators=_OPERATORS, functions={}, names=names).eval(self.text, previously_parsed=self.tree)
        return None if found is None else bool(found)


def read_rule(name: str, text: str) -> Rule:
    """Check a rule.

    Raises:
        ValueError: naming the rule, what of it is wrong, and the mend.
    """
    if len(text) > LONGEST:
        raise ValueError(f"rule {name} has {len(text)} characters; at most {LONGEST} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"rule {name} cannot be read: {text!r}; write such as: footfall > p75 and osa < 0.9") from None
    reader = _Reader(name)
    checked, kind = reader.read(tree)
    if kind != "truth":
        raise ValueError(f"rule {name} compares nothing; write such as: osa < 0.9")
    return Rule(name, text, ast.Expr(checked), frozenset(reader.columns), frozenset(reader.thresholds))


class _Reader:
    """Checks a tree and rewrites it: chains into pairs, `and` and `or` into operators that know the unknown."""

    def __init__(self, rule: str) -> None:
        self._rule = rule
        self.columns: set[str] = set()
        self.thresholds: set[Threshold] = set()

    def read(self, node: ast.expr, beside: str | None = None) -> tuple[ast.expr, Kind]:
        """The node rewritten, and what it is; `beside` is the column on the other side of a comparison."""
        match node:
            case ast.BoolOp():
                parts = [self._want(one, "truth") for one in node.values]
                return self._joined(parts, ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()), "truth"
            case ast.UnaryOp(op=ast.Not() | ast.USub()):
                kind: Kind = "truth" if isinstance(node.op, ast.Not) else "number"
                return ast.UnaryOp(node.op, self._want(node.operand, kind)), kind
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                left, right = (self._want(one, "number", beside) for one in (node.left, node.right))
                return ast.BinOp(left, node.op, right), "number"
            case ast.Compare():
                return self._compared(node), "truth"
            case ast.Name():
                return self._named(node.id, beside)
            case ast.Constant(value=int() | float() | str()) if not isinstance(node.value, bool):
                return node, "text" if isinstance(node.value, str) else "number"
        raise ValueError(f"rule {self._rule}: {ast.unparse(node)!r} is not allowed; columns and numbers are compared")

    def _compared(self, node: ast.Compare) -> ast.expr:
        pairs = []
        for (left, right), op in zip(pairwise([node.left, *node.comparators]), node.ops, strict=True):
            pair = [self.read(left, _column(right)), self.read(right, _column(left))]
            kinds = {kind for _, kind in pair}
            if not isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE | ast.Eq | ast.NotEq) or "truth" in kinds:
                raise ValueError(
                    f"rule {self._rule}: {ast.unparse(node)!r} is not allowed; compare with < <= > >= == !="
                )
            if len(kinds) > 1 or (kinds == {"text"} and not isinstance(op, ast.Eq | ast.NotEq)):
                column = _column(left) or _column(right) or ast.unparse(left)
                what = "a text: compare it with == or != and a text in quotes" if column in TEXTS else "a number"
                raise ValueError(f"rule {self._rule}: column {column} is {what}")
            pairs.append(ast.Compare(pair[0][0], [op], [pair[1][0]]))
        return self._joined(pairs, ast.BitAnd())

    def _named(self, name: str, beside: str | None) -> tuple[ast.expr, Kind]:
        percentile = _PERCENTILE.fullmatch(name)
        if percentile:
            if beside not in NUMBERS:
                raise ValueError(f"rule {self._rule}: {name} stands beside no column; write such as: footfall > {name}")
            self.thresholds.add((beside, int(percentile[1])))
            return ast.Name(_threshold((beside, int(percentile[1]))), ast.Load()), "number"
        if name in NUMBERS or name in TEXTS:
            self.columns.add(name)
            return ast.Name(name, ast.Load()), "number" if name in NUMBERS else "text"
        near = difflib.get_close_matches(name, [*NUMBERS, *TEXTS], n=1)
        mend = f"did you mean {near[0]}?" if near else f"columns are {', '.join([*NUMBERS, *TEXTS])}"
        raise ValueError(f"rule {self._rule}: no column {name}; {mend}")

    def _want(self, node: ast.expr, wanted: Kind, beside: str | None = None) -> ast.expr:
        found, kind = self.read(node, beside)
        if kind != wanted:
            raise ValueError(f"rule {self._rule}: {ast.unparse(node)!r} is a {kind}, and a {wanted} belongs there")
        return found

    @staticmethod
    def _joined(parts: Sequence[ast.expr], op: ast.operator) -> ast.expr:
        joined = parts[0]
        for part in parts[1:]:
            joined = ast.BinOp(joined, op, part)
        return joined


def _column(node: ast.expr) -> str | None:
    """The one column that an expression names."""
    names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and not _PERCENTILE.fullmatch(one.id)}
    return names.pop() if len(names) == 1 else None


def _threshold(one: Threshold) -> str:
    return f"{one[0]} p{one[1]}"


def _known(operation: Callable[..., Any]) -> Callable[..., Any]:
    """An operation of which an unknown part makes the whole unknown."""

    def applied(*parts: object) -> object:
        return None if any(part is None for part in parts) else operation(*parts)

    return applied


def _both(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001 - operands
    return False if one is False or other is False else None if None in {one, other} else True


def _either(one: bool | None, other: bool | None) -> bool | None:  # noqa: FBT001 - operands
    return True if one is True or other is True else None if None in {one, other} else False


def _divided(part: float, whole: float) -> float | None:
    return part / whole if whole else None


_OPERATORS = {
    ast.BitAnd: _both,
    ast.BitOr: _either,
    ast.Not: _known(operator.not_),
    ast.USub: _known(operator.neg),
    ast.Add: _known(operator.add),
    ast.Sub: _known(operator.sub),
    ast.Mult: _known(operator.mul),
    ast.Div: _known(_divided),
    ast.Lt: _known(operator.lt),
    ast.LtE: _known(operator.le),
    ast.Gt: _known(operator.gt),
    ast.GtE: _known(operator.ge),
    ast.Eq: _known(operator.eq),
    ast.NotEq: _known(operator.ne),
}
