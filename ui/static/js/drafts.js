// What is typed is kept on this computer until it is saved, by tenant, member, form and record, and offered back.
import { csrf } from "./net.js";
import { arrived } from "./toasts.js";
import { word } from "./words.js";

const DAYS = 14, PREFIX = "draft/";
const key = (form) => PREFIX + form.dataset.draft;
const skipped = (name) => name.startsWith("_") || name === "";

function read(name) {
  try { return JSON.parse(localStorage.getItem(name)); } catch { return null; }
}

function keep(form) {
  const fields = [...new FormData(form)].filter(([name, value]) => !skipped(name) && typeof value === "string");
  try { localStorage.setItem(key(form), JSON.stringify({ at: Date.now(), revision: form.dataset.revision, fields })); } catch { /* full */ }
}

let timer = 0;
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-draft]");
  if (!form) return;
  clearTimeout(timer);
  timer = setTimeout(() => form.isConnected && keep(form), 400);
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("form[data-draft]");
  if (!form) return;
  clearTimeout(timer);
  keep(form);
  sessionStorage.setItem("sent-draft", key(form));
}, true);

export function forget(name) { localStorage.removeItem(name); }

// it was saved: by the message that came across the redirect, or by the event in the drawer
function saved() {
  const name = sessionStorage.getItem("sent-draft");
  if (name) forget(name);
  sessionStorage.removeItem("sent-draft");
}
if (arrived && arrived.level !== "bad") saved();
document.addEventListener("saved", saved);

document.addEventListener("entry-ready", (event) => {
  const form = event.target;
  const draft = form.dataset.draft && !("dirty" in form.dataset) && read(key(form));
  if (!draft) return;
  const now = JSON.stringify([...new FormData(form)].filter(([name, value]) => !skipped(name) && typeof value === "string"));
  if (JSON.stringify(draft.fields) === now) { forget(key(form)); return; }
  offer(form, draft);
});

function offer(form, draft) {
  const strip = document.createElement("div");
  strip.className = "notice offer";
  strip.setAttribute("role", "status");
  const when = new Date(draft.at).toLocaleString(document.documentElement.lang, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
  const text = document.createElement("div");
  text.textContent = word("draft", { when });
  const use = document.createElement("button"), drop = document.createElement("button");
  use.type = drop.type = "button";
  use.className = "button small primary";
  drop.className = "button small quiet";
  use.textContent = word("draft_use");
  drop.textContent = word("draft_drop");
  use.addEventListener("click", () => restore(form, draft));
  drop.addEventListener("click", () => { forget(key(form)); strip.remove(); });
  strip.append(text, use, drop);
  form.before(strip);
}

// The server draws the form again from the draft, so every kind of field comes back, rows and files too.
function restore(form, draft) {
  const fields = [...draft.fields, ["_csrf", csrf()], ["_restored", "1"], ["_revision", draft.revision || "0"]];
  if (form.closest("#drawer-content")) {
    const body = document.createElement("form");
    fields.forEach(([name, value]) => body.append(input(name, value)));
    form.after(body);
    htmx.ajax("POST", form.getAttribute("action"), { source: body, target: "#drawer-content", swap: "innerHTML" });
    return;
  }
  const body = document.createElement("form");
  body.method = "post";
  body.action = form.getAttribute("action");
  fields.forEach(([name, value]) => body.append(input(name, value)));
  document.body.append(body);
  delete form.dataset.dirty;
  body.submit();
}

function input(name, value) {
  const one = document.createElement("input");
  one.type = "hidden";
  one.name = name;
  one.value = value;
  return one;
}

for (const name of Object.keys(localStorage)) {
  if (name.startsWith(PREFIX) && !((read(name)?.at ?? 0) > Date.now() - DAYS * 86400000)) forget(name);
}
