// The Gantt chart: only the rows in sight are drawn, so that five thousand scroll as fifty do.
// <div class="gantt" data-url="/progress/ID" data-may="1" data-words="{...}">; data from URL/chart, changes to URL/move and URL/link.
import { csrf } from "../js/net.js";
import { toast } from "../js/toasts.js";

const ROW = 32, HEAD = 48, DAY = 1440;
const ZOOMS = [1.2, 3, 7, 16, 36]; // pixels a day
const SVG = "http://www.w3.org/2000/svg";

class Gantt {
  constructor(root) {
    this.root = root;
    this.url = root.dataset.url;
    this.may = root.dataset.may === "1";
    this.words = JSON.parse(root.dataset.words);
    this.zoom = 2;
    this.folded = new Set();
    this.here = 0;
    this.show = { critical: true, links: true, base: true, front: false };
    this.build();
    this.load();
  }

  build() {
    this.scroll = part("div", "gantt-scroll", this.root);
    this.scroll.tabIndex = 0;
    this.scroll.setAttribute("role", "grid");
    this.scroll.setAttribute("aria-label", this.words.label);
    this.head = part("div", "gantt-head", this.scroll);
    this.corner = part("div", "gantt-corner", this.head);
    for (const name of ["name", "days", "start", "finish", "float"]) part("span", `g-${name}`, this.corner).textContent = this.words[name];
    this.scale = part("div", "gantt-scale", this.head);
    this.body = part("div", "gantt-body", this.scroll);
    this.lines = document.createElementNS(SVG, "svg");
    this.lines.setAttribute("class", "gantt-lines");
    this.lines.setAttribute("aria-hidden", "true");
    this.body.append(this.lines);
    this.scroll.addEventListener("scroll", () => this.soon(), { passive: true });
    new ResizeObserver(() => this.soon()).observe(this.scroll);
    this.body.addEventListener("pointerdown", (event) => this.grab(event));
    this.body.addEventListener("click", (event) => this.click(event));
    this.scroll.addEventListener("keydown", (event) => this.key(event));
    document.querySelectorAll("[data-gantt]").forEach((button) => button.addEventListener("click", () => this.command(button)));
  }

