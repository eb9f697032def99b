// Short messages at the foot of the page: from the server's HX-Trigger, or from the cookie that outlives a redirect.
import { icon, word } from "./words.js";

const SECONDS = 5, LONGER = 9;
const box = document.getElementById("toasts");

export function toast({ text, undo, level }) {
  if (!box) return;
  const one = document.createElement("div");
  one.className = level === "bad" ? "toast bad" : "toast";
  one.innerHTML = icon(level === "bad" ? "alert-triangle" : "circle-check");
  const words = document.createElement("span");
  words.textContent = text;
  one.append(words);
  if (undo) one.append(undoing(undo));
  const close = document.createElement("button");
  close.type = "button";
  close.className = "button square small";
  close.setAttribute("aria-label", word("close"));
  close.innerHTML = icon("x");
  close.addEventListener("click", () => drop(one));
  one.append(close);
  box.append(one);
  if (box.matches(":popover-open")) box.hidePopover();
  box.showPopover?.();
  const timer = () => setTimeout(() => drop(one), (undo || level === "bad" ? LONGER : SECONDS) * 1000);
  let end = timer();
  one.addEventListener("pointerenter", () => clearTimeout(end));
  one.addEventListener("pointerleave", () => { end = timer(); });
}

function drop(one) {
  one.remove();
  if (!box.childElementCount && box.matches(":popover-open")) box.hidePopover();
}

function undoing(path) {
  const form = document.createElement("form");
  form.method = "post";
  form.action = path;
  const token = document.createElement("input");
  token.type = "hidden";
  token.name = "_csrf";
  token.value = JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"];
  const button = document.createElement("button");
  button.className = "button small";
  button.textContent = word("undo");
  form.append(token, button);
  return form;
}

document.addEventListener("toast", (event) => toast(typeof event.detail === "string" ? { text: event.detail } : event.detail.value ? { text: event.detail.value } : event.detail));

// what a page before this one wanted to say; read once
const cookie = /(?:^|; )toast=([^;]*)/.exec(document.cookie)?.[1];
export let arrived = null;
if (cookie) {
  document.cookie = "toast=; path=/; max-age=0; samesite=lax";
  try {
    arrived = JSON.parse(decodeURIComponent(cookie.replace(/^"|"$/g, "")));
    toast(arrived);
  } catch { /* a cookie somebody else wrote */ }
}
