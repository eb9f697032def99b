"""The static check: what names stand for, which types meet, how many arguments; every fault with place and advice."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from core.formulas.functions import ALIASES, FUNCTIONS, OLD
from core.formulas.model import (
    UNKNOWN,
    Binary,
    Call,
    Fault,
    Member,
    Name,
    Named,
    Node,
    Scope,
    Type,
    Unary,
)
from core.formulas.parsing import fault
from core.i18n import _

_WORDS = {
    "number": "数字", "text": "文字", "boolean": "是否", "date": "日期", "datetime": "日期时间", "null": "空",
    "list": "一列值", "list:number": "一列数字", "list:text": "一列文字", "list:row": "明细", "day": "日期或日期时间",
    "numbers": "数字或一列数字", "texts": "文字或一列文字", "any": "一个值", "values": "一个值或一列值",
    "Ts": "数字、日期或它们的一列", "Ks": "一列值",
}  # fmt: skip
MOST_ADVISED = 20  # faults: likeness is dear to find out
_COMPARED = ("=", "<>", "<", "<=", ">", ">=")
_ORDERED = ("number", "text", "date", "datetime")


def type_word(type_: Type) -> str:
    return _(_WORDS.get(type_) or _WORDS["list" if type_.startswith("list:") else "any"])


def is_list(type_: Type) -> bool:
    return type_.startswith("list:")


def typed(tree: Node, text: str, scope: Scope) -> tuple[Node, list[Fault]]:
    """The tree with its types, and all that is wrong with it."""
    checker = _Checker(text, scope)
    return checker.node(tree), checker.faults


class _Checker:
    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope, self.faults = text, scope, []  # type: ignore[var-annotated]

    def near(self, word: str, names: Iterable[str]) -> str:
        """The closest name; not looked for any more where almost nothing is right."""
        return closest(word, names) if len(self.faults) < MOST_ADVISED else ""

    def wrong(self, at: int, message: str, suggestion: str = "") -> Type:
        self.faults.append(fault(self.text, at, message, suggestion))
        return UNKNOWN

    def node(self, node: Node) -> Node:
        match node:
            case Name():
                found = self.resolve(node.at, node.word, self.scope.names)
                return replace(node, word=found.code, type=found.type) if found else node
            case Member():
                return self.member(node)
            case Unary():
                of = self.node(node.of)
                return replace(node, of=of, type=self.needs(of, "number", node.sign))
            case Binary():
                left, right = self.node(node.left), self.node(node.right)
                return replace(node, left=left, right=right, type=self.binary(node, left, right))
            case Call():
                return self.call(node)
        return node

    def resolve(self, at: int, word: str, names: Mapping[str, Named]) -> Named | None:
        if word in names:
            return names[word]
        titled = [one for one in names.values() if one.title == word]
        if len(titled) > 1:
            codes = _("、").join(one.code for one in titled)
            self.wrong(at, _("有几个字段叫“{name}”，请写代码：{codes}", name=word, codes=codes))
        elif titled and self.scope.spoken:
            return titled[0]
        elif titled:
            code = titled[0].code
            self.wrong(at, _("这里请写字段的代码 {code}，不写名称“{name}”", code=code, name=word), code)
        else:
            self.unknown(at, word, names)
        return None

    def unknown(self, at: int, word: str, names: Mapping[str, Named]) -> None:
        if word.upper() in FUNCTIONS or word.upper() in ALIASES:
            self.wrong(at, _("“{name}”是函数，后面要有括号", name=word), f"{word.upper()}()")
            return
        titles = {one.title: one.code for one in names.values() if one.title}
        close = self.near(word, (*names, *titles))
        if close:
            told = close if self.scope.spoken else titles.get(close, close)
            self.wrong(at, _("没有叫“{name}”的字段，是不是“{close}”？", name=word, close=told), told)
        else:
            self.wrong(at, _("没有叫“{name}”的字段", name=word))

    def member(self, node: Member) -> Node:
        owner = self.resolve(node.at, node.owner, self.scope.names)
        if owner is None:
            return node
        if not owner.members:
            self.wrong(node.at, _("“{name}”既不是明细，也不能由它取别处的值", name=node.owner))
            return node
        found = self.resolve(node.at + len(node.owner) + 1, node.word, owner.members)
        if found is None:
            return node
        rows = owner.type == "list:row"
        type_ = f"list:{found.type}" if rows else found.type
        return replace(node, owner=owner.code, word=found.code, type=type_, looked_up=not rows)

    def needs(self, node: Node, type_: Type, sign: str) -> Type:
        if node.type in (type_, UNKNOWN, "null"):
            return type_
        words = {"sign": sign, "type": type_word(type_), "given": type_word(node.type)}
        advice = "SUM()" if is_list(node.type) else ""
        return self.wrong(node.at, _("“{sign}”要用在{type}上，这里是{given}", **words), advice)

    def binary(self, node: Binary, left: Node, right: Node) -> Type:
        if node.sign == "&":
            for side in (left, right):
                if is_list(side.type):
                    self.wrong(side.at, _("“&”不能连接一列值"))
            return "text"
        if node.sign in _COMPARED:
            return self.comparison(node, left, right)
        kinds = (left.type, right.type)
        if node.sign in "+-" and "date" in kinds:
            if kinds == ("date", "date"):
                return "number" if node.sign == "-" else self.wrong(node.at, _("两个日期不能相加，可以相减"))
            other = right if left.type == "date" else left
            if other is right or node.sign == "+":
                self.needs(other, "number", node.sign)
                return "date"
        advice = _("文字相连请用 &") if node.sign == "+" and "text" in kinds else ""
        for side in (left, right):
            if side.type not in ("number", UNKNOWN, "null"):
                words = {"sign": node.sign, "type": type_word("number"), "given": type_word(side.type)}
                message = _("“{sign}”要用在{type}上，这里是{given}", **words)
                suggestion = "&" if advice else "SUM()" if is_list(side.type) else ""
                self.wrong(side.at, message + (_("；") + advice if advice else ""), suggestion)
                break
        return "number"

    def comparison(self, node: Binary, left: Node, right: Node) -> Type:
        kinds = {left.type, right.type} - {UNKNOWN, "null"}
        if any(map(is_list, kinds)):
            self.wrong(node.at, _("一列值不能直接比较，请先用 SUM、COUNT、CONTAINS 等函数"), "CONTAINS()")
        elif len(kinds) > 1:
            words = {"left": type_word(left.type), "right": type_word(right.type)}
            advice = "DATE()" if kinds == {"date", "text"} else ""
            more = _("；日期请写成 DATE(年, 月, 日)") if advice else ""
            self.wrong(node.at, _("{left}不能和{right}比较", **words) + more, advice)
        elif node.sign not in ("=", "<>") and not kinds <= set(_ORDERED):
            self.wrong(node.at, _("是否不分大小，请用 = 或 <>"), "=")
        return "boolean"

    def call(self, node: Call) -> Node:
        name = ALIASES.get(node.function, node.function)
        if name == OLD:
            return self.old(node)
        args = tuple(map(self.node, node.args))
        function = FUNCTIONS.get(name)
        if function is None:
            close = self.near(name, (*FUNCTIONS, *ALIASES, OLD))
            told = _("没有函数 {name}，是不是 {close}？", name=name, close=close) if close else ""
            self.wrong(node.at, told or _("没有函数 {name}", name=name), close)
            return replace(node, args=args)
        kinds = function.kinds_for(len(args))
        if kinds is None:
            self.wrong(node.at, _("{name} 的参数个数不对，写法是 {usage}", name=name, usage=function.usage))
            return replace(node, function=name, args=args, type=UNKNOWN if len(function.gives) == 1 else function.gives)
        groups: dict[str, Type] = {}
        for place, (arg, kind) in enumerate(zip(args, kinds, strict=True), 1):
            self.argument(name, place, arg, kind, groups)
        gives = groups.get("T", "null") if function.gives == "T" else function.gives
        return replace(node, function=name, args=args, type=gives)

    def argument(self, name: str, place: int, arg: Node, kind: str, groups: dict[str, Type]) -> None:
        if arg.type in (UNKNOWN, "null") or fits(arg.type, kind, groups):
            return
        expected = groups[kind[0]] if kind[0] in groups and len(kind) <= 2 else kind
        words = {"name": name, "n": place, "type": type_word(expected), "given": type_word(arg.type)}
        advice = "DATE()" if arg.type == "text" and expected in ("day", "date") else ""
        self.wrong(arg.at, _("{name} 的第 {n} 个参数应是{type}，这里是{given}", **words), advice)

    def old(self, node: Call) -> Node:
        if not self.scope.old:
            self.wrong(node.at, _("明细的列里不能用 OLD"))
            return node
        if len(node.args) != 1 or not isinstance(node.args[0], Name | Member):
            self.wrong(node.at, _("OLD 里只能写一个字段，写法是 {usage}", usage="OLD(field)"))
            return node
        found = self.node(node.args[0])
        if isinstance(found, Member) and found.looked_up:
            self.wrong(node.at, _("OLD 里只能写一个字段，写法是 {usage}", usage="OLD(field)"))
            return node
        return replace(found, old=True)  # type: ignore[call-arg]


def fits(type_: Type, kind: str, groups: dict[str, Type]) -> bool:
    """Whether an argument of `type_` may stand where `kind` is asked for; binds groups as it goes."""
    if kind == "values":
        return True
    if kind in ("T", "K", "Ts", "Ks"):
        if (kind == "Ks") != is_list(type_) and kind != "Ts":
            return False
        element = type_.removeprefix("list:")
        if element == "row" or (kind == "Ts" and element == "boolean"):
            return False
        return groups.setdefault(kind[0], element) == element
    allowed: dict[str, Any] = {
        "day": ("date", "datetime"), "numbers": ("number", "list:number"), "texts": ("text", "list:text"),
    }  # fmt: skip
    if kind == "any":
        return not is_list(type_)
    return type_ in allowed.get(kind, (kind,))


def closest(word: str, names: Iterable[str]) -> str:
    """The name most like `word`, or ""."""
    known = {name.casefold(): name for name in names}
    found = difflib.get_close_matches(word.casefold(), known, n=1, cutoff=0.5)
    return known[found[0]] if found else ""


def every_node(node: Node) -> Iterable[Node]:
    """Every node of a tree."""
    yield node
    below: tuple[Node, ...] = ()
    if isinstance(node, Unary):
        below = (node.of,)
    elif isinstance(node, Binary):
        below = (node.left, node.right)
    elif isinstance(node, Call):
        below = node.args
    for one in below:
        yield from every_node(one)