  async load() {
    try {
      const answer = await fetch(`${this.url}/chart`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error((await answer.json()).error?.message);
      this.take(await answer.json());
      this.fit();
    } catch (error) {
      this.root.classList.add("failed");
      this.root.textContent = error.message || this.words.failed;
    }
  }

  take(plan) {
    this.plan = plan;
    this.place = new Map(plan.rows.map((row, at) => [row.id, at]));
    const ends = plan.rows.flatMap((row) => [row.finish, row.base?.[1] ?? row.finish]);
    const starts = plan.rows.flatMap((row) => [row.start, row.base?.[0] ?? row.start]);
    this.first = Math.floor((Math.min(plan.start, ...least(starts)) / DAY - 3)) * DAY;
    this.last = Math.ceil(Math.max(plan.finish, ...most(ends)) / DAY + 14) * DAY;
    this.fold();
    this.root.classList.add("drawn");
  }

  fold() {
    const rows = this.plan.rows;
    this.seen = [];
    let hidden = Infinity;
    rows.forEach((row, at) => {
      if (row.depth > hidden) return;
      hidden = this.folded.has(row.id) ? row.depth : Infinity;
      this.seen.push(at);
    });
    this.line = new Map(this.seen.map((at, line) => [rows[at].id, line]));
    this.here = Math.min(this.here, this.seen.length - 1);
    this.body.style.height = `${this.seen.length * ROW}px`;
    this.width();
  }

  fit() {
    const days = (this.last - this.first) / DAY, room = this.scroll.clientWidth - this.side();
    this.zoom = Math.max(0, ZOOMS.findLastIndex((pixels) => pixels * days <= room * 1.6));
    this.width();
    if (this.plan.now) this.scroll.scrollLeft = Math.max(0, this.x(this.plan.now) - room / 2);
  }

  side() { return this.corner.offsetWidth; }
  x(minute) { return ((minute - this.first) / DAY) * ZOOMS[this.zoom]; }
  minute(x) { return Math.round(x / ZOOMS[this.zoom]) * DAY; }

  width() {
    const room = (this.scroll.clientWidth - this.side()) / ZOOMS[this.zoom];
    this.until = Math.max(this.last, this.first + Math.ceil(room) * DAY); // never less than the window
    const wide = `${this.side() + this.x(this.until)}px`;
    this.body.style.width = wide;
    this.head.style.width = wide;
    this.soon();
  }

  soon() {
    this.waiting ??= requestAnimationFrame(() => { this.waiting = null; this.draw(); });
  }

  draw() {
    if (!this.plan) return;
    const top = this.scroll.scrollTop, high = this.scroll.clientHeight;
    const from = Math.max(0, Math.floor(top / ROW) - 4), to = Math.min(this.seen.length, Math.ceil((top + high) / ROW) + 4);
    const kept = new Map();
    for (const old of this.body.querySelectorAll(".g-row")) kept.set(old.dataset.id, old);
    for (let line = from; line < to; line += 1) {
      const row = this.plan.rows[this.seen[line]], key = row.id;
      const old = kept.get(key), stamp = `${line}|${this.zoom}|${JSON.stringify(this.show)}|${this.version ?? 0}|${line === this.here}`;
      kept.delete(key);
      if (old?.dataset.stamp === stamp) continue;
      old?.remove();
      this.body.append(this.row(row, line, stamp));
    }
    kept.forEach((old) => old.remove());
    this.ticks();
    this.paths(from, to);
  }

  row(row, line, stamp) {
    const found = document.createElement("div");
    found.className = `g-row${line === this.here ? " here" : ""}${row.kind === "summary" ? " sum" : ""}`;
    found.dataset.id = row.id;
    found.dataset.stamp = stamp;
    found.style.top = `${line * ROW}px`;
    found.setAttribute("role", "row");
    const cells = part("div", "g-cells", found), name = part("a", "g-name", cells);
    name.href = `/forms/progress.task/${row.id}`;
    name.title = `${row.code} ${row.name}`;
    name.style.paddingLeft = `${8 + row.depth * 16}px`;
    if (this.plan.rows[this.place.get(row.id) + 1]?.depth > row.depth) {
      const fold = part("button", "g-fold", name);
      fold.type = "button";
      fold.setAttribute("aria-label", this.words.fold);
      fold.setAttribute("aria-expanded", String(!this.folded.has(row.id)));
    }
    part("span", "", name).textContent = row.name;
    part("span", "g-days", cells).textContent = row.kind === "summary" ? "" : row.days;
    part("span", "g-start", cells).textContent = day(row.start);
    part("span", "g-finish", cells).textContent = day(row.finish);
    part("span", `g-float${row.float < 0 ? " short" : ""}`, cells).textContent = row.float ?? "";
    this.bar(row, part("div", "g-line", found));
    return found;
  }

  bar(row, line) {
    line.style.left = `${this.side()}px`;
    if (row.base && this.show.base) {
      const base = part("div", "g-base", line);
      base.style.left = `${this.x(row.base[0])}px`;
      base.style.width = `${Math.max(2, this.x(row.base[1]) - this.x(row.base[0]))}px`;
    }
    const point = row.kind.endsWith("milestone"), bar = part("div", `g-bar is-${row.kind}`, line);
    if (row.critical && this.show.critical && !row.done) bar.classList.add("critical");
    if (row.done) bar.classList.add("done");
    bar.style.left = `${this.x(row.start)}px`;
    if (!point) bar.style.width = `${Math.max(3, this.x(row.finish) - this.x(row.start))}px`;
    bar.title = [`${row.code} ${row.name}`, `${day(row.start)} – ${day(row.finish)}`, `${row.percent}%`, row.who].filter(Boolean).join("\n");
    if (!point && row.percent) part("div", "g-done", bar).style.width = `${row.percent}%`;
    if (this.may && row.kind !== "summary" && !row.done) {
      if (!row.begun && !point && bar.style.width.replace("px", "") > 16) part("div", "g-end", bar); // a short bar moves
      part("div", "g-dot", bar);
    }
    const text = part("span", "g-text", line);
    text.textContent = point ? row.name : "";
    text.style.left = `${this.x(row.finish) + 12}px`;
  }

  ticks() {
    this.scale.replaceChildren();
    this.scale.style.left = `${this.side()}px`;
    const from = this.first + Math.floor(Math.max(0, this.scroll.scrollLeft) / ZOOMS[this.zoom]) * DAY;
    const to = Math.min(this.until, from + ((this.scroll.clientWidth / ZOOMS[this.zoom]) + 40) * DAY);
    const months = this.zoom > 0;
    let at = new Date(from * 60000);
    at = new Date(Date.UTC(at.getUTCFullYear(), months ? at.getUTCMonth() : 0, 1));
    while (at / 60000 < to) {
      const next = months ? Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1) : Date.UTC(at.getUTCFullYear() + 1, 0, 1);
      const tick = part("span", "g-month", this.scale);
      tick.style.left = `${this.x(at / 60000)}px`;
      tick.style.width = `${this.x(next / 60000) - this.x(at / 60000)}px`;
      tick.textContent = months ? `${at.getUTCFullYear()}-${String(at.getUTCMonth() + 1).padStart(2, "0")}` : at.getUTCFullYear();
      at = new Date(next);
    }
    const step = [91, 28, 7, 7, 1][this.zoom] * DAY, origin = 4 * DAY; // 1970-01-05 was a Monday
    for (let minute = Math.floor((from - origin) / step) * step + origin; minute < to; minute += step) {
      const tick = part("span", "g-tick", this.scale);
      tick.style.left = `${this.x(minute)}px`;
      tick.textContent = new Date(minute * 60000).toISOString().slice(this.zoom > 2 ? 8 : 5, 10);
    }
  }

