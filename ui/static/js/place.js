// A place: "where am I" fills latitude and longitude from the device.
import { toast } from "./toasts.js";
import { word } from "./words.js";

const able = window.isSecureContext && "geolocation" in navigator;

function show() {
  if (able) document.querySelectorAll("[data-locate][hidden]").forEach((button) => { button.hidden = false; });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-locate]");
  if (!button) return;
  const box = button.closest(".place");
  button.disabled = true;
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      button.disabled = false;
      box.querySelector('[name$=".lat"]').value = coords.latitude.toFixed(6);
      box.querySelector('[name$=".lng"]').value = coords.longitude.toFixed(6);
      box.dispatchEvent(new Event("input", { bubbles: true }));
      toast({ text: word("located") });
    },
    () => { button.disabled = false; toast({ text: word("not_located"), level: "bad" }); },
    { enableHighAccuracy: true, timeout: 15000 },
  );
});

document.addEventListener("entry-ready", show);
show();
