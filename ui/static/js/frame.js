// The frame: menu at the left, theme, dialogs, and small attributes that any page may use (see ui/README.md).
import { toast } from "./toasts.js";
import { word } from "./words.js";

const root = document.documentElement;
const keep = (name, value) => { document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`; };

export function toggleSide() {
  const to = root.dataset.side === "icons" ? "" : "icons";
  root.dataset.side = to;
  keep("side", to);
}

const actions = {
  "[data-toggle-side]": toggleSide,
  "[data-open-side]": (button) => {
    const open = document.getElementById("side").classList.toggle("open");
    button.setAttribute("aria-expanded", open);
  },
  "[data-help]": () => document.getElementById("keys").showModal(),
  "[data-theme-to]": (button) => {
    const to = button.dataset.themeTo;
    keep("theme", to);
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = to === "auto" ? (dark ? "dark" : "light") : to;
    button.closest("[popover]")?.hidePopover();
  },
  "[data-dialog]": (button) => document.querySelector(button.dataset.dialog)?.showModal(),
  "[data-close]": (button) => button.closest("dialog")?.close(),
  "[data-dismiss]": (button) => button.closest(".notice")?.remove(),
  "[data-print]": () => print(),
  "[data-back]": () => history.back(),
  "[data-copy]": (button) => copy(document.querySelector(button.dataset.copy)),
  "[data-copy-url]": (button) => copy({ value: new URL(button.closest("[data-url]")?.dataset.url ?? location.href, location.href).href }),
};

async function copy(from) {
  const text = from.value ?? from.textContent;
  try {
    await navigator.clipboard.writeText(text.trim());
    toast({ text: word("copied") });
  } catch {
    getSelection().selectAllChildren(from instanceof Node ? from : document.body);
  }
}

document.addEventListener("click", (event) => {
  for (const [selector, act] of Object.entries(actions)) {
    const found = event.target.closest?.(selector);
    if (found) act(found, event);
  }
  if (event.target instanceof HTMLDialogElement && event.target.open) event.target.close(); // beside the dialog
});

// groups of the menu stay as they were left
const FOLDED = "menu-folded";
const folded = new Set(JSON.parse(localStorage.getItem(FOLDED) || "[]"));
for (const group of document.querySelectorAll("#side details")) {
  if (folded.has(group.dataset.group) && !group.querySelector("[aria-current]")) group.open = false;
  group.addEventListener("toggle", () => {
    folded[group.open ? "delete" : "add"](group.dataset.group);
    localStorage.setItem(FOLDED, JSON.stringify([...folded]));
  });
}
document.querySelector("#side [aria-current]")?.scrollIntoView({ block: "nearest" });
