// Files and photos: sent the moment they are chosen, dropped or taken, with progress; big photos are made smaller first.
import { csrf } from "./net.js";
import { toast } from "./toasts.js";
import { icon, word } from "./words.js";

const LIMIT_MB = 20, BIG = 3 * 1024 * 1024, LONGEST = 2560;

document.addEventListener("change", (event) => {
  const box = event.target.matches?.('input[type="file"]') && event.target.closest("[data-upload]");
  if (!box) return;
  take(box, [...event.target.files]);
  event.target.value = "";
});

export function take(box, files) {
  for (const file of files) send(box, file);
}

// photos of a form that is filled in without a network wait in the form, and go with it
const waiting = new WeakMap();
export const held = (form) => [...form.querySelectorAll("[data-upload] li")].filter((line) => waiting.has(line)).map((line) => [line.closest("[data-upload]").dataset.upload, waiting.get(line)]);

function hold(line, file) {
  const picture = document.createElement("img"), drop = document.createElement("button");
  picture.src = URL.createObjectURL(file);
  picture.alt = file.name;
  picture.width = picture.height = 96;
  drop.type = "button";
  drop.className = "button quiet square small";
  drop.dataset.remove = "";
  drop.setAttribute("aria-label", word("remove"));
  drop.innerHTML = icon("x");
  line.dataset.held = "";
  line.replaceChildren(picture, drop);
  waiting.set(line, file);
}

async function smaller(file) {
  if (!/^image\/(jpeg|png|webp)$/.test(file.type) || file.size < BIG || !window.createImageBitmap) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const share = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * share);
    canvas.height = Math.round(picture.height * share);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.86));
    return blob && blob.size < file.size ? new File([blob], file.name.replace(/\.\w+$/, ".jpg"), { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}

async function send(box, chosen) {
  const photo = box.classList.contains("photos");
  const file = photo ? await smaller(chosen) : chosen;
  if (file.size > LIMIT_MB * 1024 * 1024) { toast({ text: word("too_big", { name: file.name, limit: LIMIT_MB }), level: "bad" }); return; }
  const line = document.createElement("li"), bar = document.createElement("progress"), name = document.createElement("span");
  name.className = "clip";
  name.textContent = file.name;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", word("uploading", { name: file.name }));
  line.append(name, bar);
  box.querySelector("ul").append(line);
  const offline = box.closest("form[data-offline]");
  if (offline && !navigator.onLine) { hold(line, file); return; }
  const body = new FormData();
  body.append("name", box.dataset.upload);
  body.append("photo", photo ? "1" : "");
  body.append("file", file);
  const request = new XMLHttpRequest();
  request.open("POST", "/files");
  request.setRequestHeader("X-CSRF-Token", csrf());
  request.setRequestHeader("HX-Request", "true");
  request.setRequestHeader("Accept", "text/html");
  request.upload.addEventListener("progress", (event) => { bar.value = event.loaded / (event.total || 1); });
  request.addEventListener("load", () => {
    if (request.status === 200) { line.outerHTML = request.responseText; box.dispatchEvent(new Event("input", { bubbles: true })); return; }
    const words = new DOMParser().parseFromString(request.responseText, "text/html").body.textContent.trim();
    failed(line, words || word("failed"));
  });
  request.addEventListener("error", () => (offline ? hold(line, file) : failed(line, word("failed"))));
  request.send(body);
}

function failed(line, text) {
  line.className = "bad";
  line.querySelector("progress")?.remove();
  const words = document.createElement("span"), drop = document.createElement("button");
  words.textContent = text;
  drop.type = "button";
  drop.className = "button quiet square small";
  drop.dataset.remove = "";
  drop.setAttribute("aria-label", word("remove"));
  drop.innerHTML = icon("x");
  line.append(words, drop);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-upload] [data-remove]");
  if (!button) return;
  const box = button.closest("[data-upload]");
  button.closest("li").remove();
  box.dispatchEvent(new Event("input", { bubbles: true }));
});

// a form is not sent while a file is still on its way
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.querySelector?.("[data-upload] progress")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  delete form.dataset.sent;
  toast({ text: word("uploading", { name: "" }) });
}, true);

for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const box = event.target.closest?.("[data-upload]");
    if (!box || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    box.classList.toggle("over", kind === "dragover");
    if (kind === "drop") take(box, [...event.dataTransfer.files]);
  });
}
