"""The static check: what names stand for, which types meet, how many arguments; every fault with place and advice."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from core.formulas.functions import ALIASES, FUNCTIONS, OLD
from core.formulas.model import (
    RELATED,
    UNKNOWN,
    Binary,
    Call,
    Fault,
    Gather,
    Gathered,
    Literal,
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
    "list": "一列值", "list:number": "一列数字", "list:text": "一列文字", "list:row": "明细",
    "list:related": "关联的记录", "day": "日期或日期时间",
    "numbers": "数字或一列数字", "texts": "文字或一列文字", "any": "一个值", "values": "一个值或一列值",
    "Ts": "数字、日期或它们的一列", "Ks": "一列值",
}  # fmt: skip
MOST_ADVISED = 20  # faults: likeness is dear to find out
_COMPARED = ("=", "<>", "<", "<=", ">", ">=")
_ORDERED = ("number", "text", "date", "datetime")
_EXTREMES = ("number", "date", "datetime")
_GATHERS = {"SUM": "sum", "COUNT": "count", "MIN": "min", "MAX": "max", "AVERAGE": "avg", "SUMIF": "sum",
            "COUNTIF": "count"}  # fmt: skip


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
        related, rows = owner.type == RELATED, owner.type == "list:row"
        type_ = f"list:{found.type}" if rows or related else found.type
        looked_up = not (rows or related)
        return replace(node, owner=owner.code, word=found.code, type=type_, looked_up=looked_up, related=related)

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
        if any(map(is_related, args)):
            return self.gathering(node, name, args)
        if name not in FUNCTIONS:
            close = self.near(name, (*FUNCTIONS, *ALIASES, OLD))
            told = _("没有函数 {name}，是不是 {close}？", name=name, close=close) if close else ""
            self.wrong(node.at, told or _("没有函数 {name}", name=name), close)
            return replace(node, args=args)
        return self.checked(node, name, args)

    def checked(self, node: Call, name: str, args: tuple[Node, ...]) -> Node:
        """The call with its arguments held against what the function takes."""
        function = FUNCTIONS[name]
        kinds = function.kinds_for(len(args))
        if kinds is None:
            self.wrong(node.at, _("{name} 的参数个数不对，写法是 {usage}", name=name, usage=function.usage))
            return replace(node, function=name, args=args, type=UNKNOWN if len(function.gives) == 1 else function.gives)
        groups: dict[str, Type] = {}
        for place, (arg, kind) in enumerate(zip(args, kinds, strict=True), 1):
            self.argument(name, place, arg, kind, groups)
        gives = groups.get("T", "null") if function.gives == "T" else function.gives
        return replace(node, function=name, args=args, type=gives)

    def gathering(self, node: Call, name: str, args: tuple[Node, ...]) -> Node:
        """A call over the records that refer here, as totals that the database works out."""
        given, whole = _GATHERS.get(name), len(args) == 1
        if name in ("SUM", "MIN", "MAX") and given:
            parts = tuple(self.total(one, given) if is_related(one) else one for one in args)
            return self.checked(node, name, parts)
        if name in ("COUNT", "AVERAGE") and given and whole:
            return self.total(args[0], given)
        if name in ("SUMIF", "COUNTIF") and given and len(args) == (3 if name == "SUMIF" else 2):
            return self.total(args[-1] if name == "SUMIF" else args[0], given, test=args[0], wanted=args[1])
        words = {"names": _("、").join(_GATHERS)}
        self.wrong(node.at, _("关联的记录只能用在 {names} 里合计，COUNT 和 AVERAGE 一次一项", **words), "SUM()")
        return replace(node, function=name, args=args)

    def total(self, of: Node, function: str, *, test: Node | None = None, wanted: Node | None = None) -> Node:
        """The total of one column of the related records, or their number."""
        counted = function == "count"
        if not is_related(of) or (isinstance(of, Name) and not counted) or isinstance(test, Name):
            example = "SUM([own.entry.project].amount)"
            self.wrong(of.at, _("这里要写关联记录的一个字段，例如 {example}", example=example))
            return replace(of, type=_element(of))
        kinds = {"sum": ("number",), "avg": ("number",), "min": _EXTREMES, "max": _EXTREMES}.get(function)
        if kinds and _element(of) not in kinds:
            words = {"type": _("或").join(map(type_word, kinds)), "given": type_word(_element(of))}
            self.wrong(of.at, _("这里要用{type}，给的是{given}", **words))
        owner, member = (of.word, "") if isinstance(of, Name) else (of.owner, of.word)  # type: ignore[attr-defined]
        what = Gathered(owner, function, member)
        if test is not None and wanted is not None:
            what = self.tested(what, test, wanted)
        return Gather(at=of.at, type="number" if function in ("sum", "avg", "count") else _element(of), what=what)

    def tested(self, what: Gathered, test: Node, wanted: Node) -> Gathered:
        if not isinstance(test, Member) or not test.related or test.owner != what.owner:
            self.wrong(test.at, _("条件和合计要用同一种关联记录的字段"))
        elif not isinstance(wanted, Literal):
            self.wrong(wanted.at, _("这里只能写一个固定的值，例如 {example}", example='"signed"'))
        elif wanted.type not in (_element(test), "null"):
            words = {"left": type_word(_element(test)), "right": type_word(wanted.type)}
            self.wrong(wanted.at, _("{left}不能和{right}比较", **words))
        else:
            member = "" if what.function == "count" else what.member
            return replace(what, member=member, test=test.word, wanted=wanted.value)
        return what

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
        if isinstance(found, Member) and (found.looked_up or found.related):
            self.wrong(node.at, _("OLD 里只能写一个字段，写法是 {usage}", usage="OLD(field)"))
            return node
        return replace(found, old=True)  # type: ignore[call-arg]


def is_related(node: Node) -> bool:
    return node.type == RELATED or (isinstance(node, Member) and node.related)


def _element(node: Node) -> Type:
    return node.type.removeprefix("list:")


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
