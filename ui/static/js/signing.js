// A signature, drawn by finger or mouse on the screen; it goes the way of every photo.
import { take } from "./uploads.js";
import { word } from "./words.js";

let box = null, drawn = false;
const dialog = () => document.getElementById("signing");
const canvas = () => dialog().querySelector("canvas");

document.addEventListener("click", (event) => {
  const begin = event.target.closest?.("[data-draw]");
  if (begin) { box = begin.closest("[data-upload]"); dialog().showModal(); clear(); }
  const act = event.target.closest?.("[data-signing]")?.dataset.signing;
  if (act === "clear") clear();
  if (act === "done" && drawn) canvas().toBlob((blob) => {
    box.querySelectorAll("li").forEach((line) => line.remove()); // a new signature takes the old one's place
    take(box, [new File([blob], `${word("signature")}.png`, { type: "image/png" })]);
    dialog().close();
  }, "image/png");
});

function clear() {
  const at = canvas(), pen = at.getContext("2d"), scale = devicePixelRatio || 1;
  at.width = at.clientWidth * scale;
  at.height = at.clientHeight * scale;
  pen.scale(scale, scale);
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, at.clientWidth, at.clientHeight);
  Object.assign(pen, { lineWidth: 3, lineCap: "round", lineJoin: "round", strokeStyle: "#111" });
  drawn = false;
}

document.addEventListener("pointerdown", (event) => {
  const at = event.target.matches?.("#signing canvas") && event.target;
  if (!at) return;
  at.setPointerCapture(event.pointerId);
  const pen = at.getContext("2d");
  pen.beginPath();
  pen.moveTo(event.offsetX, event.offsetY);
});
document.addEventListener("pointermove", (event) => {
  if (!event.target.matches?.("#signing canvas") || !event.buttons) return;
  const pen = event.target.getContext("2d");
  pen.lineTo(event.offsetX, event.offsetY);
  pen.stroke();
  drawn = true;
});
