// Forms that may be filled in without a network: kept on the phone, sent in order when the network is back, each once.
import { forget } from "./drafts.js";
import { csrf, renew } from "./net.js";
import { all, drop, newClient, one, put } from "./offline/outbox.js";
import { toast } from "./toasts.js";
import { held } from "./uploads.js";
import { word } from "./words.js";

const FORM = "form[data-offline]", PAGES = "pages", PARTS = "parts", HOURS = 12, AGAIN = 10000, LONGEST = 90000;
const owner = document.body.dataset.owner ?? "";
const forms = (document.body.dataset.offlineForms ?? "").split(" ").filter(Boolean);
const changed = () => document.dispatchEvent(new CustomEvent("outbox"));
let renewed = false;

// --- keeping what is needed without a network
async function prepare() {
  if (!("serviceWorker" in navigator) || !window.caches || !forms.length || !navigator.onLine) return;
  await navigator.serviceWorker.register("/worker.js");
  const mark = `${owner}/${document.querySelector('script[type="module"]')?.src}/${forms.join()}`;
  const kept = JSON.parse(localStorage.getItem("offline-kept") || "{}");
  const here = document.querySelector(FORM) || location.pathname === "/offline";
  if (!here && kept.mark === mark && kept.at > Date.now() - HOURS * 3600000) return;
  const pages = await caches.open(PAGES);
  if (kept.mark !== mark) { // another version, or another person
    for (const old of await pages.keys()) await pages.delete(old);
    await caches.delete(PARTS);
  }
  for (const url of ["/offline", ...forms.flatMap((form) => [`/forms/${form}/new`, `/offline/${form}/options`])]) {
    const answer = await fetch(url, { headers: { Accept: url.endsWith("/options") ? "application/json" : "text/html" } });
    if (!answer.ok || answer.redirected) return;
    await pages.put(url, answer.clone());
    if (!url.endsWith("/options")) await keepParts(await answer.text());
  }
  localStorage.setItem("offline-kept", JSON.stringify({ mark, at: Date.now() }));
  document.documentElement.dataset.offlineReady = "1";
}

async function keepParts(text) {
  const parts = await caches.open(PARTS);
  const read = new DOMParser().parseFromString(text, "text/html");
  const named = [...read.querySelectorAll("link[href], script[src], use[href], img[src]")].map((tag) => tag.getAttribute("href") ?? tag.getAttribute("src"));
  const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
  const urls = new Set([...named, ...loaded].map((url) => new URL(url, location.href)).filter((url) => url.pathname.startsWith("/static/")).map((url) => url.origin + url.pathname));
  await Promise.all([...urls].map(async (url) => { if (!await parts.match(url)) await parts.add(url); }));
}

// --- sending
function packed(entry) {
  const body = new FormData();
  for (const [name, value] of entry.fields) body.append(name, value);
  for (const [name, file] of entry.files) body.append(`${name}__upload`, file, file.name);
  body.append("_client", entry.client);
  return body;
}

// {url} when it is there, {problems} when it was refused, {later} when the network or the server is away
async function send(entry) {
  let answer;
  try {
    answer = await fetch(`/offline/${entry.form}`, { method: "POST", body: packed(entry), signal: AbortSignal.timeout(LONGEST),
      headers: { "X-CSRF-Token": csrf(), Accept: "application/json" } });
  } catch { return { later: true }; }
  if (answer.ok) return answer.json();
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 401 || answer.status >= 500 || answer.status === 429) return { later: true, signedOut: answer.status === 401 };
  if (told.error?.code === "csrf" && !renewed) {
    renewed = true; // the page came from the phone: its token is of an older session
    return await freshen() ? send(entry) : { later: true, signedOut: true };
  }
  return { problems: told.error?.problems?.length ? told.error.problems : [{ field: "", message: told.error?.message ?? word("failed") }] };
}

