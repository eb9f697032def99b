"""Real input on a slice: one province's districts and streets in, found again, and out as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.records import Condition, Query
from core.records.transfer import export
from tests.transfer.files_kit import brought, checked, imported, joined
from tests.transfer.region_forms import with_regions
from tests.transfer.regions import ABSENT, AREA_COLUMNS, REGIONS, STREET_COLUMNS, same_rows, slice_of

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform

pytestmark = pytest.mark.skipif(not REGIONS.is_dir(), reason=ABSENT)
PROVINCE = "46"  # Hainan: 27 districts, 219 streets


async def test_districts_and_streets_go_in_and_come_out_as_they_were(
    platform: Platform, two_tenants: tuple[Context, Context]
) -> None:
    ctx = await with_regions(platform, two_tenants[0])
    areas, streets = slice_of("areas.csv", PROVINCE), slice_of("streets.csv", PROVINCE)
    one = await imported(ctx, "own.area", areas, name="areas.csv")
    two = await imported(ctx, "own.street", streets, name="streets.csv")
    assert (one.written.wrong, two.written.wrong) == (0, 0)
    assert all(column.sure for column in (*one.columns, *two.columns))

    district = (await ctx.records.list("own.area", Query(where=(Condition("code", "eq", "460105"),)))).records[0]
    page = await ctx.records.list("own.street", Query(where=(Condition("area_code", "eq", district.id),)))
    assert {record.data["code"][:6] for record in page.records} == {"460105"}
    found = await ctx.records.list("own.street", Query(search="海秀"))
    assert {record.data["name"] for record in found.records} >= {"海秀街道", "海秀镇"}

    for form, original, columns in (("own.area", areas, AREA_COLUMNS), ("own.street", streets, STREET_COLUMNS)):
        exported = await joined(await export(ctx, form, Query(), kind="csv"))
        assert same_rows(exported, original, columns)
        again = await checked(ctx, await brought(ctx, form, exported))
        assert (again.checked.same, again.checked.total) == (again.total, again.total)
