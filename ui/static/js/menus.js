// Menus are popovers: placed beside what opened them, walked through with the arrows, closed when something is chosen.
const GAP = 4, EDGE = 8;

export function place(menu, anchor) {
  const at = anchor.getBoundingClientRect(), size = menu.getBoundingClientRect();
  const below = innerHeight - at.bottom - EDGE;
  const up = size.height > below && at.top > below;
  const left = Math.max(EDGE, Math.min(at.left, innerWidth - size.width - EDGE));
  menu.style.left = `${Math.round(at.right - size.width > EDGE && at.left + size.width > innerWidth - EDGE ? Math.min(at.right, innerWidth - EDGE) - size.width : left)}px`;
  menu.style.top = up ? `${Math.round(Math.max(EDGE, at.top - size.height - GAP))}px` : `${Math.round(at.bottom + GAP)}px`;
  menu.style.maxHeight = `${Math.round(Math.max(160, up ? at.top - EDGE : below))}px`;
}

const anchors = new WeakMap();

export function openMenu(menu, anchor) {
  anchors.set(menu, anchor);
  if (!menu.matches(":popover-open")) menu.showPopover();
  place(menu, anchor);
}

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.(".menu")) return;
  const opener = anchors.get(menu) ?? document.querySelector(`[popovertarget="${menu.id}"]:not([hidden])`);
  document.querySelectorAll(`[popovertarget="${menu.id}"]`).forEach((button) => button.setAttribute("aria-expanded", event.newState === "open"));
  if (event.newState === "open" && opener) {
    const seen = [...document.querySelectorAll(`[popovertarget="${menu.id}"]`)].find((button) => button.offsetParent !== null);
    place(menu, anchors.get(menu) ?? seen ?? opener);
  }
}, true);

// a part that arrives in an open menu changes its size
document.addEventListener("htmx:after:swap", (event) => {
  const menu = event.detail.ctx.target?.closest?.(".menu:popover-open");
  if (menu && anchors.get(menu)) place(menu, anchors.get(menu));
  menu?.querySelector("[autofocus]")?.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const menu = event.target.closest?.(".menu") ?? (event.target.matches?.("[popovertarget]") ? document.getElementById(event.target.getAttribute("popovertarget")) : null);
  if (!menu?.matches(":popover-open") || event.target.matches("input:not([type=checkbox], [type=radio]), select, textarea")) return;
  const lines = [...menu.querySelectorAll("a.line, button.line, label.line input")].filter((line) => line.offsetParent !== null);
  const next = lines.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  lines.at(next % lines.length)?.focus();
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const line = event.target.closest?.(".menu a.line, .menu button.line");
  if (line && !line.matches("[data-stay], [hx-target='#filter-panel']")) line.closest(".menu").hidePopover();
});
document.addEventListener("submit", (event) => event.target.closest?.(".menu")?.hidePopover());
