// The designer's keyboard and dragging. All state is on the server: this file only fills in the small form "quick".

const page = document.getElementById("designing");
const quick = () => document.getElementById("quick");
const picks = () => [...document.querySelectorAll("#designer .fcard-pick")];
const typing = (element) => element.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");

function send(values) {
  const form = quick();
  for (const input of form.querySelectorAll("input:not([name=_csrf])")) input.value = values[input.name] ?? "";
  form.requestSubmit();
}

/* which field is chosen */
function mark(path) {
  const top = path.split(".")[0];
  for (const card of document.querySelectorAll("#designer .fcard")) card.classList.toggle("chosen", card.dataset.path === top);
  document.querySelector("#designer .sheet-head")?.toggleAttribute("aria-current", !path);
  const after = document.querySelector("#designer [data-palette] [name=after]");
  if (after) after.value = top;
}

function focusCard(path) {
  const card = document.getElementById(`card-${path.split(".")[0]}`);
  card?.querySelector(".fcard-pick")?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:after:swap", (event) => {
  const target = event.detail?.ctx?.target;
  dress();
  const panel = document.getElementById("panel");
  if (panel) mark(panel.dataset.path);
  if (target?.id === "panel") document.querySelector("#designer .fcard.chosen")?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  if (target?.id === "panel" && wantsPanel) {
    document.querySelector("#panel #p-title")?.focus();
    wantsPanel = false;
  }
  settle();
});

/* A patch keeps what was typed and pressed, as it should while one field is being edited. Where the panel goes on to
   another field, or the draft to another state, it is made anew. */
document.addEventListener("htmx:before:swap", (event) => {
  const { target, text } = event.detail?.ctx ?? {};
  if (target?.id === "designer" && text?.includes(" data-fresh")) document.getElementById("panel")?.replaceChildren();
});

// The answer to an edit says where the focus goes: into the title of what is new, or to the card that was moved.
function settle() {
  const panel = document.getElementById("panel");
  const { focus, path } = panel?.dataset ?? {};
  if (!focus) return;
  delete panel.dataset.focus;
  const here = document.activeElement;
  if (focus === "choice") {
    const input = [...document.querySelectorAll("#choices [data-choice]")].at(-1);
    input?.focus();
    input?.select();
  } else if (focus === "title") {
    const input = document.getElementById("p-title");
    input?.focus();
    input?.select();
    document.getElementById(`card-${path.split(".")[0]}`)?.scrollIntoView({ block: "nearest" });
  } else if (focus === "type") {
    document.getElementById("p-type")?.focus();
  } else if (path && !(here?.closest("#panel") && here.isConnected)) {
    focusCard(path);
  }
}

/* A switch once pressed keeps its state also where the server refused: when nothing is under way, the server counts. */
let underway = 0;
const isEdit = (event) => event.detail?.ctx?.sourceElement?.closest?.("#designer") && event.detail.ctx.request?.method === "POST";
document.addEventListener("htmx:config:request", (event) => { if (isEdit(event)) underway += 1; });
document.addEventListener("htmx:finally:request", (event) => {
  if (!isEdit(event)) return;
  underway = Math.max(0, underway - 1);
  if (underway) return;
  for (const one of document.querySelectorAll("#panel .props :is([type=checkbox], [type=radio])")) one.checked = one.defaultChecked;
  for (const option of document.querySelectorAll("#panel .props:not(#listcolumns) option")) if (option.selected !== option.defaultSelected && option.defaultSelected) option.selected = true;
});

/* what failed says so where the state of the draft stands */
for (const [name, failed] of [["htmx:before:request", false], ["htmx:error", true], ["htmx:response:error", true]]) {
  document.addEventListener(name, (event) => {
    const source = event.detail?.ctx?.sourceElement;
    if (source?.closest?.("#designer") && event.detail.ctx.request?.method === "POST") page.classList.toggle("failed", failed);
  });
}

