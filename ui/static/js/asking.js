// "Are you sure?" in our own dialog: data-confirm on a plain form or on a button of one, hx-confirm for htmx.
import { word } from "./words.js";

const dialog = document.getElementById("ask");

export function ask(text, verb) {
  document.getElementById("ask-title").textContent = text;
  dialog.querySelector('[value="yes"]').textContent = verb || word("yes");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

const asked = new WeakSet();

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-confirm]:not(form)");
  if (!button || asked.has(button)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await ask(button.dataset.confirm, button.textContent.trim()))) return;
  asked.add(button);
  button.form ? button.form.requestSubmit(button) : button.click();
  asked.delete(button);
}, true);

document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (!form.dataset.confirm || asked.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await ask(form.dataset.confirm, submitter?.textContent.trim()))) return;
  asked.add(form);
  form.requestSubmit(submitter);
  asked.delete(form);
}, true);

document.addEventListener("htmx:confirm", (event) => {
  const { ctx, issueRequest, dropRequest } = event.detail;
  if (!ctx.confirm) return;
  event.preventDefault();
  ask(ctx.confirm, ctx.sourceElement.textContent.trim().slice(0, 12)).then((yes) => (yes ? issueRequest() : dropRequest()));
});
