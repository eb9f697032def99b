"""The designer and the switches in a real browser: by mouse, by keyboard alone, on a phone, for a screen reader."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.setup.chromium import axe_faults, sign_in

DESIGNER = "linxi"  # administrator of the tenant of the demo that has a form of its own


async def new_form(page: Page, title: str) -> str:
    """A new form, and its name."""
    await sign_in(page, DESIGNER)
    await page.goto("/admin/forms/new")
    await page.get_by_label("表单名称").fill(title)
    await page.get_by_role("button", name="创建并添加字段").click()
    await page.wait_for_url("**/admin/forms/own.*")
    return page.url.rpartition("/")[2]


def paths(page: Page):
    return page.locator(".fcard").evaluate_all("cards => cards.map(card => card.dataset.path)")


async def test_a_form_is_designed_by_mouse_and_published(page: Page):
    form = await new_form(page, "巡查登记")
    for type_ in ("text", "date", "choice"):
        await page.locator(f"[data-type={type_}]").click()
        await expect(page.locator(f".fcard.chosen .is-{type_}")).to_be_visible()
        await expect(page.locator("#p-title")).to_be_focused()
    await page.keyboard.type("结论")
    await expect(page.locator("#p-code")).to_have_value("jielun")
    await expect(page.locator(".saved")).to_contain_text("草稿已保存")
    await page.get_by_role("button", name="批量粘贴").click()
    await page.get_by_label("每行一个选项").fill("合格\n整改后合格\n不合格")
    await page.locator("#paste-choices button").click()
    await expect(page.locator("[name=choice_title]")).to_have_count(5)
    await page.locator("#card-riqi .fcard-pick").drag_to(
        page.locator("#card-wenben .fcard-pick"), target_position={"x": 90, "y": 4}
    )
    await expect(page.locator(".fcard").first).to_have_attribute("data-path", "riqi")
    await page.locator("[data-type=photo]").drag_to(
        page.locator("#card-jielun .fcard-pick"), target_position={"x": 90, "y": 4}
    )
    await expect(page.locator("#panel")).to_have_attribute("data-path", "zhaopian")
    assert await paths(page) == ["riqi", "wenben", "zhaopian", "jielun"]
    await page.get_by_role("link", name="发布…").click()
    await expect(page.locator("dialog[open]")).to_contain_text("共 4 个字段")
    assert await axe_faults(page) == []
    await page.get_by_label("这次改了什么").fill("第一版")
    await page.locator("dialog[open] button[type=submit]").click()
    await page.wait_for_url("**published=1")
    await expect(page.locator(f"#side a[href='/forms/{form}']")).to_be_visible()
    await page.goto(f"/forms/{form}/new")
    await expect(page.get_by_label("结论")).to_contain_text("整改后合格")


async def test_a_form_is_designed_by_keyboard_alone(page: Page):
    await new_form(page, "键盘登记")
    for type_ in ("text", "integer", "money"):
        await page.locator(f"[data-type={type_}]").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(f".fcard.chosen .is-{type_}")).to_be_visible()
        await expect(page.locator("#p-title")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.locator("#card-jine .fcard-pick")).to_be_focused()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.locator(".fcard").nth(1)).to_have_attribute("data-path", "jine")
    await expect(page.locator("#card-jine .fcard-pick")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#panel")).to_have_attribute("data-path", "wenben")
    await page.keyboard.press("Enter")
    await expect(page.locator("#p-title")).to_be_focused()
    await page.keyboard.press("Control+a")
    await page.keyboard.type("编号")
    await expect(page.locator("#card-bianhao")).to_contain_text("编号")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+d")
    await expect(page.locator("#panel")).to_have_attribute("data-path", "bianhao_fuben")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Delete")
    await expect(page.locator(".dmessage")).to_contain_text("已删除“编号 副本”")
    assert await paths(page) == ["bianhao", "jine", "zhengshu"]
    await page.keyboard.press("Control+z")
    await expect(page.locator("#card-bianhao_fuben")).to_be_visible()
    await page.keyboard.press("Control+Shift+z")
    await expect(page.locator("#card-bianhao_fuben")).to_have_count(0)
    assert await axe_faults(page) == []


async def test_what_is_wrong_stands_beside_its_property_and_nothing_typed_is_lost(page: Page):
    await new_form(page, "出错登记")
    await page.locator("[data-type=money]").click()
    await expect(page.locator("#p-title")).to_be_focused()
    await page.locator("#p-minimum").fill("很多")
    await expect(page.locator("#p-minimum-note")).to_contain_text("不是数字")
    await page.locator("#p-maximum").fill("5")
    await page.locator("#p-unit").fill("万元")
    await expect(page.locator("#card-jine .unit")).to_have_text("万元")
    await expect(page.locator("#p-minimum")).to_have_value("很多")
    await page.locator("#p-minimum").fill("9")
    await expect(page.locator("#card-jine.wrong")).to_have_count(1)
    await expect(page.locator("#p-minimum-note")).to_contain_text("最小值不能大于最大值")


async def test_a_wide_form_stays_usable(page: Page):
    """Two hundred fields: choosing, renaming and moving one near the end still answer by themselves."""
    form = await new_form(page, "一张字段特别多、名称也特别长的登记表，用来看看放不放得下")
    token = await page.locator("#quick [name=_csrf]").input_value()
    kinds = ("text", "date", "choice", "money")
    for number in range(200):
        answer = await page.request.post(
            f"/admin/forms/{form}/edit",
            form={"_csrf": token, "op": "add", "type": kinds[number % 4], "title": f"第{number}个" + "很长的名称" * 5},
            headers={"Sec-Fetch-Site": "same-origin"}, max_redirects=0,
        )  # fmt: skip
        assert answer.status == 303
    await page.goto(f"/admin/forms/{form}")
    found = await paths(page)
    assert len(found) == 200
    await page.locator(f"#card-{found[190]} .fcard-pick").click()
    await expect(page.locator("#panel")).to_have_attribute("data-path", found[190])
    await page.locator("#p-title").fill("短名")
    await expect(page.locator("#card-duanming")).to_contain_text("短名")
    await page.locator("#card-duanming .fcard-pick").focus()
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.locator(".fcard").nth(189)).to_have_attribute("data-path", "duanming")
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


async def test_fields_are_chosen_and_changed_on_a_phone(new_page):
    page = await new_page(phone=True)
    await sign_in(page, DESIGNER)
    await page.goto("/admin/forms/own.opinion")
    await page.locator("#card-title .fcard-pick").tap()
    await expect(page.locator("#panel")).to_have_attribute("data-path", "title")
    await expect(page.locator("#card-title")).to_be_in_viewport()
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0
    assert await axe_faults(page) == []


async def test_a_module_is_switched_off_and_on_after_a_look_at_what_goes_and_comes(page: Page):
    await sign_in(page, DESIGNER)
    await page.goto("/admin/modules")
    assert await axe_faults(page) == []
    switch = page.locator("[href='/admin/modules/partners'][role=switch]")
    for checked, words in (("true", "关闭后马上消失"), ("false", "打开后马上有")):
        await expect(switch).to_have_attribute("aria-checked", checked)
        await switch.click()
        await expect(page.locator("dialog[open]")).to_contain_text(words)
        await page.locator("dialog[open] button[type=submit]").click()
        await expect(switch).to_have_attribute("aria-checked", "false" if checked == "true" else "true")
        shown = page.locator("#side a[href='/forms/partners.company']")
        await expect(shown).to_have_count(0 if checked == "true" else 1)


async def test_a_switch_and_a_title_stay_with_their_field_however_fast_one_goes_on(page: Page):
    form = await new_form(page, "快手登记")
    await page.locator("[data-type=text]").click()
    await expect(page.locator("#p-title")).to_be_focused()
    await page.keyboard.type("编号")
    await page.locator("[data-type=text]").click()  # at once, before what was typed has been sent
    await expect(page.locator("#panel")).to_have_attribute("data-path", "wenben")
    await expect(page.locator("#p-title")).to_have_value("文本")
    assert await paths(page) == ["bianhao", "wenben"]
    await page.locator("#p-required").click()
    await page.locator("#p-key").click()
    await page.locator("#card-bianhao .fcard-pick").click()
    await expect(page.locator("#panel")).to_have_attribute("data-path", "bianhao")
    await expect(page.locator("#p-required")).not_to_be_checked()
    await page.reload()
    await page.locator("#card-wenben .fcard-pick").click()
    await expect(page.locator("#panel")).to_have_attribute("data-path", "wenben")
    await expect(page.locator("#p-required")).to_be_checked()
    await expect(page.locator("#p-key")).to_be_checked()
    await page.locator("#p-required").click()  # refused: a key is always required
    await expect(page.locator("#p-required-note")).to_contain_text("唯一标识必须填写")
    await expect(page.locator("#p-required")).to_be_checked()
    await page.goto(f"/admin/forms/{form}?field=wenben")
    await page.locator("#p-type").select_option("integer")
    await expect(page.locator("#card-wenben .is-integer")).to_be_visible()
    await expect(page.locator("#p-minimum")).to_have_value("")
    await page.locator("#do-undo").click()
    await expect(page.locator("#p-type")).to_have_value("text")
