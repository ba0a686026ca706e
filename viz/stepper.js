"use strict";
// The page's script: it reads the steps from #trail and shows one after the other.  All words go in as text.
const page = JSON.parse(document.getElementById("trail").textContent);
page.scenes.forEach(({ nodes, steps }) => {
  nodes.forEach(node => { node.says = node.name + node.says; });
  steps.forEach(step => {
    step.why = step.why.replace(/^~/, page.usual);
    step.lines = step.lines.map(([node, line, sum = "", note = "", state = ""]) => [node, line, sum, note, state]);
    step.set = step.set.map(([node, words, number = Number(words)]) => [node, words, number]);
  });
});
const by = id => document.getElementById(id);
const first = page.view;            // the scenes shown together while nothing is opened
let view = first, at = 0, kept = 0, timer = null;

const steps = () => page.scenes[view[0]].steps;
const last = () => steps().length - 1;
const group = (scene, node) => by(`n${scene}-${node}`);

function element(tag, text, look) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (look) made.className = look;
  return made;
}

// the picture

function paint(scene) {
  const { nodes, edges, steps } = page.scenes[scene];
  const step = steps[at], text = {}, exact = {}, whole = new Set(), fresh = new Set();
  steps.slice(0, at + 1).forEach((one, k) => {
    one.set.forEach(([node, words, number]) => { text[node] = words; exact[node] = number; });
    if (k === 0) one.set.forEach(([node]) => whole.add(node));
    one.lines.forEach(([node, , , , state]) => { if (state === "complete") whole.add(node); });
  });
  step.set.forEach(([node]) => fresh.add(node));
  const wrong = step.wrong && step.node >= 0;
  const off = new Set(step.lines.filter(line => line[4].startsWith("wrong")).map(([node]) => node));
  nodes.forEach((_, node) => {
    const box = group(scene, node), grad = box.querySelector(".grad");
    grad.textContent = node in text ? text[node] : "\u2014";
    grad.classList.toggle("fresh", fresh.has(node));
    if (exact[node] == null) delete box.dataset.grad; else box.dataset.grad = exact[node];
    box.classList.toggle("now", node === step.node && !wrong);
    box.classList.toggle("bad", off.has(node) || node === step.node && Boolean(wrong));
    box.classList.toggle("takes", fresh.has(node));
    box.classList.toggle("done", whole.has(node) && node !== step.node && !fresh.has(node));
  });
  const lines = by(`n${scene}-e`).children;
  edges.forEach(([, target], k) => {
    const flows = target === step.node && !lines[k].classList.contains("cutedge");
    lines[k].classList.toggle("flow", flows);
    lines[k].classList.toggle("wrong", flows && Boolean(wrong));
  });
}

function follow(scene) {
  const { nodes, steps } = page.scenes[scene], node = steps[at].node;
  if (node < 0 && at > 0) return;
  const box = group(scene, node < 0 ? nodes.length - 1 : node);
  const place = box.getBoundingClientRect();
  const far = Math.abs(place.x) > 2 * innerWidth || Math.abs(place.y) > 2 * innerHeight;
  const still = far || matchMedia("(prefers-reduced-motion: reduce)").matches;
  box.scrollIntoView({ block: "center", inline: "center", behavior: still ? "auto" : "smooth" });
}

function fit() {
  view.forEach(scene => {
    const svg = group(scene, "e").ownerSVGElement, room = svg.parentElement, box = svg.viewBox.baseVal;
    const scale = Math.min((room.clientWidth - 24) / box.width, (room.clientHeight - 16) / box.height);
    const size = Math.max(0.85, Math.min(1.9, scale));
    svg.setAttribute("width", box.width * size);
    svg.setAttribute("height", box.height * size);
  });
}

// the words

const headed = (scene, step) => step.head || page.scenes[scene].nodes[step.node].says;
const words = scene => JSON.stringify({ ...page.scenes[scene].steps[at], set: null });

function telling() {
  if (view.every(scene => words(scene) === words(view[0]))) {
    return [tell(view[0], view.length > 1 ? view.map(scene => page.scenes[scene].title).join(" and ") : "")];
  }
  return view.map(scene => tell(scene, page.scenes[scene].title));
}

function tell(scene, title) {
  const { nodes, steps } = page.scenes[scene];
  const step = steps[at], told = element("div", "", "told");
  told.dataset.scene = scene;
  told.append(element("h2", headed(scene, step)), " ", element("span", `step ${at} of ${steps.length - 1}${title ? ", " + title : ""}`, "of"));
  told.append(element("p", step.node >= 0 ? `Next because ${step.why}.` : `${step.why[0].toUpperCase()}${step.why.slice(1)}.`, "why"));
  if (step.wrong) told.append(element("p", step.wrong, "wrong"));
  const given = step.gradient ? [step.gradient] : step.seeds || [];
  if (given.length) {
    const line = element("p", step.node >= 0 ? "Incoming gradient " : "", "in");
    line.append(element("code", given.slice(0, 12).join(",  ") + (given.length > 12 ? ", …" : "")));
    told.append(line);
  }
  const list = element("ul");
  step.lines.forEach(parts => list.append(sent(parts)));
  told.append(list);
  const inner = step.node >= 0 ? nodes[step.node] : {};
  if (inner.closed) told.append(element("p", `Not opened: ${inner.closed}.`, "why"));
  return told;
}

