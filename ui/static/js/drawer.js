// The drawer: a record beside its list. Its address is the list's with ?open=ID, so a link shows the same.
import { ask } from "./asking.js";
import { word } from "./words.js";

const WIDE = 900;
const drawer = document.getElementById("drawer");
const inside = document.getElementById("drawer-content");
let back = null;

export const isOpen = () => Boolean(drawer) && !drawer.hidden;
export const fits = () => innerWidth >= WIDE;
export const openId = () => (isOpen() ? drawer.dataset.id : "");

function address(id) {
  const url = new URL(location.href);
  id ? url.searchParams.set("open", id) : url.searchParams.delete("open");
  history.replaceState(history.state, "", url);
}

export async function openDrawer(url, id) {
  if (isOpen() && dirty() && !(await ask(word("leave")))) return;
  if (!isOpen()) back = document.activeElement;
  drawer.hidden = false;
  drawer.dataset.id = id;
  document.body.classList.add("drawn");
  for (const row of document.querySelectorAll("#list tr[data-id]")) row.classList.toggle("here", row.dataset.id === id);
  address(id);
  await htmx.ajax("GET", url, { target: "#drawer-content", swap: "innerHTML" });
  inside.scrollTop = 0;
}

const dirty = () => inside.querySelector("form[data-entry][data-dirty]");

export async function closeDrawer() {
  if (!isOpen()) return;
  if (dirty() && !(await ask(word("leave")))) return;
  drawer.hidden = true;
  inside.replaceChildren();
  document.body.classList.remove("drawn");
  document.querySelectorAll("#list tr.here").forEach((row) => row.classList.remove("here"));
  address("");
  if (back?.isConnected) back.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-close-drawer]")) closeDrawer();
  const link = event.target.closest?.("#drawer [data-in-drawer], #drawer [data-cancel]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    const load = () => htmx.ajax("GET", link.getAttribute("href"), { target: "#drawer-content", swap: "innerHTML" });
    if (link.matches("[data-cancel]") && dirty()) ask(word("leave")).then((yes) => yes && load());
    else load();
  }
});

// A form in the drawer is sent without leaving the list; other forms there come back to the list as it is.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.closest?.("#drawer-content")) return;
  if (form.matches("[data-entry]")) {
    event.preventDefault();
    htmx.ajax("POST", form.getAttribute("action"), { source: form, target: "#drawer-content", swap: "innerHTML" });
  } else if (form.method === "post" && !form.elements.to) {
    const to = document.createElement("input");
    to.type = "hidden";
    to.name = form.action.endsWith("/revert") ? "back" : "to";
    to.value = location.pathname + location.search;
    form.append(to);
  }
});

const asked = new URL(location.href).searchParams.get("open");
const path = document.getElementById("list")?.dataset.path;
if (asked && path && fits() && window.htmx) openDrawer(`${path}/${asked}`, asked);