  // One picture as large as the window, not as the plan: a browser paints what is hidden of a large one too.
  paths(from, to) {
    this.lines.replaceChildren();
    const left = Math.max(0, this.scroll.scrollLeft - 40), wide = this.scroll.clientWidth + 80, top = from * ROW, high = (to - from) * ROW;
    this.lines.style.left = `${this.side() + left}px`;
    this.lines.style.top = `${top}px`;
    for (const [name, value] of Object.entries({ width: wide, height: high, viewBox: `${left} ${top} ${wide} ${high}` })) this.lines.setAttribute(name, value);
    const drawn = { "": [], longest: [], tip: [] };
    const middle = (line) => line * ROW + ROW / 2;
    if (this.show.links) for (const [before, after, type] of this.plan.links) {
      const one = this.line.get(before), other = this.line.get(after);
      if (one === undefined || other === undefined || Math.max(one, other) < from || Math.min(one, other) > to) continue;
      const a = this.plan.rows[this.place.get(before)], b = this.plan.rows[this.place.get(after)];
      const x1 = this.x(type[0] === "F" ? a.finish : a.start), x2 = this.x(type[1] === "S" ? b.start : b.finish);
      const out = type[0] === "F" ? 8 : -8, into = type[1] === "S" ? -8 : 8, y1 = middle(one), y2 = middle(other);
      const turn = out > 0 && into < 0 && x2 - x1 < 16 ? `H${x1 + out} V${y2 + (y2 > y1 ? -ROW / 2 : ROW / 2)} H${x2 + into} V${y2}` : `H${Math.max(x1 + out, Math.min(x1 + out, x2 + into))} V${y2}`;
      if (Math.max(x1, x2) < left - 40 || Math.min(x1, x2) > left + wide + 40) continue;
      drawn[a.longest && b.longest && this.show.critical ? "longest" : ""].push(`M${x1} ${y1} ${turn} H${x2}`);
      drawn.tip.push(`M${x2} ${y2} l${into < 0 ? -5 : 5} -3 v6 z`);
    }
    for (const [name, found] of Object.entries(drawn)) if (found.length) svg("path", this.lines, { d: found.join(""), class: name });
    if (this.plan.now) {
      const x = this.x(this.plan.now);
      svg("path", this.lines, { d: `M${x} ${top} V${top + high}`, class: "now" });
      if (this.show.front) svg("path", this.lines, { d: this.front(from, to), class: "front" });
    }
  }

  // 前锋线: through the point that each activity has reached, from row to row; to the left of the data date is late.
  front(from, to) {
    const now = this.plan.now, points = [`M${this.x(now)} ${from * ROW}`];
    for (let line = from; line < to; line += 1) {
      const row = this.plan.rows[this.seen[line]], [start, finish] = row.base ?? [row.start, row.finish];
      if (row.kind === "summary") continue;
      let reached = now;
      if (!row.done && start < now) reached = row.begun ? Math.min(start + ((finish - start) * row.percent) / 100, Math.max(now, finish)) : start;
      if (!row.done && row.begun && finish < now && row.percent >= 100) reached = now;
      points.push(`L${this.x(reached)} ${line * ROW + ROW / 2}`);
    }
    return `${points.join(" ")} L${this.x(now)} ${to * ROW}`;
  }

