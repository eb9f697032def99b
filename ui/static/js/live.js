// The form as one types: after a short rest it is posted, and what the server answers is put in place: computed values,
// what is shown, required and read-only. The control one is typing in is left alone.
const FORM = "form[data-live]";
const WHOLE = "input[type=radio], input[type=checkbox], input[type=file], select, button";

function ask(form) {
  const holder = form.querySelector(".live");
  if (!holder || !navigator.onLine) return;
  form.setAttribute("aria-busy", "true");
  holder.dispatchEvent(new CustomEvent("live"));
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.(FORM);
  if (form && !event.isComposing && !event.detail?.live) ask(form);
});
document.addEventListener("change", (event) => {
  const form = event.target.closest?.(FORM);
  if (form && event.target.matches("select, [type=radio], [type=checkbox], [type=date], [type=datetime-local]")) ask(form);
});

document.addEventListener("htmx:after:swap", (event) => {
  const holder = event.detail?.ctx?.target;
  const form = holder?.matches?.(".live") ? holder.closest(FORM) : null;
  if (!form) return;
  for (const told of holder.querySelectorAll("data")) tell(form, told.value, told.dataset);
  for (const lines of form.querySelectorAll(".lines")) lines.dispatchEvent(new CustomEvent("input", { bubbles: true, detail: { live: true } })); // sums below
  form.removeAttribute("aria-busy");
});
document.addEventListener("htmx:finally:request", (event) => event.detail?.ctx?.sourceElement?.closest?.(FORM)?.removeAttribute("aria-busy"));

function tell(form, name, told) {
  const field = form.querySelector(`.field[data-field="${CSS.escape(name)}"]`);
  if (told.shown !== undefined) show(field, told.shown);
  if (told.value !== undefined) put(form, field, name, told);
  if (field && told.state) stand(field, told.state.split(" "));
}

function show(field, text) {
  const place = field?.querySelector("[data-shown]");
  const words = text || "—";
  if (place && place.textContent !== words) place.textContent = words;
}

function put(form, field, name, { value, text, given }) {
  const controls = [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
  const scope = field ?? controls[0]?.closest("td");
  if (!controls.length || scope?.matches(":focus-within") && scope.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) return;
  const pick = controls[0].closest(".pick");
  if (pick) {
    controls[0].value = value;
    pick.querySelector('[role="combobox"]').value = text;
    pick.querySelector(".clear").hidden = !value;
  }
  else for (const one of controls) {
    if (one.type === "radio") one.checked = one.value === value;
    else if (one.type === "checkbox") one.checked = value !== "" && value === one.value;
    else if (one.type !== "hidden" && one.value !== value) one.value = value;
  }
  const kept = given !== undefined && form.querySelector(`[name="${CSS.escape(`_given.${name}`)}"]`);
  if (kept) kept.value = value;
}

function stand(field, states) {
  field.toggleAttribute("data-away", !states.includes("visible"));
  const required = states.includes("required");
  const star = field.querySelector(":scope > :is(label, .label) .must");
  if (star) star.hidden = !required;
  for (const one of field.querySelectorAll(":is(input, select, textarea)[id]")) one.toggleAttribute("aria-required", required);
  const readonly = states.includes("readonly");
  if (field.hasAttribute("data-readonly") !== readonly) lock(field, readonly);
}

// what cannot be read-only is switched off, with its markers: it is not posted and so not changed
function lock(field, on) {
  field.toggleAttribute("data-readonly", on);
  const off = field.querySelector(WHOLE) && !field.querySelector(".pick");
  for (const one of field.querySelectorAll("input, select, textarea, button")) {
    if (one.name.startsWith("_given.")) continue;
    if (off) one.disabled = on;
    else if (one.tagName !== "BUTTON") one.readOnly = on;
  }
}
