"""The board by state: a card moved with the mouse and with the keyboard, and what a step asks for."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.browser.steps import OPINION, enter, write_opinion


async def test_a_card_moves_by_mouse_and_by_keyboard_and_the_step_asks_what_it_needs(page: Page):
    await enter(page, "linxi")
    await write_opinion(page, "KB-1", "看板上的一件事")
    await page.goto(f"{OPINION}/board?q=KB-1")
    card = page.locator(".ticket").filter(has_text="看板上的一件事")
    lanes = {name: page.get_by_role("region", name=name) for name in ("待受理", "办理中", "已答复")}
    await expect(lanes["待受理"].locator(".ticket")).to_have_count(1)

    # by mouse: the step asks for the day by which it must be done
    await card.drag_to(lanes["办理中"])
    dialog = page.locator("dialog#step-dialog")
    await expect(dialog.get_by_role("heading", name="受理")).to_be_visible()
    await expect(dialog.get_by_label("办理期限")).to_have_value("2026-11-11")  # seven working days after it came in
    await dialog.get_by_label("办理期限").fill("")
    await dialog.get_by_role("button", name="受理").click()
    await expect(dialog.get_by_role("alert").or_(dialog.locator(".error")).first).to_contain_text("办理期限")
    await dialog.get_by_label("办理期限").fill("2026-12-01")
    await dialog.get_by_role("button", name="受理").click()
    await expect(lanes["办理中"].locator(".ticket")).to_have_count(1)
    await expect(lanes["待受理"].locator(".ticket")).to_have_count(0)

    # by keyboard: lifted with the space bar, over the only column there is a way to, dropped
    await card.get_by_role("link", name="看板上的一件事").focus()
    await page.keyboard.press("Space")
    await expect(page.locator("#kanban-said")).to_contain_text("已答复")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("heading", name="答复")).to_be_visible()
    await dialog.get_by_label("答复").first.fill("已派人处理，明天完工。")
    await dialog.get_by_role("button", name="答复").click()
    await expect(lanes["已答复"].locator(".ticket")).to_have_count(1)

    # who did which step, when
    await card.get_by_role("link", name="看板上的一件事").click()
    history = page.get_by_role("complementary", name="历史")
    for words in ("受理", "答复", "王志强"):
        await expect(history).to_contain_text(words)
