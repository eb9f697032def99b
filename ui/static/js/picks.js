// Pickers of records and people: search as one types, two lines for each, arrows and Enter; the id goes into a hidden field.
import { place } from "./menus.js";
import { word } from "./words.js";

const WAIT = 150;
let open = null; // {pick, input, list, asked}
let timer = 0;

const idInput = (pick) => pick.querySelector('input[type="hidden"]');
const clear = (pick) => pick.querySelector(".clear");

function start(pick) {
  if (open?.pick === pick) return;
  close();
  const input = pick.querySelector('[role="combobox"]');
  if (input.readOnly) return;
  const list = document.createElement("div");
  list.className = "options";
  list.id = `${input.id}-list`;
  list.setAttribute("role", "listbox");
  list.setAttribute("popover", "manual");
  pick.append(list);
  open = { pick, input, list, asked: null };
}

function close() {
  if (!open) return;
  open.asked?.abort();
  open.input.setAttribute("aria-expanded", "false");
  open.input.removeAttribute("aria-activedescendant");
  open.list.remove();
  open = null;
}

async function look(text) {
  const mine = open;
  mine.asked?.abort();
  mine.asked = new AbortController();
  try {
    const answer = await fetch(`${mine.pick.dataset.pick}?q=${encodeURIComponent(text)}`, { signal: mine.asked.signal, headers: { "HX-Request": "true" } });
    if (!answer.ok || open !== mine) return;
    mine.list.innerHTML = await answer.text();
  } catch (error) {
    if (error.name === "AbortError" || open !== mine) return;
    mine.list.textContent = word("failed");
  }
  mine.list.querySelectorAll('[role="option"]').forEach((one, n) => { one.id = `${mine.list.id}-${n}`; });
  if (!mine.list.matches(":popover-open")) mine.list.showPopover();
  mine.list.style.minWidth = `${Math.max(240, mine.input.offsetWidth)}px`;
  place(mine.list, mine.input);
  mine.input.setAttribute("aria-expanded", "true");
  if (text) mark(0);
}

const options = () => [...open.list.querySelectorAll('[role="option"]')];

function mark(place_) {
  const all = options();
  all.forEach((one) => one.setAttribute("aria-selected", "false"));
  const one = all.at(place_ % (all.length || 1));
  if (!one) return;
  one.setAttribute("aria-selected", "true");
  one.scrollIntoView({ block: "nearest" });
  open.input.setAttribute("aria-activedescendant", one.id);
}

function choose(one) {
  const { pick, input } = open;
  if (pick.dataset.pickMany) many(pick, one, input);
  else {
    idInput(pick).value = one.dataset.id;
    input.value = one.dataset.label;
    if (clear(pick)) clear(pick).hidden = false;
  }
  close();
  input.dispatchEvent(new Event("change", { bubbles: true }));
  input.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: "chosen" }));
}

// in filters several may be chosen: each becomes a ticked line above the input
function many(pick, one, input) {
  const box = pick.parentElement.querySelector("[data-many]");
  const label = document.createElement("label"), tick = document.createElement("input");
  label.className = "line";
  tick.type = "checkbox";
  tick.name = pick.dataset.pickMany;
  tick.value = one.dataset.id;
  tick.checked = true;
  label.append(tick, one.dataset.label);
  box.append(label);
  input.value = "";
}

document.addEventListener("input", (event) => {
  const pick = event.target.matches?.('[role="combobox"]') && event.target.closest(".pick");
  if (!pick || event.detail === "chosen") return;
  if (idInput(pick)) idInput(pick).value = "";
  if (clear(pick)) clear(pick).hidden = !event.target.value;
  start(pick);
  clearTimeout(timer);
  timer = setTimeout(() => open && look(event.target.value.trim()), WAIT);
});

document.addEventListener("click", (event) => {
  const pick = event.target.closest?.(".pick");
  if (event.target.closest?.(".pick .clear")) {
    idInput(pick).value = "";
    const input = pick.querySelector('[role="combobox"]');
    input.value = "";
    clear(pick).hidden = true;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.focus();
  } else if (event.target.matches?.('[role="combobox"]') && pick) {
    start(pick);
    if (open) look(idInput(pick)?.value ? "" : event.target.value.trim());
  }
});
document.addEventListener("pointerdown", (event) => {
  const one = open && event.target.closest?.('[role="option"]');
  if (one) { event.preventDefault(); choose(one); }
});

document.addEventListener("keydown", (event) => {
  const pick = event.target.matches?.('[role="combobox"]') && event.target.closest(".pick");
  if (!pick || event.isComposing) return;
  const shown = open?.list.matches(":popover-open");
  const at = shown ? options().findIndex((one) => one.getAttribute("aria-selected") === "true") : -1;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (pick.closest(".lines") && !shown && !event.altKey) return; // in a sheet the arrows move between lines
    event.preventDefault();
    if (!shown) { start(pick); if (open) look(event.target.value.trim() && !idInput(pick)?.value ? event.target.value.trim() : ""); }
    else mark(event.key === "ArrowDown" ? at + 1 : at - 1);
  } else if ((event.key === "Enter" || event.key === "Tab") && shown && at >= 0) {
    if (event.key === "Enter") event.preventDefault();
    choose(options()[at]);
  } else if (event.key === "Enter" && shown) {
    event.preventDefault();
  } else if (event.key === "Escape" && shown) {
    event.preventDefault();
    event.stopPropagation();
    close();
  }
}, true);

document.addEventListener("focusout", (event) => {
  if (open && event.target === open.input) setTimeout(() => open && document.activeElement !== open.input && close(), 150);
});
addEventListener("scroll", () => open?.list.matches(":popover-open") && place(open.list, open.input), true);
