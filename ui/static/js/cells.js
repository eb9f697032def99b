// One field edited in its cell of the list: double click or e; Enter saves, Esc leaves it as it was.
const was = new WeakMap();

const head = (cell) => cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
export const isEditable = (cell) => head(cell)?.matches("[data-edit]") ?? false;

export async function editCell(cell) {
  if (cell.classList.contains("editing")) return;
  was.set(cell, cell.innerHTML);
  const path = document.getElementById("list").dataset.path;
  const url = `${path}/${cell.parentElement.dataset.id}/cell/${head(cell).dataset.name}`;
  cell.classList.add("editing");
  await htmx.ajax("GET", url, { target: cell, swap: "innerHTML" });
  if (!cell.querySelector("form")) stop(cell);
  else enter(cell);
}

function enter(cell) {
  const first = cell.querySelector("input:checked[type=radio], input:not([type=hidden]), select, textarea");
  first?.focus();
  first?.select?.();
}

function stop(cell) {
  if (was.has(cell)) cell.innerHTML = was.get(cell);
  was.delete(cell);
  cell.classList.remove("editing");
  cell.tabIndex = -1;
  cell.focus({ preventScroll: true });
}

const save = (form) => { form.dataset.sent = "1"; form.requestSubmit(); };

document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("form[data-cell]");
  if (!form || event.isComposing) return;
  if (event.key === "Escape" && !form.querySelector('[aria-expanded="true"]')) {
    event.preventDefault();
    event.stopPropagation();
    stop(form.closest("td"));
  } else if (event.key === "Enter" && !event.defaultPrevented && (!event.target.matches("textarea") || event.ctrlKey)) {
    event.preventDefault();
    save(form);
  }
});

document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-cell]");
  if (form) form.dataset.changed = "1";
  if (form && event.target.matches("select, input[type=radio], input.switch")) save(form);
});

document.addEventListener("focusout", (event) => {
  const form = event.target.closest?.("form[data-cell]");
  if (!form || form.dataset.sent || form.contains(event.relatedTarget)) return;
  setTimeout(() => {
    if (!form.isConnected || form.contains(document.activeElement) || form.dataset.sent) return;
    form.dataset.changed ? save(form) : stop(form.closest("td"));
  }, 120);
});

document.addEventListener("htmx:after:swap", (event) => {
  const cell = event.detail.ctx.target;
  if (cell?.tagName !== "TD" || !cell.classList.contains("editing")) return;
  if (cell.querySelector("form")) { enter(cell); return; }
  was.delete(cell);
  cell.classList.remove("editing");
  cell.tabIndex = -1;
  cell.focus({ preventScroll: true });
});

document.addEventListener("saved", (event) => {
  const box = document.querySelector(`#list tr[data-id="${event.detail.id}"] input[name="id"]`);
  if (box) box.value = `${event.detail.id}:${event.detail.revision}`;
});
