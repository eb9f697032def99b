// The line to the server: a bar while waiting, a word when it fails or is gone, a fresh token when one comes.
import { toast } from "./toasts.js";
import { word } from "./words.js";

const root = document.documentElement;
let waiting = 0;

const quiet = (event) => event.detail?.ctx?.sourceEvent?.type === "load";

document.addEventListener("htmx:before:request", (event) => {
  if (quiet(event)) return;
  waiting += 1;
  root.classList.add("busy");
  if (event.detail.ctx.target?.id === "list") document.body.classList.add("swapping");
});

document.addEventListener("htmx:finally:request", (event) => {
  if (quiet(event)) return;
  waiting = Math.max(0, waiting - 1);
  if (!waiting) root.classList.remove("busy");
  document.body.classList.remove("swapping");
});

document.addEventListener("htmx:after:request", (event) => {
  const token = event.detail.ctx.response?.headers.get("X-CSRF-Token");
  if (token) renew(token);
});

document.addEventListener("htmx:error", (event) => {
  if (event.detail?.error?.name === "AbortError" || (quiet(event) && !navigator.onLine)) return;
  if (event.detail?.error instanceof TypeError || event.detail?.error === "timeout" || !navigator.onLine) toast({ text: word("failed"), level: "bad" });
  else console.error(event.detail?.error);
});

export function renew(token) {
  document.body.setAttribute("hx-headers:inherited", JSON.stringify({ "X-CSRF-Token": token }));
  for (const input of document.querySelectorAll('input[name="_csrf"]')) input.value = token;
}

export const csrf = () => JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"];

// a page that is being left or a form that was sent says so too
addEventListener("beforeunload", () => root.classList.add("busy"));
addEventListener("pageshow", () => root.classList.remove("busy"));

function line() {
  document.querySelector(".offline-bar")?.remove();
  if (navigator.onLine) return;
  const bar = document.createElement("div");
  bar.className = "offline-bar";
  bar.setAttribute("role", "alert");
  bar.textContent = word("offline");
  document.body.append(bar);
}
addEventListener("online", line);
addEventListener("offline", line);
line();

// While pinyin is being composed nothing is searched: the letters are not yet words.
document.addEventListener("input", (event) => { if (event.isComposing) event.stopImmediatePropagation(); }, true);
document.addEventListener("compositionend", (event) => event.target.dispatchEvent(new Event("input", { bubbles: true })), true);
