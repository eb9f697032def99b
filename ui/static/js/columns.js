// Heads of columns: the menu of sorting and filtering, chips that open it again, widths that are drawn with the mouse.
import { openMenu } from "./menus.js";

const SMALLEST = 60;
const state = () => new URLSearchParams(new FormData(document.getElementById("find")));

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-panel]");
  const menu = document.getElementById("column-menu");
  if (!button || !menu || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const asked = state();
  asked.append("field", button.dataset.panel);
  button.dataset.at === undefined ? asked.append("head", "1") : asked.append("at", button.dataset.at);
  const path = document.getElementById("list").dataset.path;
  htmx.ajax("GET", `${path}/filter?${asked}`, { target: "#column-menu", swap: "innerHTML" }).then(() => openMenu(menu, button));
});

// the filter menu begins again with the list of fields
document.addEventListener("toggle", (event) => {
  if (event.target.id !== "filter-menu" || event.newState !== "open") return;
  event.target.querySelector("[data-first]").hidden = false;
  event.target.querySelector("#filter-panel").replaceChildren();
}, true);
document.addEventListener("htmx:after:swap", (event) => {
  if (event.detail.ctx.target?.id === "filter-panel") document.querySelector("#filter-menu [data-first]").hidden = true;
  if (["filter-panel", "column-menu"].includes(event.detail.ctx.target?.id)) show(event.detail.ctx.target);
  if (event.detail.ctx.target?.id === "list" || event.detail.ctx.target?.closest?.("#list")) apply();
});

// "between" has two values, "is empty" none
function show(panel) {
  const op = panel.querySelector("[data-op]");
  if (!op) return;
  panel.querySelector("[data-op-value]").hidden = ["empty", "filled"].includes(op.value);
  for (const one of panel.querySelectorAll("[data-between]")) one.hidden = op.value !== "between";
}
document.addEventListener("change", (event) => { if (event.target.matches?.("[data-op]")) show(event.target.closest("form")); });
document.addEventListener("click", (event) => {
  const span = event.target.closest?.("[data-span]");
  if (!span) return;
  const form = span.closest("form"), [from, to] = span.dataset.span.split(" ");
  form.elements.v.value = from;
  form.elements.v2.value = to;
  form.requestSubmit();
});

// widths, kept on this computer by form
const key = () => `widths/${document.getElementById("list")?.dataset.form}`;
function widths() { try { return JSON.parse(localStorage.getItem(key())) || {}; } catch { return {}; } }

function set(head, width) {
  head.style.width = head.style.minWidth = head.style.maxWidth = width ? `${width}px` : "";
  const table = head.closest("table"), place = head.cellIndex;
  for (const row of table.tBodies[0].rows) if (row.cells[place]) row.cells[place].style.maxWidth = width ? `${width}px` : "";
}

function apply() {
  const kept = widths();
  for (const head of document.querySelectorAll("#list th[data-name]")) if (kept[head.dataset.name]) set(head, kept[head.dataset.name]);
}
apply();

document.addEventListener("pointerdown", (event) => {
  const grip = event.target.closest?.("[data-grip]");
  if (!grip) return;
  event.preventDefault();
  const head = grip.closest("th"), from = event.clientX, width = head.getBoundingClientRect().width;
  const move = (e) => set(head, Math.max(SMALLEST, Math.round(width + e.clientX - from)));
  const end = () => {
    removeEventListener("pointermove", move);
    localStorage.setItem(key(), JSON.stringify({ ...widths(), [head.dataset.name]: Math.round(head.getBoundingClientRect().width) }));
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", end, { once: true });
});
document.addEventListener("dblclick", (event) => {
  const head = event.target.closest?.("[data-grip]")?.closest("th");
  if (!head) return;
  set(head, 0);
  const kept = widths();
  delete kept[head.dataset.name];
  localStorage.setItem(key(), JSON.stringify(kept));
});
