"""Expressions in PostgreSQL's SQL: numbers are NUMERIC, days DATE; nothing here can raise an error while it runs."""

from __future__ import annotations

from core.arithmetic import DIGITS
from core.dates import EARLIEST, LATEST
from core.store.expression_sql import Piece, Writer
from core.store.expressions import Apply, Column, Constant, Expression, OverRows, Stored, whole
from core.store.record_terms import storable

_FIRST = f"DATE '{EARLIEST}'"
_LAST = (LATEST - EARLIEST).days
_FAR = 4_000_000  # days or months beyond which no day is left
_DAY = "'^(1[89]|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])'"
_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001))))  # what Python takes for white space


class PostgresWriter(Writer):
    kept_apart = " OFFSET 0"

    def exactly(self, piece: Piece) -> str:
        if not piece.scale:
            return f"CAST({piece.sql} AS NUMERIC)"
        return f"(CAST({piece.sql} AS NUMERIC) * 1e-{piece.scale})"

    def number(self, value: str) -> Piece:
        return Piece(f"CAST(CAST({value} AS TEXT) AS NUMERIC)")

    def same(self, one: Expression, other: Expression) -> str:
        left, right = self.sql(one), self.sql(other)
        for side, constant in ((left, other), (right, one)):
            if isinstance(constant, Constant) and constant.value is None:
                return f"({side} IS NULL)"
        return f"({left} IS NOT DISTINCT FROM {right})"

    def kept(self, sql: str, *, digits: int) -> Piece:
        """`sql` rounded to the digits that are kept, where it may have more."""
        if digits <= DIGITS:
            return Piece(f"({sql})")

        def rounded(name: str) -> str:
            whole = f"length(CAST(trunc(abs({name})) AS TEXT))"
            zeros = f"length(substring(CAST({name} AS TEXT) FROM '^-?0[.](0*)'))"
            places = f"{DIGITS} - CASE WHEN abs({name}) >= 1 THEN {whole} ELSE -{zeros} END"
            return f"CASE WHEN {name} = 0 THEN 0 ELSE trim_scale(round({name}, {places})) END"

        return Piece(self.once([f"({sql})"], rounded))

    def stored(self, field: Stored) -> Piece:
        json, column = field.operand.json, field.operand.column
        if field.type == "number" and json is not None:  # all its digits, also those that the field no longer keeps
            found = f"data -> '{json}'"
            return Piece(f"(CASE WHEN json_typeof({found}) = 'number' THEN CAST(data ->> '{json}' AS NUMERIC) END)")
        if column is None and field.type in ("text", "date", "datetime"):
            found = f"CASE WHEN json_typeof(data -> '{json}') = 'string' THEN NULLIF(data ->> '{json}', '') END"
            return Piece(self.day(found) if field.type == "date" else f"({found})")
        return super().stored(field)

    def column(self, column: Column, row: str) -> Piece:
        kind = {"number": "number", "boolean": "boolean"}.get(column.type, "string")
        target = {"number": "NUMERIC", "boolean": "BOOLEAN"}.get(column.type, "TEXT")
        text = f"{row}.value ->> '{column.word}'"
        found = f"(CASE WHEN json_typeof({row}.value -> '{column.word}') = '{kind}' THEN CAST({text} AS {target}) END)"
        if column.type == "date":
            return Piece(self.day(found))
        return Piece(f"NULLIF({found}, '')" if column.type == "text" else found)

    def rows_of(self, field: str, row: str) -> str:
        found = f"data -> '{field}'"
        items = f"CASE json_typeof({found}) WHEN 'array' THEN {found} ELSE CAST('[]' AS JSON) END"
        return f"json_array_elements({items}) AS {row} (value)"

    def item(self, row: str) -> str:
        return f"({row}.value #>> '{{}}')"

    def folded(self, over: OverRows) -> Piece:
        rows = self.chosen(over)
        if over.function == "count":
            what = "*" if over.of is None else self.sql(over.of)
            return self.whole(f"(SELECT COUNT({what}) FROM {rows})")
        found = self.sql(over.of)  # type: ignore[arg-type]
        if over.function == "sum":
            return Piece(f"COALESCE((SELECT SUM({found}) FROM {rows}), 0)")
        return Piece(f"(SELECT {over.function.upper()}({found}) FROM {rows})")

    # numbers
    def _digits(self, e: Apply) -> int:
        """How many digits the answer may have before it is rounded."""
        one, other = (arg.span for arg in e.args)
        return one.digits + other.digits if e.op == "mul" else e.span.whole + max(one.places, other.places)

    def do_add(self, e: Apply) -> Piece:
        symbol = {"add": "+", "sub": "-", "mul": "*"}[e.op]
        return self.kept(f"{self.sql(e.args[0])} {symbol} {self.sql(e.args[1])}", digits=self._digits(e))

    do_sub = do_mul = do_add

    def do_div(self, e: Apply) -> Piece:
        """With so many places that rounding twice cannot differ from rounding once."""
        one, other = e.args
        places = 2 * DIGITS + 4 + one.span.small + other.span.whole
        return self.kept(f"round({self.sql(one)}, {places}) / NULLIF({self.sql(other)}, 0)", digits=DIGITS + 1)

    def do_mod(self, e: Apply) -> Piece:
        def rest(one: str, other: str) -> str:
            return f"mod({one}, NULLIF({other}, 0))"

        def signed(found: str, divisor: str) -> str:
            wrong = f"{found} <> 0 AND ({found} < 0) <> ({divisor} < 0)"
            return f"CASE WHEN {wrong} THEN {found} + {divisor} ELSE {found} END"

        def both(one: str, other: str) -> str:
            return self.once([rest(one, other), other], signed)

        return Piece(self.once([self.sql(arg) for arg in e.args], both))

    def do_total(self, e: Apply) -> Piece:
        return Piece("(" + " + ".join(f"COALESCE({self.sql(arg)}, 0)" for arg in e.args) + ")")

    def do_neg(self, e: Apply) -> Piece:
        return Piece(f"(- {self.sql(e.args[0])})")

    def do_abs(self, e: Apply) -> Piece:
        return Piece(f"abs({self.sql(e.args[0])})")

    def do_floor(self, e: Apply) -> Piece:
        return Piece(f"floor({self.sql(e.args[0])})")

    def do_round(self, e: Apply) -> Piece:
        number, places = self.sql(e.args[0]), whole(e.args[1])
        if e.op == "round":
            return Piece(f"round({number}, {places})")
        if e.op == "round_down":
            return Piece(f"trunc({number}, {places})")
        unit = f"1e{places}", f"1e{-places}"
        return Piece(self.once([number], lambda n: f"sign({n}) * ceil(abs({n}) * {unit[0]}) * {unit[1]}"))

    do_round_up = do_round_down = do_round

    def do_least(self, e: Apply) -> Piece:
        return Piece(f"{e.op.upper()}({', '.join(map(self.sql, e.args))})")

    do_greatest = do_least

    def do_switch(self, e: Apply) -> Piece:
        subject, *rest = map(self.sql, e.args)

        def chosen(name: str) -> str:
            pairs = zip(rest[:-1:2], rest[1:-1:2], strict=True)
            whens = " ".join(f"WHEN {name} IS NOT DISTINCT FROM {case} THEN {value}" for case, value in pairs)
            return f"CASE {whens} ELSE {rest[-1]} END"

        return Piece(self.once([subject], chosen))

    # texts
    def do_left(self, e: Apply) -> Piece:
        def cut(text: str, count: str) -> str:
            kept = f"substr({text}, 1, {count})" if e.op == "left" else f"right({text}, {count})"
            return f"CASE WHEN {count} >= 0 THEN {kept} END"

        count = self.sql(e.args[1])
        bounded = f"CASE WHEN {count} >= 0 THEN {self.integer(count)} END"
        return Piece(self.once([self.sql(e.args[0]), bounded], cut))

    do_right = do_left

    def do_mid(self, e: Apply) -> Piece:
        text, start, count = map(self.sql, e.args)

        def cut(text: str, start: str, count: str) -> str:
            return f"CASE WHEN {start} >= 1 AND {count} >= 0 THEN substr({text}, {start}, {count}) END"

        return Piece(self.once([text, self.integer(start), self.integer(count)], cut))

    def do_trim(self, e: Apply) -> Piece:
        spaces = f"CAST({self.arguments.add(storable(_SPACES))} AS TEXT)"
        inner = f"regexp_replace({self.sql(e.args[0])}, '[' || {spaces} || ']+', ' ', 'g')"
        return Piece(f"btrim({inner}, ' ')")

    def do_contains(self, e: Apply) -> Piece:
        return Piece(f"COALESCE(strpos({self.sql(e.args[0])}, {self.sql(e.args[1])}) > 0, FALSE)")

    def do_number_text(self, e: Apply) -> Piece:
        return Piece(f"CAST(trim_scale({self.sql(e.args[0])}) AS TEXT)")

    def do_date_text(self, e: Apply) -> Piece:
        return Piece(f"to_char({self.sql(e.args[0])}, 'YYYY-MM-DD')")

    def do_datetime_text(self, e: Apply) -> Piece:
        def local(text: str) -> str:
            parts = [f"CAST(substr({text}, {at}, 2) AS INTEGER)" for at in (12, 15, 18)]
            day = f"make_date(CAST(substr({text}, 1, 4) AS INTEGER), CAST(substr({text}, 6, 2) AS INTEGER), 1)"
            days = f"CAST(substr({text}, 9, 2) AS INTEGER) - 1"
            time = f"hours => 8 + {parts[0]}, mins => {parts[1]}, secs => {parts[2]}"
            moment = f"{day} + make_interval(days => {days}, {time})"
            told = f"regexp_replace(to_char({moment}, 'YYYY-MM-DD HH24:MI:SS'), ':00$', '')"
            return f"CASE WHEN {text} ~ {_moment_pattern()} THEN {told} END"

        return Piece(self.once([self.sql(e.args[0])], local))

    def integer(self, number: str) -> str:
        """A number cut to a whole one that PostgreSQL can count with; what is far out is brought near."""

        def cut(name: str) -> str:
            near = f"GREATEST(LEAST({name}, {_FAR}), -{_FAR})"
            return f"CASE WHEN {name} IS NOT NULL THEN CAST(trunc({near}) AS INTEGER) END"

        return self.once([number], cut)

    # days
    def constant(self, constant: Constant) -> Piece:
        if constant.type == "date" and constant.value is not None:
            return Piece(f"CAST(CAST({self.arguments.add(constant.value)} AS TEXT) AS DATE)")
        return super().constant(constant)

    def day(self, text: str) -> str:
        def made(name: str) -> str:
            year, month, day = (f"CAST(substr({name}, {at}, {n}) AS INTEGER)" for at, n in ((1, 4), (6, 2), (9, 2)))
            whole = _DAY[:-1] + "$'"
            return f"CASE WHEN {name} ~ {whole} THEN make_date({year}, {month}, 1) + ({day} - 1) END"

        return made(text) if text.isidentifier() else self.once([text], made)

    def do_day_of(self, e: Apply) -> Piece:
        def local(text: str) -> str:
            year, month, day, hour = (
                f"CAST(substr({text}, {at}, {n}) AS INTEGER)" for at, n in ((1, 4), (6, 2), (9, 2), (12, 2))
            )
            found = f"make_date({year}, {month}, 1) + ({day} - 1 + CASE WHEN {hour} >= 16 THEN 1 ELSE 0 END)"
            return f"CASE WHEN {text} ~ {_moment_pattern()} THEN {found} END"

        return Piece(self.once([self.sql(e.args[0])], local))

    def do_year(self, e: Apply) -> Piece:
        return Piece(f"CAST(EXTRACT({e.op.upper()} FROM {self.sql(e.args[0])}) AS NUMERIC)")

    do_month = do_day = do_year

    def do_weekday(self, e: Apply) -> Piece:
        number = f"CAST(EXTRACT(ISODOW FROM {self.sql(e.args[0])}) AS INTEGER)"
        return self.whole({1: f"({number} % 7 + 1)", 2: number, 3: f"({number} - 1)"}[whole(e.args[1])])

    def do_days(self, e: Apply) -> Piece:
        return self.whole(f"({self.sql(e.args[0])} - {self.sql(e.args[1])})")

    def _within(self, number: str) -> str:
        """The day so many days after the first there is; empty outside of what a field can hold."""
        return self.once([number], lambda n: f"CASE WHEN {n} BETWEEN 0 AND {_LAST} THEN {_FIRST} + {n} END")

    def do_shift(self, e: Apply) -> Piece:
        day, count = e.args
        return Piece(self._within(f"({self.sql(day)} - {_FIRST}) + {self.integer(f'floor({self.sql(count)})')}"))

    def do_date(self, e: Apply) -> Piece:
        year, month, day = (self.integer(self.sql(arg)) for arg in e.args)

        def made(months: str, days: str) -> str:
            first = f"CAST(DATE '2000-01-01' + make_interval(months => {months} - 24000) AS DATE)"
            first = f"CASE WHEN {months} BETWEEN 12 AND 119999 THEN {first} END"
            return self._within(f"({first} - {_FIRST}) + {days}")

        return Piece(self.once([f"{year} * 12 + {month} - 1", f"{day} - 1"], made))

    def do_edate(self, e: Apply) -> Piece:
        day, count = e.args
        base = self.sql(day) if e.op == "edate" else f"date_trunc('month', CAST({self.sql(day)} AS TIMESTAMP))"
        last = "" if e.op == "edate" else " + INTERVAL '1 month' - INTERVAL '1 day'"

        def moved(base: str, months: str) -> str:
            found = f"CAST({base} + make_interval(months => {months}){last} AS DATE) - {_FIRST}"
            return self._within(f"CASE WHEN {months} BETWEEN -20000 AND 20000 THEN {found} END")

        return Piece(self.once([base, self.integer(self.sql(count))], moved))

    do_eomonth = do_edate

    def do_datedif(self, e: Apply) -> Piece:
        start, end, unit = e.args

        def parts(start: str, end: str) -> str:
            one, other = ([f"CAST(EXTRACT({part} FROM {d}) AS INTEGER)" for part in ("YEAR", "MONTH", "DAY")]
                          for d in (start, end))  # fmt: skip
            months = f"(({other[0]} - {one[0]}) * 12 + {other[1]} - {one[1]}"
            months += f" - CASE WHEN {other[2]} < {one[2]} THEN 1 ELSE 0 END)"
            return self.once([start, end, months], told)

        def told(start: str, end: str, months: str) -> str:
            return f"CASE WHEN {end} >= {start} THEN {_DIFFERENCES[key](start, end, months)} END"

        key = str(unit.value) if isinstance(unit, Constant) else ""
        return self.whole(self.once([self.sql(start), self.sql(end)], parts))


_DIFFERENCES = {
    "Y": lambda start, end, months: f"{months} / 12",
    "M": lambda start, end, months: months,
    "D": lambda start, end, months: f"{end} - {start}",
    "YM": lambda start, end, months: f"{months} % 12",
    "MD": lambda start, end, months: f"{end} - CAST({start} + make_interval(months => {months}) AS DATE)",
    "YD": lambda start, end, months: f"{end} - CAST({start} + make_interval(months => {months} / 12 * 12) AS DATE)",
}


def _moment_pattern() -> str:
    return _DAY[:-1] + "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$'"