async function freshen() {
  const answer = await fetch("/offline").catch(() => null);
  if (!answer?.ok || answer.redirected) return false;
  const body = new DOMParser().parseFromString(await answer.text(), "text/html").body;
  if (body.dataset.owner !== owner) return false;
  renew(JSON.parse(body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"]);
  return true;
}

export async function flush() {
  if (!owner || !navigator.onLine || !window.indexedDB) return;
  await navigator.locks.request("outbox", { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    let arrived = 0;
    for (const entry of await all(owner)) {
      if (entry.state !== "waiting") continue;
      const told = await send(entry);
      if (told.later) { if (told.signedOut) toast({ text: word("outbox_sign_in"), level: "bad" }); break; }
      if (told.url) { await drop(entry.client); arrived += 1; }
      else await put({ ...entry, state: "refused", problems: told.problems.map((problem) => problem.message) });
      changed();
    }
    if (arrived) toast({ text: word("outbox_arrived", { n: arrived }) });
  });
  changed();
}

// --- filling in
document.addEventListener("submit", async (event) => {
  const form = event.target.closest?.(FORM);
  if (!form || event.defaultPrevented || event.submitter?.name === "_add") return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.dataset.going) return;
  form.dataset.going = "1";
  form.dataset.client ||= newClient();
  const entry = {
    client: form.dataset.client, form: form.dataset.offline, title: form.dataset.title, owner, at: Date.now(), state: "waiting", problems: [],
    fields: [...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "_csrf" && name !== "_restored"),
    files: held(form),
  };
  const telling = '.sheet :is(input[type="date"], [role="combobox"], textarea, input[type="text"]:not(.num))';
  entry.label = [...form.querySelectorAll(telling)].filter((input) => input.value && !input.closest(".lines")).slice(0, 5).map((input) => input.value).join(" · ");
  const told = navigator.onLine ? await send(entry) : { later: true };
  delete form.dataset.going;
  if (told.problems) { refused(form, told.problems); return; }
  if (told.later) {
    await put(entry);
    changed();
  } else await drop(entry.client);
  forget(`draft/${form.dataset.draft}`);
  sessionStorage.removeItem("sent-draft");
  delete form.dataset.dirty;
  const next = event.submitter?.value === "next" ? location.pathname : told.url ?? "/offline";
  location.assign(next);
}, true);

function refused(form, problems) {
  delete form.dataset.sent;
  form.parentElement.querySelector("#summary")?.remove();
  const box = document.createElement("div"), list = document.createElement("ul"), head = document.createElement("strong"), inside = document.createElement("div");
  box.className = "notice red summary";
  box.id = "summary";
  box.tabIndex = -1;
  box.setAttribute("role", "alert");
  head.textContent = word("outbox_refused", { n: problems.length });
  for (const { field, message } of problems) {
    const item = document.createElement("li"), name = field.split(".")[0];
    const label = form.querySelector(`.field[data-field="${CSS.escape(name)}"] :is(label, .label)`)?.firstChild?.textContent.trim();
    item.textContent = label && !message.includes(label) ? `${label}：${message}` : message;
    list.append(item);
    form.querySelector(`.field[data-field="${CSS.escape(name)}"] :is(input, select, textarea):not([type=hidden])`)?.setAttribute("aria-invalid", "true");
  }
  inside.append(head, list);
  box.append(inside);
  form.before(box);
  box.focus();
}

// a form that was opened again from the outbox: saving it takes the place of what was kept
document.addEventListener("entry-ready", (event) => {
  const client = sessionStorage.getItem("outbox-editing");
  if (!client || !event.target.matches(FORM)) return;
  event.target.dataset.client = client;
  sessionStorage.removeItem("outbox-editing");
});

// --- what waits, told on every page and listed on /offline
async function tell() {
  const strip = document.getElementById("outbox");
  if (!strip || !window.indexedDB) return;
  const entries = await all(owner);
  strip.hidden = !entries.length;
  strip.querySelector("span").textContent = word("outbox_waiting", { n: entries.length });
  const list = document.getElementById("outbox-list");
  if (list) draw(list, entries);
}

function draw(list, entries) {
  document.getElementById("outbox-empty").hidden = entries.length > 0;
  list.replaceChildren(...entries.map((entry) => {
    const item = list.parentElement.querySelector("template").content.firstElementChild.cloneNode(true);
    item.dataset.client = entry.client;
    item.querySelector(".what").textContent = `${entry.title} · ${entry.label}`;
    item.querySelector("time").textContent = new Date(entry.at).toLocaleString(document.documentElement.lang);
    item.querySelector(".files").textContent = entry.files.length ? word("outbox_files", { n: entry.files.length }) : "";
    item.querySelector(".problems").textContent = entry.problems.join(" ");
    item.querySelector(entry.state === "refused" ? ".waiting" : ".refused").remove();
    if (entry.state !== "refused") item.querySelector("[data-outbox=edit]").remove();
    return item;
  }));
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-outbox]");
  if (!button) return;
  const entry = await one(button.closest("[data-client]").dataset.client);
  if (!entry) { changed(); return; }
  if (button.dataset.outbox === "send") { await put({ ...entry, state: "waiting", problems: [] }); await flush(); changed(); }
  else if (button.dataset.outbox === "drop") { if (confirm(word("outbox_sure"))) { await drop(entry.client); changed(); } }
  else await edit(entry);
});

// the server draws the form again from what was kept; photos go up first and come back by their ids
async function edit(entry) {
  const fields = [...entry.fields];
  for (const [name, file] of entry.files) {
    const body = new FormData();
    body.append("name", name);
    body.append("file", file, file.name);
    const answer = await fetch("/files", { method: "POST", body, headers: { "X-CSRF-Token": csrf(), "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok) { toast({ text: word("failed"), level: "bad" }); return; }
    const id = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("input[type=hidden]")?.value;
    if (id) fields.push([name, id]);
  }
  sessionStorage.setItem("outbox-editing", entry.client);
  const body = document.createElement("form");
  body.method = "post";
  body.action = `/forms/${entry.form}/new`;
  for (const [name, value] of [...fields, ["_csrf", csrf()], ["_restored", "1"]]) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    body.append(input);
  }
  document.body.append(body);
  body.submit();
}

document.addEventListener("outbox", tell);
addEventListener("online", flush);
setInterval(() => { if (!document.getElementById("outbox")?.hidden && document.visibilityState === "visible") flush(); }, AGAIN); // not every device says that the network is back
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && flush());
// who signs out leaves no page of his on the phone; what he filled in stays, and is sent when he is back
document.addEventListener("submit", (event) => {
  if (event.target.getAttribute?.("action") === "/sign-out" && window.caches) { caches.delete(PAGES); localStorage.removeItem("offline-kept"); }
});
tell();
flush();
if (forms.length) prepare().catch(() => { /* the network went away while it was being kept: the next page tries again */ });
