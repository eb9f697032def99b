// The form: leaving with unsaved changes is asked about, Enter moves on, numbers get their separators, errors are jumped to.
import { word } from "./words.js";

const FORM = "form[data-entry]";
let sending = false;

export function prepare() {
  for (const form of document.querySelectorAll(`${FORM}:not([data-ready])`)) {
    form.dataset.ready = "1";
    form.enctype = "application/x-www-form-urlencoded"; // files are sent at once, see uploads.js
    for (const input of form.querySelectorAll("input[type=file]")) input.removeAttribute("name");
    form.dispatchEvent(new CustomEvent("entry-ready", { bubbles: true }));
    const summary = form.parentElement.querySelector("#summary");
    const first = form.querySelector(".sheet :is(input:not([type=hidden]), select, textarea)");
    if (summary) summary.focus();
    else if (!matchMedia("(pointer: coarse)").matches) first?.focus({ preventScroll: true });
  }
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.(FORM);
  if (form) form.dataset.dirty = "";
});

addEventListener("beforeunload", (event) => {
  if (!sending && document.querySelector(`${FORM}[data-dirty], form[data-guard][data-dirty]`)) event.preventDefault();
});
document.addEventListener("input", (event) => { const form = event.target.closest?.("form[data-guard]"); if (form) form.dataset.dirty = ""; });

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented) return;
  if (form.matches("[data-entry], [data-guard]")) {
    if (form.dataset.sent && Date.now() - form.dataset.sent < 4000) { event.preventDefault(); return; } // a second press
    form.dataset.sent = Date.now();
  }
  if (!form.hasAttribute("hx-post") && !form.hasAttribute("hx-get") && form.method === "post") sending = true;
  setTimeout(() => { sending = false; }, 8000);
}, true);
addEventListener("pageshow", () => { sending = false; });

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.(FORM);
  if (!form || event.isComposing || event.defaultPrevented) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.key === "Enter" && event.target.matches("input:not([type=checkbox], [type=radio], [type=file])") && !event.target.closest(".lines")) {
    event.preventDefault();
    const all = [...form.querySelectorAll(".sheet :is(input:not([type=hidden], [type=file]), select, textarea), .bar .primary")].filter((one) => one.offsetParent !== null && one.tabIndex >= 0);
    all[all.indexOf(event.target) + 1]?.focus();
  }
});

// 1234567.5 -> 1,234,567.50, as far as it can be read; anything else stays for the server to judge
export function grouped(text, decimals) {
  const plain = text.normalize("NFKC").replace(/[,\s¥￥]/g, "");
  const parts = /^([+-]?)(\d+)(?:\.(\d*))?$/.exec(plain);
  if (!parts) return text;
  const fraction = (parts[3] ?? "").padEnd(decimals, "0");
  if (fraction.length > decimals && /[1-9]/.test(fraction.slice(decimals))) return text;
  const whole = parts[2].replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, ",");
  return (parts[1] === "-" ? "-" : "") + whole + (decimals ? `.${fraction.slice(0, decimals)}` : "");
}
document.addEventListener("focusout", (event) => {
  const input = event.target;
  if (input.matches?.("input.num[data-decimals]") && input.value) input.value = grouped(input.value, Number(input.dataset.decimals));
});

// the summary's links lead to the field, also into rows and groups
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('.summary a[href^="#f-"]');
  const target = link && document.getElementById(link.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  const control = target.matches("input, select, textarea") ? target : target.querySelector("input:not([type=hidden]), select, textarea, button") ?? target;
  control.focus({ preventScroll: true });
  control.closest(".field")?.scrollIntoView({ block: "center", behavior: "smooth" });
});

document.addEventListener("htmx:after:swap", prepare);