function sent([node, line, sum, note, state]) {
  const item = element("li");
  item.dataset.node = node;
  item.append(element("span", line, "line"));
  if (sum) item.append(" ", element("span", sum, "sum"));
  if (note) item.append(" ", element("span", note, "note"));
  const look = state === "complete" ? "complete" : state.startsWith("wrong") ? "off" : "";
  if (state) item.append(" ", element("span", state === "complete" ? "✓ complete" : state, `state ${look}`));
  return item;
}

function text() {
  return view.map(scene => page.scenes[scene].steps.map((step, k, all) => [
    `step ${k} of ${all.length - 1}: ` + [headed(scene, step), step.why, step.gradient || (step.seeds || []).join(", ")].filter(Boolean).join("; "),
    ...(step.wrong ? ["    ! " + step.wrong] : []),
    ...step.lines.map(([, ...parts]) => "    " + parts.filter(Boolean).join("; ")),
  ].join("\n")).join("\n")).join("\n\n");
}

// moving

function go(step) {
  at = Math.max(0, Math.min(last(), step));
  view.forEach(paint);
  by("telling").replaceChildren(...telling());
  by("count").textContent = `step ${at} of ${last()}`;
  by("first").disabled = by("back").disabled = at === 0;
  by("forward").disabled = by("last").disabled = at === last();
  const node = steps()[at].node, inner = openable()[0];
  by("node").value = node < 0 ? "" : String(node);
  by("open").hidden = inner == null;
  if (inner != null) by("open").textContent = `Open ${page.scenes[view[0]].nodes[node].name}`;
  document.body.dataset.step = at;
  view.forEach(follow);
  if (at === last()) pause();
}

function openable() {
  const step = steps()[at];
  return view.map(s => step.node < 0 ? null : page.scenes[s].nodes[step.node].opens).filter(z => z != null);
}

function jump(scene, node) {
  pause();
  const all = page.scenes[scene].steps;
  let to = all.findIndex(step => step.node === node);
  if (to < 0) all.forEach((step, k) => { if (step.set.some(([id]) => id === node)) to = k; });
  if (to >= 0) go(to);
}

function look(scenes, step) {
  view = scenes;
  document.querySelectorAll("figure").forEach(f => { f.hidden = !view.includes(Number(f.dataset.scene)); });
  const list = by("node");
  list.replaceChildren(new Option("go to a node …", ""));
  page.scenes[view[0]].nodes.forEach((node, i) => list.add(new Option(node.says, i)));
  by("close").hidden = view === first;
  by("text").textContent = text();
  fit();
  go(step);
}

function open() {
  const inner = openable();
  if (!inner.length || view !== first) return;
  pause(); kept = at;
  look(inner, 0);
}

function close() {
  if (view !== first) { pause(); look(first, kept); }
}

function pause() {
  clearInterval(timer); timer = null;
  by("play").textContent = "▶ Play";
}

function play() {
  if (timer) return pause();
  if (at === last()) go(0);
  by("play").textContent = "❚❚ Pause";
  timer = setInterval(() => go(at + 1), Number(by("speed").value));
}

const moves = { first: () => go(0), back: () => go(at - 1), forward: () => go(at + 1), last: () => go(last()) };
Object.entries(moves).forEach(([id, move]) => by(id).addEventListener("click", () => { pause(); move(); }));
by("play").addEventListener("click", play);
by("open").addEventListener("click", open);
by("close").addEventListener("click", close);
by("speed").addEventListener("change", () => { if (timer) { pause(); play(); } });
by("node").addEventListener("change", event => { if (event.target.value) jump(view[0], Number(event.target.value)); });
by("stage").addEventListener("click", event => {
  const found = /^n(\d+)-(\d+)$/.exec(event.target.closest("g[id]")?.id || "");
  if (found) jump(Number(found[1]), Number(found[2]));
});
const keys = { ArrowRight: moves.forward, ArrowLeft: moves.back, Home: moves.first, End: moves.last };
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const tag = event.target.tagName;
  if (event.key === "Escape") return close();
  if (tag === "SELECT") return;
  if (event.key in keys) { pause(); keys[event.key](); event.preventDefault(); }
  else if (event.key === " " && !["BUTTON", "SUMMARY"].includes(tag)) { play(); event.preventDefault(); }
  else if (event.key === "Enter" && !["BUTTON", "SUMMARY"].includes(tag)) open();
});
addEventListener("resize", fit);
document.querySelector(".early").hidden = !page.scenes.some(scene => scene.steps.some(step => step.wrong));
look(first, 0);
fit();
