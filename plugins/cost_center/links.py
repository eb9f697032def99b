"""Addresses of the rows behind each figure; the figures themselves are in figures.py."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from urllib.parse import urlencode

from core import Context
from plugins.cost_center.figures import PENDING, SIGNED
from plugins.cost_center.rules import BUDGET, CHANGE, CONTRACT, ENTRY


def links(ctx: Context, project: str | None, accounts: tuple[str, ...] = ()) -> dict[str, str]:
    """Addresses of the rows behind each figure, listed with the amount that is counted and its sum."""
    where = [f"project:eq:{project}"] if project else []
    chosen = [f"account:in:{','.join(accounts)}"] if accounts else []
    basis = ctx.settings("cost_center")["basis"]
    signed = f"status:in:{','.join(SIGNED)}"
    return {
        "budget": _summed(ctx, BUDGET, [*where, "status:eq:frozen"], amount="total"),
        "committed": _summed(ctx, CONTRACT, [*where, *chosen, signed], amount=f"current_{basis}"),
        "incurred": _summed(ctx, ENTRY, [*where, *chosen]),
    }


def account_links(ctx: Context, project: str, account: str) -> dict[str, str]:
    """The rows behind what a project has on one account, costs without a contract and changes under way among them."""
    where, basis = [f"project:eq:{project}", f"account:eq:{account}"], ctx.settings("cost_center")["basis"]
    return links(ctx, project, (account,)) | {
        "direct": _summed(ctx, ENTRY, [*where, "contract:empty"]),
        "expected": _summed(ctx, CHANGE, [*where, f"status:in:{','.join(PENDING)}"], amount=f"expected_{basis}"),
    }


def month_link(ctx: Context, month: str, project: str | None, *, since: bool = False) -> str:
    """The entries of a month, or with `since` all up to its end."""
    year, number = map(int, month.split("-"))
    last = calendar.monthrange(year, number)[1]
    where = [f"project:eq:{project}"] if project else []
    where += [] if since else [f"date:ge:{month}-01"]
    return _summed(ctx, ENTRY, [*where, f"date:le:{month}-{last:02}"])


def _summed(ctx: Context, form: str, where: Sequence[str], *, amount: str = "") -> str:
    counted = amount or f"amount_{ctx.settings('cost_center')['basis']}"
    listed = ctx.forms.get(form).list
    pairs = [("where", condition) for condition in where]
    if counted not in listed:  # contracts list the other basis
        columns = [name for name in listed if not name.startswith("amount_")]
        pairs.append(("columns", ",".join([*columns[:2], counted, *columns[2:]])))  # in sight without scrolling
    return f"/forms/{form}?" + urlencode([*pairs, ("totals", "1")], safe=":,")
