// Rows inside a form, like a small spreadsheet: Tab and Enter go on and add a line, Excel can be pasted, numbers are summed.
import { grouped } from "./form.js";
import { toast } from "./toasts.js";
import { word } from "./words.js";

const CELL = "input:not([type=hidden]), select, textarea";
const cellsOf = (row) => [...row.querySelectorAll("td")].map((cell) => cell.querySelector(CELL)).filter(Boolean);

function add(lines) {
  const body = lines.querySelector("tbody");
  const number = Math.max(-1, ...[...body.querySelectorAll("[name]")].map((one) => Number(one.name.slice(lines.dataset.lines.length + 1).split(".")[0]) || 0)) + 1;
  const row = lines.querySelector("template").content.firstElementChild.cloneNode(true);
  for (const one of row.querySelectorAll("*")) {
    for (const name of ["id", "name", "aria-controls", "aria-describedby"]) {
      const value = one.getAttribute(name);
      if (value) one.setAttribute(name, value.replace("#", body.rows.length ? number : 0));
    }
  }
  body.append(row);
  renumber(lines);
  return row;
}

function renumber(lines) {
  [...lines.querySelector("tbody").rows].forEach((row, n) => { row.cells[0].textContent = n + 1; });
  sum(lines);
}

function changed(lines) { lines.dispatchEvent(new Event("input", { bubbles: true })); }

// exact: whole numbers of the smallest unit, never floating point
function scaled(text, decimals) {
  const plain = grouped(text, decimals).replaceAll(",", "");
  return /^-?\d+(\.\d+)?$/.test(plain) ? BigInt(plain.replace(".", "")) : null;
}

function sum(lines) {
  const foot = lines.querySelector("tfoot");
  const sums = foot?.querySelectorAll("[data-sum]") ?? [];
  for (const cell of sums) {
    const decimals = Number(cell.dataset.decimals);
    let total = 0n, some = false;
    for (const row of lines.querySelector("tbody").rows) {
      const value = scaled(row.cells[cell.cellIndex].querySelector("input")?.value ?? "", decimals);
      if (value !== null) { total += value; some = true; }
    }
    const sign = total < 0n ? "-" : "", digits = (total < 0n ? -total : total).toString().padStart(decimals + 1, "0");
    const plain = decimals ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : digits;
    cell.textContent = some ? grouped(sign + plain, decimals) : "";
  }
  if (foot) foot.hidden = !sums.length || lines.querySelector("tbody").rows.length < 2;
}

document.addEventListener("click", (event) => {
  const lines = event.target.closest?.(".lines");
  if (!lines) return;
  if (event.target.closest("[data-add-line]")) {
    event.preventDefault();
    cellsOf(add(lines))[0]?.focus();
    changed(lines);
  } else if (event.target.closest("[data-drop-line]")) {
    event.target.closest("tr").remove();
    renumber(lines);
    changed(lines);
  }
});

document.addEventListener("keydown", (event) => {
  const lines = event.target.closest?.(".lines"), row = event.target.closest?.("tbody tr");
  if (!lines || !row || event.isComposing || event.defaultPrevented || event.ctrlKey || event.altKey || !event.target.matches(CELL)) return;
  const cells = cellsOf(row), at = cells.indexOf(event.target), rows = [...lines.querySelector("tbody").rows];
  const to = (line) => { const next = cellsOf(line)[at]; next?.focus(); next?.select?.(); };
  if (event.key === "Tab" && !event.shiftKey && at === cells.length - 1 && row === rows.at(-1) && cells.some((cell) => cell.type !== "checkbox" && cell.value)) {
    event.preventDefault();
    cellsOf(add(lines))[0]?.focus();
  } else if (event.key === "Enter" && !event.target.matches("textarea, button")) {
    event.preventDefault();
    to(rows[rows.indexOf(row) + 1] ?? add(lines));
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.matches('input:not([type="date"], [type="datetime-local"])')) {
    const other = rows[rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)];
    if (other) { event.preventDefault(); to(other); }
  }
});

document.addEventListener("input", (event) => { const lines = event.target.closest?.(".lines"); if (lines) sum(lines); });
document.addEventListener("entry-ready", (event) => event.target.querySelectorAll(".lines").forEach((lines) => {
  if (!lines.querySelector("tbody").rows.length && lines.querySelector("template")) add(lines); // one to begin with
  sum(lines);
}));

// a block copied in Excel arrives as lines of cells between tabs
function parse(text) {
  const table = [[""]];
  let quoted = false;
  for (let n = 0; n < text.length; n += 1) {
    const sign = text[n], row = table.at(-1);
    if (sign === '"' && (quoted || row.at(-1) === "")) {
      if (quoted && text[n + 1] === '"') { row[row.length - 1] += '"'; n += 1; } else quoted = !quoted;
    } else if (!quoted && sign === "\t") row.push("");
    else if (!quoted && sign === "\n") table.push([""]);
    else if (sign !== "\r") row[row.length - 1] += sign;
  }
  if (table.at(-1).length === 1 && table.at(-1)[0] === "") table.pop();
  return table;
}

function fill(cell, text) {
  const value = text.trim();
  if (cell.type === "checkbox") cell.checked = /^(1|true|yes|y|x|✓|√|是|对|有)$/i.test(value);
  else if (cell.tagName === "SELECT") {
    const found = [...cell.options].find((one) => one.textContent.trim() === value || one.value === value);
    cell.value = found ? found.value : "";
  } else if (cell.type === "date") {
    const day = /^(\d{4})\D+(\d{1,2})\D+(\d{1,2})/.exec(value);
    cell.value = day ? `${day[1]}-${day[2].padStart(2, "0")}-${day[3].padStart(2, "0")}` : "";
  } else if (cell.dataset.decimals !== undefined) cell.value = grouped(value, Number(cell.dataset.decimals));
  else {
    cell.value = value;
    const id = cell.closest(".pick")?.querySelector('input[type="hidden"]');
    if (id) id.value = ""; // the server looks up what was pasted
  }
}

document.addEventListener("paste", (event) => {
  const lines = event.target.closest?.(".lines");
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!lines || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const table = parse(text);
  let row = event.target.closest("tr");
  const first = cellsOf(row).indexOf(event.target.closest("td").querySelector(CELL));
  table.forEach((values, n) => {
    if (n) row = row.nextElementSibling ?? add(lines);
    const cells = cellsOf(row);
    values.forEach((value, m) => cells[first + m] && fill(cells[first + m], value));
  });
  renumber(lines);
  changed(lines);
  toast({ text: word("pasted", { n: table.length }) });
});
