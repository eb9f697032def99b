// The board: a card is dragged, or lifted with the space bar, to a column that one of its steps leads to.
// A step that asks for something opens its dialog; any other is taken at once. The server says what comes of it.
const board = document.getElementById("kanban");
const told = document.getElementById("kanban-said");
let lifted = null; // {card, lanes, at} while a card is held by keyboard

const lanes = () => [...board.querySelectorAll(".lane")];
const laneOf = (card) => card.closest(".lane");
const steps = (card) => [...card.querySelectorAll("[data-step]")];
const stepTo = (card, lane) => steps(card).filter((step) => step.dataset.to === lane.dataset.state);
const title = (card) => card.querySelector(".name").textContent.trim();
const say = (name, values) => { told.textContent = board.dataset[name].replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all); };
const goals = (card) => lanes().filter((lane) => lane !== laneOf(card) && stepTo(card, lane).length);

function drop(card, lane) {
  const found = stepTo(card, lane);
  if (found.length !== 1) return card.querySelector("[popovertarget]").click(); // several ways there: say which
  const [step] = found;
  if ("asks" in step.dataset) return step.click();
  const values = { _revision: card.dataset.revision, to: board.dataset.here };
  card.classList.add("going");
  htmx.ajax("POST", `${board.dataset.path}/${card.dataset.id}/steps/${step.dataset.step}`, { target: "#step-dialog", swap: "innerHTML", values });
}

function mark(card, over = null) {
  for (const lane of lanes()) {
    lane.classList.toggle("goal", Boolean(card) && lane !== laneOf(card) && stepTo(card, lane).length > 0);
    lane.classList.toggle("over", lane === over);
  }
}

// by mouse
let dragged = null;
board?.addEventListener("dragstart", (event) => {
  dragged = event.target.closest(".ticket");
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", title(dragged));
  dragged.classList.add("held");
  mark(dragged);
});
board?.addEventListener("dragover", (event) => {
  const lane = event.target.closest(".lane");
  if (!dragged || !lane || !lane.classList.contains("goal")) return;
  event.preventDefault();
  mark(dragged, lane);
});
board?.addEventListener("drop", (event) => {
  const lane = event.target.closest(".lane");
  if (!dragged || !lane?.classList.contains("goal")) return;
  event.preventDefault();
  drop(dragged, lane);
});
board?.addEventListener("dragend", () => {
  dragged?.classList.remove("held");
  dragged = null;
  mark(null);
});

// by keyboard
function walk(card, key) {
  const all = lanes(), cards = [...laneOf(card).querySelectorAll(".ticket")];
  const row = cards.indexOf(card), column = all.indexOf(laneOf(card));
  if (key === "ArrowDown") return cards[row + 1] ?? laneOf(card).querySelector(".more a");
  if (key === "ArrowUp") return cards[row - 1];
  const step = key === "ArrowRight" ? 1 : -1;
  for (let at = column + step; all[at]; at += step) {
    const there = all[at].querySelectorAll(".ticket");
    if (there.length) return there[Math.min(row, there.length - 1)];
  }
  return null;
}

function release(words = true) {
  if (!lifted) return;
  lifted.card.classList.remove("held");
  if (words) say("dropped", {});
  lifted = null;
  mark(null);
}

function choose(at) {
  lifted.at = (at + lifted.lanes.length) % lifted.lanes.length;
  const lane = lifted.lanes[lifted.at];
  mark(lifted.card, lane);
  lane.scrollIntoView({ block: "nearest", inline: "nearest" });
  say("over", { name: lane.dataset.name, step: stepTo(lifted.card, lane).map((one) => one.textContent).join(" / ") });
}

function lift(card) {
  const found = goals(card);
  if (!found.length) return say("stuck", { title: title(card) });
  lifted = { card, lanes: found, at: -1 };
  card.classList.add("held");
  mark(card);
  say("lifted", { title: title(card), names: found.map((lane) => lane.dataset.name).join("、") });
}

board?.addEventListener("keydown", (event) => {
  const card = event.target.closest(".ticket");
  if (!card || event.target !== card.querySelector(".name") || event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = event.key.startsWith("Arrow");
  if (lifted && event.key === "Escape") release();
  else if (lifted && (event.key === "ArrowRight" || event.key === "ArrowDown")) choose(lifted.at + 1);
  else if (lifted && (event.key === "ArrowLeft" || event.key === "ArrowUp")) choose(lifted.at < 0 ? -1 : lifted.at - 1);
  else if (lifted && (event.key === "Enter" || event.key === " ")) {
    const { lanes: found, at } = lifted;
    release(at < 0);
    if (at >= 0) drop(card, found[at]);
  } else if (event.key === " ") lift(card);
  else if (arrow) {
    const next = walk(card, event.key);
    (next?.querySelector?.(".name") ?? next)?.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
});
board?.addEventListener("focusout", () => release(false));
