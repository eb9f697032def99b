"""A Pratt parser: from text to a tree that knows places but no types yet."""

from __future__ import annotations

from decimal import Decimal

from core.formulas.lexing import Token, Unlexed, tokens
from core.formulas.model import (
    DEEPEST,
    LONGEST_FORMULA,
    MOST_NODES,
    Binary,
    Call,
    Fault,
    Literal,
    Member,
    Name,
    Node,
    Unary,
)
from core.i18n import _

# As in spreadsheets: comparisons weakest, then &, + -, * /, ^ (from the left), and a sign binds before ^.
BINDING = {
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), 10),
    "&": 20, "+": 30, "-": 30, "*": 40, "/": 40, "^": 50,
}  # fmt: skip
SIGN, PER_CENT = 60, 70
_WORDS = {"TRUE": (True, "boolean"), "FALSE": (False, "boolean"), "NULL": (None, "null")}


class _Wrong(Exception):
    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at, self.message = at, message


def place(text: str, at: int) -> tuple[int, int]:
    """(line, column) of an offset, from 1."""
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


def fault(text: str, at: int, message: str, suggestion: str = "") -> Fault:
    line, column = place(text, at)
    return Fault(line, column, message, suggestion)


def parse(text: str) -> Node | Fault:
    """The tree of `text`, or the first thing that is wrong with its form."""
    if len(text) > LONGEST_FORMULA:
        return Fault(1, 1, _("公式太长：最多 {n} 个字符", n=LONGEST_FORMULA))
    try:
        return _Parser(tokens(text)).whole()
    except (_Wrong, Unlexed) as error:
        return fault(text, error.at, error.message)


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.found, self.next, self.nodes = found, 0, 0

    def whole(self) -> Node:
        if self.peek.kind == "sign" and self.peek.value == "=":
            self.take()  # habit of spreadsheets
        if self.peek.kind == "end":
            raise _Wrong(0, _("公式是空的"))
        node, _depth = self.expression(0, 1)
        if self.peek.kind != "end":
            raise _Wrong(self.peek.at, self.unexpected(self.peek))
        return node

    @property
    def peek(self) -> Token:
        return self.found[self.next]

    def take(self) -> Token:
        self.next += 1
        return self.found[self.next - 1]

    def expect(self, sign: str, message: str) -> None:
        if self.peek.kind != "sign" or self.peek.value != sign:
            raise _Wrong(self.peek.at, message)
        self.take()

    def unexpected(self, token: Token) -> str:
        if token.kind == "end":
            return _("公式没有写完")
        if token.value == ")":
            return _("多了一个右括号")
        return _("这里不应是“{word}”，可能少了运算符或逗号", word=token.value[:20])

    def grown(self, at: int, depth: int) -> int:
        """The depth of a node above others of `depth`, within bounds."""
        self.nodes += 1
        if depth >= DEEPEST:
            raise _Wrong(at, _("公式嵌套太深，请拆成几个字段，或把连加改用 SUM"))
        if self.nodes > MOST_NODES:
            raise _Wrong(at, _("公式太长，请拆成几个字段"))
        return depth + 1

    def expression(self, least: int, inside: int) -> tuple[Node, int]:
        """(node, its depth); `inside` is how deep the parser stands."""
        if inside > DEEPEST:
            raise _Wrong(self.peek.at, _("公式嵌套太深，请拆成几个字段，或把连加改用 SUM"))
        left, depth = self.prefix(inside)
        while self.peek.kind == "sign":
            sign, at = self.peek.value, self.peek.at
            if sign == "%" and least <= PER_CENT:
                self.take()
                left, depth = Unary(at=at, sign="%", of=left), self.grown(at, depth)
                continue
            power = BINDING.get(sign, -1)
            if power <= least:
                break
            self.take()
            right, other = self.expression(power, inside + 1)
            left, depth = Binary(at=at, sign=sign, left=left, right=right), self.grown(at, max(depth, other))
        return left, depth

    def prefix(self, inside: int) -> tuple[Node, int]:
        token = self.take()
        if token.kind == "number":
            if len(token.value) > 34:
                raise _Wrong(token.at, _("数字太长：最多 34 位"))
            return Literal(at=token.at, type="number", value=Decimal(token.value)), self.grown(token.at, 0)
        if token.kind == "text":
            return Literal(at=token.at, type="text", value=token.value), self.grown(token.at, 0)
        if token.kind == "name":
            return self.named(token, inside)
        if token.value in ("-", "+") and token.kind == "sign":
            of, depth = self.expression(SIGN, inside + 1)
            return Unary(at=token.at, sign=token.value, of=of), self.grown(token.at, depth)
        if token.value == "(" and token.kind == "sign":
            node, depth = self.expression(0, inside + 1)
            self.expect(")", _("少了一个右括号"))
            return node, depth
        raise _Wrong(token.at, self.unexpected(token))

    def named(self, token: Token, inside: int) -> tuple[Node, int]:
        after = self.peek.value if self.peek.kind == "sign" else ""
        if after == "(":
            return self.call(token, inside)
        if token.value.upper() in _WORDS and after != ".":
            value, type_ = _WORDS[token.value.upper()]
            return Literal(at=token.at, type=type_, value=value), self.grown(token.at, 0)
        if after == ".":
            self.take()
            member = self.take()
            if member.kind != "name":
                raise _Wrong(member.at, _("“.”后面应是名称"))
            return Member(at=token.at, owner=token.value, word=member.value), self.grown(token.at, 0)
        return Name(at=token.at, word=token.value), self.grown(token.at, 0)

    def call(self, token: Token, inside: int) -> tuple[Node, int]:
        self.take()
        args, deepest = [], 0
        while not (self.peek.kind == "sign" and self.peek.value == ")"):
            if args:
                self.expect(",", _("参数之间要用逗号隔开，或少了右括号"))
            node, depth = self.expression(0, inside + 1)
            args.append(node)
            deepest = max(deepest, depth)
        self.take()
        call = Call(at=token.at, function=token.value.upper(), args=tuple(args))
        return call, self.grown(token.at, deepest)
