"""Expressions in SQLite's SQL: numbers are scaled integers while they surely fit, else texts for exact_functions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.store.expression_sql import Piece, Writer
from core.store.expressions import Apply, Column, Constant, Expression, OverRows, whole

INTEGER_DIGITS = 18  # that surely fit into 64 bits
_SYMBOLS = {"add": "+", "sub": "-", "mul": "*"}


class SQLiteWriter(Writer):
    no_boolean = "NULL"

    def exactly(self, piece: Piece) -> str:
        return f"exact_scaled({piece.sql}, {piece.scale})"

    def number(self, value: str) -> Piece:
        return Piece(f"CAST({value} AS TEXT)")

    def constant(self, constant: Constant) -> Piece:
        value, span = constant.value, constant.span
        if isinstance(value, Decimal) and span.digits <= INTEGER_DIGITS:
            whole = int(value.scaleb(span.places))
            return Piece(f"CAST({self.arguments.add(whole)} AS INTEGER)", span.places)
        return super().constant(constant)

    def day(self, text: str) -> str:
        return f"NULLIF({text}, '')"

    def aligned(self, values: Sequence[Expression]) -> tuple[list[str], int | None]:
        """The numbers as whole ones of one scale, where all of them surely fit; else as texts."""
        pieces = [self.piece(value) for value in values]
        scales = [piece.scale for piece in pieces if piece.scale is not None]
        scale = max(scales, default=0)
        widest = max(value.span.whole for value in values)
        if len(scales) < len(pieces) or widest + scale > INTEGER_DIGITS:
            return [self.exactly(piece) if piece.scale is not None else piece.sql for piece in pieces], None
        return [_raised(piece, scale) for piece in pieces], scale

    def alike(self, values: Sequence[Expression]) -> tuple[list[str], int | None]:
        return self.aligned(values) if values[0].type == "number" else super().alike(values)

    def same(self, one: Expression, other: Expression) -> str:
        if one.type != "number":
            return f"({self.sql(one)} IS {self.sql(other)})"
        (left, right), scale = self.aligned([one, other])
        return f"exact_same({left}, {right})" if scale is None else f"({left} IS {right})"

    def ordered(self, e: Apply, symbol: str) -> str:
        one, other = e.args
        if one.type != "number":
            return super().ordered(e, symbol)
        (left, right), scale = self.aligned([one, other])
        return f"(exact_compare({left}, {right}) {symbol} 0)" if scale is None else f"({left} {symbol} {right})"

    def column(self, column: Column, row: str) -> Piece:
        path = f"'$.\"{column.word}\"'"
        kind = f"json_type({row}.value, {path})"
        found = f"json_extract({row}.value, {path})"
        if column.type == "number":
            return Piece(f"(CASE WHEN {kind} IN ('integer', 'real') THEN ({row}.value -> {path}) END)")
        if column.type == "boolean":
            return Piece(f"(CASE {kind} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END)")
        return Piece(f"(CASE WHEN {kind} = 'text' THEN NULLIF({found}, '') END)")

    def rows_of(self, field: str, row: str) -> str:
        """The elements of a list; what is no list has none."""
        path = f"'$.\"{field}\"'"
        return f"json_each(CASE json_type(data, {path}) WHEN 'array' THEN data -> {path} ELSE '[]' END) AS {row}"

    def item(self, row: str) -> str:
        return f"{row}.value"

    def folded(self, over: OverRows) -> Piece:
        rows = self.chosen(over)
        if over.function == "count":
            what = "*" if over.of is None else self.sql(over.of)
            return self.whole(f"(SELECT COUNT({what}) FROM {rows})")
        found = self.sql(over.of)  # type: ignore[arg-type]
        if over.function == "sum":
            return Piece(f"COALESCE((SELECT exact_sum({found}) FROM {rows}), '0')")
        word = f"exact_{over.function}" if over.type == "number" else over.function.upper()
        return Piece(f"(SELECT {word}({found}) FROM {rows})")

    # numbers
    def do_add(self, e: Apply) -> Piece:
        if e.op == "mul":
            one, other = map(self.piece, e.args)
            if one.scale is not None and other.scale is not None and e.span.digits <= INTEGER_DIGITS:
                return Piece(f"({one.sql} * {other.sql})", one.scale + other.scale)
            return Piece(f"exact_mul({self._text(one)}, {self._text(other)})")
        (left, right), scale = self.aligned(e.args)
        if scale is not None and e.span.whole + scale <= INTEGER_DIGITS:
            return Piece(f"({left} {_SYMBOLS[e.op]} {right})", scale)
        one, other = self._texts((left, right), scale)
        return Piece(f"exact_{e.op}({one}, {other})")

    do_sub = do_mul = do_add

    def _text(self, piece: Piece) -> str:
        return piece.sql if piece.scale is None else self.exactly(piece)

    def _texts(self, values: Sequence[str], scale: int | None) -> list[str]:
        return [self._text(Piece(value, scale)) for value in values]

    def do_neg(self, e: Apply) -> Piece:
        piece = self.piece(e.args[0])
        if piece.scale is None:
            return Piece(f"exact_{e.op}({piece.sql})")
        return Piece(f"(- {piece.sql})" if e.op == "neg" else f"abs({piece.sql})", piece.scale)

    do_abs = do_neg

    def _call(self, name: str, e: Apply) -> Piece:
        return Piece(f"{name}({', '.join(map(self.sql, e.args))})")

    def do_div(self, e: Apply) -> Piece:
        return self._call(f"exact_{e.op}", e)

    do_mod = do_floor = do_total = do_div

    def do_round(self, e: Apply) -> Piece:
        return Piece(f"exact_{e.op}({self.sql(e.args[0])}, {whole(e.args[1])})")

    do_round_up = do_round_down = do_round

    def do_least(self, e: Apply) -> Piece:
        return self._call(f"{'exact' if e.type == 'number' else 'text'}_{e.op}", e)

    do_greatest = do_least

    def do_switch(self, e: Apply) -> Piece:
        subject, *rest = e.args
        cases, exact = self.alike([subject, *rest[:-1:2]])
        values, scale = self.alike([*rest[1:-1:2], rest[-1]])
        numbers = subject.type == "number" and exact is None

        def chosen(name: str) -> str:
            tests = [f"exact_same({name}, {case})" if numbers else f"{name} IS {case}" for case in cases[1:]]
            whens = " ".join(f"WHEN {test} THEN {value}" for test, value in zip(tests, values, strict=False))
            return f"CASE {whens} ELSE {values[-1]} END"

        return Piece(self.once(cases[:1], chosen), scale)

    # texts
    def do_left(self, e: Apply) -> Piece:
        text, count = self.sql(e.args[0]), self.sql(e.args[1])

        def cut(text: str, count: str, number: str) -> str:
            tail = f"CASE WHEN {count} = 0 THEN substr({text}, 1, 0) ELSE substr({text}, -{count}) END"
            kept = f"substr({text}, 1, {count})" if e.op == "left" else tail
            return f"CASE WHEN exact_compare({number}, '0') >= 0 THEN {kept} END"

        return Piece(self.once([text, f"exact_whole({count})", count], cut))

    do_right = do_left

    def do_mid(self, e: Apply) -> Piece:
        text, start, count = map(self.sql, e.args)

        def cut(text: str, start: str, count: str) -> str:
            return f"CASE WHEN {start} >= 1 AND {count} >= 0 THEN substr({text}, {start}, {count}) END"

        return Piece(self.once([text, f"exact_whole({start})", f"exact_whole({count})"], cut))

    def do_trim(self, e: Apply) -> Piece:
        return self._call("text_trim", e)

    def do_contains(self, e: Apply) -> Piece:
        return Piece(f"COALESCE(instr({self.sql(e.args[0])}, {self.sql(e.args[1])}) > 0, FALSE)")

    def do_number_text(self, e: Apply) -> Piece:
        return self._call("exact_written", e)

    def do_date_text(self, e: Apply) -> Piece:
        return self.piece(e.args[0])

    def do_datetime_text(self, e: Apply) -> Piece:
        return self._call("moment_text", e)

    # days
    def do_day_of(self, e: Apply) -> Piece:
        return self._call("day_of_moment", e)

    def do_year(self, e: Apply) -> Piece:
        place = {"year": "1, 4", "month": "6, 2", "day": "9, 2"}[e.op]
        return self.whole(f"CAST(substr({self.sql(e.args[0])}, {place}) AS INTEGER)")

    do_month = do_day = do_year

    def do_weekday(self, e: Apply) -> Piece:
        return self.whole(f"day_weekday({self.sql(e.args[0])}, {whole(e.args[1])})")

    def do_days(self, e: Apply) -> Piece:
        return self.whole(self._call("day_between", e).sql)

    def do_datedif(self, e: Apply) -> Piece:
        return self.whole(self._call("day_datedif", e).sql)

    def do_shift(self, e: Apply) -> Piece:
        return self._call("day_shift", e)

    def do_date(self, e: Apply) -> Piece:
        return self._call("day_make", e)

    def do_edate(self, e: Apply) -> Piece:
        return self._call(f"day_{e.op}", e)

    do_eomonth = do_edate


def _raised(piece: Piece, scale: int) -> str:
    more = scale - (piece.scale or 0)
    return f"({piece.sql} * {10**more})" if more else piece.sql
