// Keys of the whole page: / search, n new, e edit, [ menu, ? help, Esc closes. A list and a form have their own.
import { closeDrawer, isOpen } from "./drawer.js";
import { toggleSide } from "./frame.js";

export const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open]");

function press(key) {
  const within = isOpen() ? document.getElementById("drawer") : document;
  const found = [...within.querySelectorAll(`[data-key="${key}"]`)].find((one) => one.offsetParent !== null);
  found?.click();
  return Boolean(found);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape") {
    if (document.querySelector("dialog[open], .menu:popover-open")) return;
    if (typing(event.target)) { event.target.blur(); return; }
    document.getElementById("side").classList.remove("open");
    closeDrawer();
    return;
  }
  if (typing(event.target)) return;
  const done = {
    "/": () => { const input = document.getElementById("q") ?? document.querySelector("[data-find]"); input.focus(); input.select(); return true; },
    "?": () => { document.getElementById("keys").showModal(); return true; },
    "[": () => { toggleSide(); return true; },
    n: () => press("n"),
    e: () => press("e"),
  }[event.key]?.();
  if (done) event.preventDefault();
});