/* keys */
let wantsPanel = false;
document.addEventListener("keydown", (event) => {
  if (event.target.closest("dialog[open]")) return;
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key.toLowerCase() === "z" && !typing(event.target)) {
    event.preventDefault();
    document.getElementById(event.shiftKey ? "do-redo" : "do-undo")?.click();
    return;
  }
  if (event.key === "Escape" && event.target.closest("#panel")) {
    const path = document.getElementById("panel").dataset.path;
    if (path) { event.preventDefault(); focusCard(path); }
    return;
  }
  const pick = event.target.closest(".fcard-pick");
  if (pick) cardKey(event, pick, control);
});

function cardKey(event, pick, control) {
  const field = pick.dataset.pickPath;
  const up = event.key === "ArrowUp" || event.key === "ArrowLeft";
  const down = event.key === "ArrowDown" || event.key === "ArrowRight";
  if (event.altKey && (up || down)) {
    event.preventDefault();
    send({ op: "move", field, by: up ? "-1" : "1" });
  } else if (!control && !event.altKey && (up || down)) {
    event.preventDefault();
    const all = picks();
    const next = all[all.indexOf(pick) + (up ? -1 : 1)];
    next?.focus();
    next?.click();
  } else if (event.key === "Enter") {
    wantsPanel = true; // the link itself opens the panel
  } else if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    send({ op: "remove", field });
  } else if (control && event.key.toLowerCase() === "d") {
    event.preventDefault();
    send({ op: "copy", field });
  } else if (event.key === " ") {
    event.preventDefault();
    pick.click();
  }
}

/* desk or phone */
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-sheet-as]");
  if (button) {
    page.dataset.as = button.dataset.sheetAs;
    pressed();
  }
});

function pressed() {
  for (const button of document.querySelectorAll("[data-sheet-as]"))
    button.setAttribute("aria-pressed", String(button.dataset.sheetAs === page.dataset.as));
}

/* dragging */
function dress() {
  pressed();
  if (!window.Sortable) return;
  const touch = matchMedia("(pointer: coarse)").matches;
  const common = { animation: 120, ghostClass: "ghost", delay: touch ? 200 : 0, delayOnTouchOnly: true };
  const once = (selector, options) => {
    for (const list of document.querySelectorAll(selector))
      if (!window.Sortable.get(list)) window.Sortable.create(list, { ...common, ...options });
  };
  once("#designer [data-cards]", { group: "fields", handle: touch ? ".grip" : undefined, filter: ".empty", onAdd: added, onEnd: dropped });
  once("#designer [data-palette]", { group: { name: "fields", pull: "clone", put: false }, sort: false, draggable: ".kind" });
  once("#designer [data-choices]", { handle: ".grip", onEnd: resend });
  once("#designer [data-listed]", { handle: ".grip", onEnd: resend });
  once("#designer [data-columns]", { handle: ".grip", onEnd: column });
}

const beside = (item) => ({
  after: item.previousElementSibling?.dataset.path ?? "",
  before: item.previousElementSibling?.dataset.path ? "" : (item.nextElementSibling?.dataset.path ?? ""),
});

function dropped({ item, from, to, oldIndex, newIndex }) {
  if (item.dataset.path && (from !== to || oldIndex !== newIndex)) send({ op: "move", field: item.dataset.path, ...beside(item) });
}

function added({ item }) {
  if (!item.dataset.type) return;
  const place = beside(item);
  item.remove();
  send({ op: "add", type: item.dataset.type, ...place });
}

function column({ item, oldIndex, newIndex }) {
  if (oldIndex !== newIndex) send({ op: "move", field: item.dataset.path, ...beside(item), stay: "1" });
}

function resend({ to, oldIndex, newIndex }) {
  if (oldIndex !== newIndex) to.closest("form").requestSubmit();
}

function begin() {
  dress();
  const path = document.getElementById("panel")?.dataset.path;
  if (path) document.getElementById(`card-${path.split(".")[0]}`)?.scrollIntoView({ block: "center" });
}

if (document.readyState === "complete") begin();
else addEventListener("load", begin);