  grab(event) {
    const bar = event.target.closest(".g-bar");
    if (!bar || !this.may || event.button) return;
    const row = this.plan.rows[this.place.get(bar.closest(".g-row").dataset.id)];
    if (row.kind === "summary" || row.done) return;
    const how = event.target.closest(".g-dot") ? "link" : event.target.closest(".g-end") ? "size" : "move";
    if (how === "move" && row.begun) return;
    event.preventDefault();
    const begin = event.clientX, wide = bar.offsetWidth;
    const walk = (moved) => {
      const by = moved.clientX - begin;
      if (how === "move") bar.style.transform = `translateX(${by}px)`;
      if (how === "size") bar.style.width = `${Math.max(3, wide + by)}px`;
      if (how === "link") bar.classList.add("linking");
    };
    const drop = (moved) => {
      removeEventListener("pointermove", walk);
      removeEventListener("pointerup", drop);
      const days = this.minute(moved.clientX - begin);
      this.dragged = Math.abs(moved.clientX - begin) > 3;
      bar.style.transform = "";
      bar.classList.remove("linking");
      if (how === "link") return this.join(row, document.elementFromPoint(moved.clientX, moved.clientY)?.closest(".g-row"));
      if (days) return this.send("move", { task: row.id, revision: row.revision, ...(how === "move" ? { start: row.start + days } : { finish: row.finish + days }) });
      return this.redraw();
    };
    addEventListener("pointermove", walk);
    addEventListener("pointerup", drop);
  }

  join(row, target) {
    const other = target && this.plan.rows[this.place.get(target.dataset.id)];
    if (!other || other.id === row.id) return this.redraw();
    return this.send("link", { task: other.id, before: row.id, type: "FS", revision: other.revision });
  }

  async send(what, values) {
    this.root.classList.add("busy");
    try {
      const answer = await fetch(`${this.url}/${what}`, { method: "POST", body: new URLSearchParams(values), headers: { "X-CSRF-Token": csrf(), Accept: "application/json" } });
      const body = await answer.json();
      if (!answer.ok) throw new Error([body.error.message, ...(body.error.problems ?? []).map((one) => one.message)].at(-1));
      this.take(body);
      toast({ text: this.words.saved });
      document.dispatchEvent(new CustomEvent("plan-changed"));
    } catch (error) {
      toast({ text: error.message || this.words.failed, level: "bad" });
    }
    this.root.classList.remove("busy");
    this.redraw();
  }

  redraw() { this.version = (this.version ?? 0) + 1; this.soon(); }

  click(event) {
    if (this.dragged) { this.dragged = false; event.preventDefault(); return; }
    const row = event.target.closest(".g-row");
    if (!row) return;
    this.here = this.line.get(row.dataset.id);
    if (event.target.closest(".g-fold")) {
      event.preventDefault();
      this.toggle(row.dataset.id);
    }
    this.soon();
  }

  toggle(id) {
    if (!this.folded.delete(id)) this.folded.add(id);
    this.version = (this.version ?? 0) + 1;
    this.fold();
  }

  key(event) {
    const row = this.plan && this.plan.rows[this.seen[this.here]];
    if (!row || event.target.closest("a, button")) return;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -1e6, End: 1e6 }, way = event.key === "ArrowRight" ? DAY : -DAY;
    if (event.key in steps) this.here = Math.min(Math.max(this.here + steps[event.key], 0), this.seen.length - 1);
    else if (event.key === "Enter") location.assign(`/forms/progress.task/${row.id}`);
    else if (event.key === " ") this.toggle(row.id);
    else if (event.altKey && this.may && event.key.startsWith("Arrow") && row.kind !== "summary" && !row.begun) {
      this.send("move", { task: row.id, revision: row.revision, ...(event.shiftKey ? { finish: row.finish + way } : { start: row.start + way }) });
    } else return;
    event.preventDefault();
    const top = this.here * ROW;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    if (top + ROW + HEAD > this.scroll.scrollTop + this.scroll.clientHeight) this.scroll.scrollTop = top + ROW + HEAD - this.scroll.clientHeight;
    this.soon();
  }

  command(button) {
    const what = button.dataset.gantt;
    if (what === "in" || what === "out") {
      const middle = this.minute(this.scroll.scrollLeft) + this.first;
      this.zoom = Math.min(ZOOMS.length - 1, Math.max(0, this.zoom + (what === "in" ? 1 : -1)));
      this.width();
      this.scroll.scrollLeft = this.x(middle);
    } else {
      this.show[what] = !this.show[what];
      button.setAttribute("aria-pressed", String(this.show[what]));
    }
    this.soon();
  }
}

function part(tag, name, parent) {
  const found = document.createElement(tag);
  if (name) found.className = name;
  parent.append(found);
  return found;
}

function svg(tag, parent, attributes) {
  const found = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value) found.setAttribute(name, value);
  parent.append(found);
  return found;
}

const day = (minute) => new Date(minute * 60000).toISOString().slice(2, 10);
const least = (values) => (values.length ? [values.reduce((a, b) => Math.min(a, b))] : []);
const most = (values) => (values.length ? [values.reduce((a, b) => Math.max(a, b))] : []);

document.querySelectorAll(".gantt[data-url]").forEach((root) => new Gantt(root));
