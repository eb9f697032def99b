// The list: selecting rows, walking through it with the arrows, opening a row in the drawer, refreshing a saved row.
import { fits, isOpen, openDrawer, openId } from "./drawer.js";
import { editCell, isEditable } from "./cells.js";
import { typing } from "./keys.js";
import { word } from "./words.js";

const rows = () => [...document.querySelectorAll("#list tbody tr[data-id]")];
const boxes = () => [...document.querySelectorAll('#list tbody input[name="id"]')];
let here = { id: "", column: 1 };
let lastBox = null;

// selection
function told() {
  const chosen = boxes().filter((box) => box.checked).length;
  const count = document.querySelector("[data-selected]");
  if (count) count.textContent = word("selected", { n: chosen });
  const all = document.querySelector("[data-all]");
  if (all) { all.checked = chosen > 0 && chosen === boxes().length; all.indeterminate = chosen > 0 && !all.checked; }
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.('#list tbody input[name="id"]');
  if (box && event.shiftKey && lastBox?.isConnected) {
    const list = boxes(), [from, to] = [list.indexOf(lastBox), list.indexOf(box)].sort((a, b) => a - b);
    for (const one of list.slice(from, to + 1)) one.checked = box.checked;
  }
  if (box) lastBox = box;
  if (event.target.closest?.("[data-unselect]")) boxes().forEach((one) => { one.checked = false; });
  if (box || event.target.closest?.("[data-unselect]")) told();
});
document.addEventListener("change", (event) => {
  if (!event.target.matches?.("[data-all], #list input[name='id']")) return;
  if (event.target.matches("[data-all]")) boxes().forEach((one) => { one.checked = event.target.checked; });
  told();
});

// the row and cell one is at
function go(row, column, { focus = true } = {}) {
  if (!row) return;
  const cells = row.cells, to = Math.max(1, Math.min(column, cells.length - 1));
  here = { id: row.dataset.id, column: to };
  document.querySelectorAll("#list tr.here").forEach((one) => one.classList.remove("here"));
  row.classList.add("here");
  if (!focus) return;
  const target = to === 1 ? cells[1].querySelector("a") ?? cells[1] : cells[to];
  if (target.tagName === "TD") target.tabIndex = -1;
  target.focus({ preventScroll: true });
  cells[to].scrollIntoView({ block: "nearest", inline: "nearest" });
  if (isOpen() && openId() !== row.dataset.id) openRow(row);
}

const present = () => rows().find((row) => row.dataset.id === here.id);

export function openRow(row) {
  const link = row.querySelector("td.first a");
  if (!link) return;
  fits() ? openDrawer(link.getAttribute("href"), row.dataset.id) : (location.href = link.href);
}

document.addEventListener("click", (event) => {
  const row = event.target.closest?.("#list tbody tr[data-id]");
  if (!row || event.target.closest("input, button, .editing")) return;
  const link = event.target.closest("a");
  if (link && link.closest("td.first")) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || !fits()) return;
    event.preventDefault();
    go(row, 1, { focus: false });
    link.focus({ preventScroll: true });
    openRow(row);
  } else if (!link && fits()) go(row, event.target.closest("td")?.cellIndex ?? 1);
});

document.addEventListener("dblclick", (event) => {
  const cell = event.target.closest?.("#list tbody td");
  if (!cell || event.target.closest("input, a, form")) return;
  isEditable(cell) ? editCell(cell) : openRow(cell.parentElement);
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (!document.getElementById("board") || document.querySelector("dialog[open], .menu:popover-open") || event.target.closest?.("#drawer")) return;
  const list = rows(), row = present(), at = list.indexOf(row);
  const steps = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] }[event.key];
  if (steps) {
    event.preventDefault();
    if (row) go(list[Math.max(0, Math.min(at + steps[0], list.length - 1))], here.column + steps[1]);
    else go(list[0], 1);
    if (at + steps[0] >= list.length - 1) document.querySelector("#list tr.next-rows a")?.click();
  } else if (row && event.key === " " && !event.target.closest("a.button, button")) {
    event.preventDefault();
    const box = row.querySelector('input[name="id"]');
    if (box) { box.checked = !box.checked; told(); }
  } else if (row && event.key === "Enter" && event.target.closest?.("#list td")) {
    event.preventDefault();
    openRow(row);
  } else if (row && event.key === "e" && !isOpen()) {
    event.preventDefault();
    const cell = row.cells[here.column];
    if (here.column > 1 && isEditable(cell)) editCell(cell);
    else location.href = `${row.querySelector("td.first a").getAttribute("href")}/edit`;
  }
});

// a record saved in the drawer shows its new values in the list
document.addEventListener("saved", (event) => {
  const row = rows().find((one) => one.dataset.id === event.detail.id);
  if (!row || document.querySelector("#list td.editing")) return;
  const url = `${document.getElementById("list").dataset.path}/${event.detail.id}/row${location.search}`;
  htmx.ajax("GET", url, { target: row, swap: "outerHTML" }).then(() => {
    const fresh = rows().find((one) => one.dataset.id === event.detail.id);
    if (fresh && openId() === event.detail.id) fresh.classList.add("here");
  });
});

// places whose address follows the list's, although they are outside of what is swapped
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-current-state]");
  if (link) link.href = link.dataset.currentState + location.search;
}, true);

document.addEventListener("scroll", (event) => {
  if (event.target.id === "board") event.target.classList.toggle("scrolled", event.target.scrollLeft > 0);
}, true);
