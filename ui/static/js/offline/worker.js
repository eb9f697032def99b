// The service worker: what a page needs is kept as it comes by, and given out again when the network is gone.
// It sends nothing by itself and never keeps an answer to a POST; what was filled in lies in IndexedDB (outbox.js).
const PAGES = "pages", PARTS = "parts", WAIT = 12000;
const FILLED = /^\/forms\/[\w.]+\/new$/, QUIET = /^\/bells$|\/(live|tally)$/, OPTIONS = /^\/forms\/([\w.]+)\/options\/([\w.]+)$/;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (QUIET.test(url.pathname) && url.origin === location.origin) { event.respondWith(fetch(request).catch(() => new Response(null, { status: 204 }))); return; }
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(part(request));
  else if (OPTIONS.test(url.pathname)) event.respondWith(options(request, url));
  else if (request.mode === "navigate") event.respondWith(visit(request, url));
});

// a static file never changes under its address
async function part(request) {
  const kept = await caches.match(request, { cacheName: PARTS });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) (await caches.open(PARTS)).put(request, answer.clone());
  return answer;
}

async function visit(request, url) {
  const cache = await caches.open(PAGES);
  const address = FILLED.test(url.pathname) || url.pathname === "/offline" ? url.pathname : "/offline";
  try {
    return await (await cache.match(address) ? soon(request) : fetch(request));
  } catch (error) {
    const kept = await cache.match(address);
    if (!kept) throw error;
    return address === url.pathname ? kept : Response.redirect("/offline", 302);
  }
}

// a line that is there and carries nothing is as good as none
function soon(request) {
  return Promise.race([fetch(request), new Promise((resolve, reject) => { setTimeout(() => reject(new Error("slow")), WAIT); })]);
}

// what a picker offers, out of the list that was fetched while there was a network
async function options(request, url) {
  try {
    return await fetch(request);
  } catch (error) {
    const [, form, field] = OPTIONS.exec(url.pathname);
    const kept = await caches.match(`/offline/${form}/options`, { cacheName: PAGES });
    if (!kept) throw error;
    const typed = (url.searchParams.get("q") ?? "").trim().toLowerCase();
    const found = ((await kept.json())[field] ?? []).filter((one) => `${one.label} ${one.detail}`.toLowerCase().includes(typed)).slice(0, 20);
    return new Response(found.map(line).join(""), { headers: { "Content-Type": "text/html; charset=utf-8" } });
  }
}

const plain = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const line = (one) => `<div role="option" data-id="${plain(one.id)}" data-label="${plain(one.label)}" aria-selected="false">${plain(one.label)}${one.detail && one.detail !== one.label ? `<small>${plain(one.detail)}</small>` : ""}</div>`;
