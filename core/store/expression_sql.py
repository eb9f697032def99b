"""From expressions to SQL: what both engines say alike; the rest is in expression_postgres and expression_sqlite."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.store.errors import StoreError
from core.store.expressions import Apply, Column, Constant, Expression, OverRows, Stored
from core.store.record_terms import Arguments, spell, storable

_ORDER = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}


@dataclass(frozen=True, slots=True)
class Piece:
    """The SQL of one value. `scale`: it is a whole number, the value times 10**scale; None: as the engine has it."""

    sql: str
    scale: int | None = None


def writer(arguments: Arguments) -> Writer:
    from core.store.expression_postgres import PostgresWriter  # both build on this module
    from core.store.expression_sqlite import SQLiteWriter

    return PostgresWriter(arguments) if arguments.engine == "postgres" else SQLiteWriter(arguments)


class Writer(ABC):
    """Writes one statement's expressions; values become arguments. Booleans are conditions."""

    def __init__(self, arguments: Arguments) -> None:
        self.arguments = arguments
        self._names = 0
        self._row = ""  # the name of the row at hand

    def condition(self, expression: Expression) -> str:
        return f"({self.sql(expression)})"

    def sql(self, expression: Expression) -> str:
        """The SQL of an expression that is no number, or of a number as the engine has exact ones."""
        piece = self.piece(expression)
        return piece.sql if piece.scale is None else self.exactly(piece)

    def piece(self, expression: Expression) -> Piece:
        match expression:
            case Constant():
                return self.constant(expression)
            case Stored():
                return self.stored(expression)
            case Column():
                return self.column(expression, self._row)
            case OverRows():
                return self.over_rows(expression)
            case Apply():
                return getattr(self, f"do_{expression.op}")(expression)
        raise StoreError(f"{expression!r}: not an expression")

    def fresh(self) -> str:
        self._names += 1
        return f"v{self._names}"

    def once(self, values: Sequence[str], use: Callable[..., str]) -> str:
        """`use` of names that stand for `values`, each of which is worked out once."""
        names = [self.fresh() for _value in values]
        given = ", ".join(f"{value} AS {name}" for value, name in zip(values, names, strict=True))
        return f"(SELECT {use(*names)} FROM (SELECT {given}{self.kept_apart}) AS {self.fresh()})"

    kept_apart = ""  # keeps a planner from writing a value in every place it is used

    # what an engine must say
    @abstractmethod
    def exactly(self, piece: Piece) -> str: ...

    @abstractmethod
    def number(self, value: str) -> Piece: ...

    @abstractmethod
    def same(self, one: Expression, other: Expression) -> str: ...

    @abstractmethod
    def column(self, column: Column, row: str) -> Piece: ...

    @abstractmethod
    def rows_of(self, field: str, row: str) -> str: ...

    @abstractmethod
    def folded(self, over: OverRows) -> Piece: ...

    @abstractmethod
    def day(self, text: str) -> str: ...

    # leaves
    def constant(self, constant: Constant) -> Piece:
        value = constant.value
        if constant.type == "boolean":
            return Piece({True: "TRUE", False: "FALSE"}.get(value, self.no_boolean))
        if constant.type == "number":
            return self.number("NULL" if value is None else self.arguments.add(f"{value:f}"))
        text = "NULL" if value is None else self.arguments.add(storable(value))
        return Piece(self.day(f"CAST({text} AS TEXT)") if constant.type == "date" else f"CAST({text} AS TEXT)")

    no_boolean = "CAST(NULL AS BOOLEAN)"

    def stored(self, field: Stored) -> Piece:
        found = spell(field.operand, self.arguments.engine)
        if field.type == "boolean":
            return Piece(f"({found} = 1)")
        if field.type == "number":
            return Piece(found, field.operand.decimals)
        if field.type == "date":
            return Piece(self.day(found))
        return Piece(f"NULLIF({found}, '')")

    def over_rows(self, over: OverRows) -> Piece:
        outside, self._row = self._row, self.fresh()
        try:
            return self.folded(over)
        finally:
            self._row = outside

    def chosen(self, over: OverRows) -> str:
        """From which rows: those of the field, where the condition holds."""
        where = f" WHERE {self.condition(over.where)}" if over.where is not None else ""
        return f"{self.rows_of(over.rows, self._row)}{where}"

    # logic
    def do_and(self, e: Apply) -> Piece:
        return Piece("(" + " AND ".join(map(self.sql, e.args)) + ")")

    def do_or(self, e: Apply) -> Piece:
        return Piece("(" + " OR ".join(map(self.sql, e.args)) + ")")

    def do_not(self, e: Apply) -> Piece:
        return Piece(f"(NOT {self.sql(e.args[0])})")

    def do_eq(self, e: Apply) -> Piece:
        return Piece(self.same(*e.args))

    def do_ne(self, e: Apply) -> Piece:
        return Piece(f"(NOT {self.same(*e.args)})")

    def do_lt(self, e: Apply) -> Piece:
        return Piece(self.ordered(e, _ORDER[e.op]))

    do_le = do_gt = do_ge = do_lt

    def ordered(self, e: Apply, symbol: str) -> str:
        one, other = e.args
        return f"({self.sql(one)} {symbol} {self.sql(other)})"

    def do_blank(self, e: Apply) -> Piece:
        found = self.sql(e.args[0])
        return Piece(f"(COALESCE({found}, '') = '')" if e.args[0].type == "text" else f"({found} IS NULL)")

    def do_case(self, e: Apply) -> Piece:
        """Condition, value, condition, value, ..., otherwise."""
        values = self.alike([*e.args[1:-1:2], e.args[-1]])
        tests = [self.sql(test) for test in e.args[:-1:2]]
        whens = " ".join(f"WHEN {test} THEN {value}" for test, value in zip(tests, values[0], strict=False))
        return Piece(f"(CASE {whens} ELSE {values[0][-1]} END)", values[1])

    def alike(self, values: Sequence[Expression]) -> tuple[list[str], int | None]:
        """Values for one place, and the scale they all have."""
        return [self.sql(value) for value in values], None

    def do_coalesce(self, e: Apply) -> Piece:
        values, scale = self.alike(e.args)
        if e.type == "text":
            values = [f"NULLIF({value}, '')" for value in values]
        return Piece(values[0] if len(values) == 1 else f"COALESCE({', '.join(values)})", scale)

    # texts
    def do_concat(self, e: Apply) -> Piece:
        """All arguments are texts; what is empty adds nothing."""
        return Piece("(" + " || ".join(f"COALESCE({self.sql(arg)}, '')" for arg in e.args) + ")")

    def do_length(self, e: Apply) -> Piece:
        return self.whole(f"length(COALESCE({self.sql(e.args[0])}, ''))")

    def whole(self, sql: str) -> Piece:
        """A number from a whole number of the engine."""
        return Piece(sql, 0)

    def do_boolean_text(self, e: Apply) -> Piece:
        return Piece(f"(CASE {self.sql(e.args[0])} WHEN TRUE THEN 'TRUE' WHEN FALSE THEN 'FALSE' END)")

    # lists
    def do_has(self, e: Apply) -> Piece:
        """Whether a stored list has a text."""
        where, what = e.args
        row = self.fresh()
        items = self.rows_of(self.list_of(where), row)
        return Piece(f"EXISTS (SELECT 1 FROM {items} WHERE {self.item(row)} = {self.sql(what)})")

    def do_count(self, e: Apply) -> Piece:
        """How many a stored list has."""
        return self.whole(f"(SELECT COUNT(*) FROM {self.rows_of(self.list_of(e.args[0]), self.fresh())})")

    @abstractmethod
    def item(self, row: str) -> str: ...

    def list_of(self, expression: Expression) -> str:
        if not isinstance(expression, Stored) or expression.operand.json is None:
            raise StoreError("only a list in the data is looked into")
        return expression.operand.json

    def do_among(self, e: Apply) -> Piece:
        """Whether the first is one of the others; false where it is empty."""
        first, *others = map(self.sql, e.args)
        return Piece(f"COALESCE({first} IN ({', '.join(others)}), FALSE)" if others else "FALSE")
