"use strict";
const run = JSON.parse(document.getElementById("run").textContent);
const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
const frames = run.frames.map(f => ({ scores: bytes(f.scores), parameters: bytes(f.parameters) }));
const slider = document.getElementById("step"), said = document.getElementById("said"), play = document.getElementById("play");

// From the color of class -1 over white to that of class 1, by a byte whose middle is zero.
function color(byte) {
  const t = (byte - 128) / 127, end = t < 0 ? [107, 174, 214] : [253, 141, 60], s = Math.min(1, Math.abs(t));
  return end.map(c => Math.round(255 + (c - 255) * s));
}

function paint(canvas, values, width) {
  const height = Math.ceil(values.length / width), context = canvas.getContext("2d");
  canvas.width = width; canvas.height = height;
  const image = context.createImageData(width, height);
  values.forEach((v, i) => image.data.set([...color(v), 255], 4 * i));
  context.putImageData(image, 0, 0);
}

function points(svg) {
  for (const [x, y, label] of run.points) {
    const mark = document.createElementNS("http://www.w3.org/2000/svg", label > 0 ? "path" : "circle");
    if (label > 0) mark.setAttribute("d", `M${x} ${y - 4}l4 7h-8z`);
    else { mark.setAttribute("cx", x); mark.setAttribute("cy", y); mark.setAttribute("r", 3.5); }
    mark.setAttribute("style", `fill:${label > 0 ? "#a63603" : "#08306b"};stroke:#fff;stroke-width:.7`);
    svg.append(mark);
  }
}

// A loss that is not a finite number comes as a word, and is drawn as high as the highest.
const finite = run.losses.filter(v => typeof v === "number");
const precise = (v, digits) => typeof v === "number" ? v.toPrecision(digits) : v;

function losses() {
  const log = v => Math.log10(Math.max(v, 1e-12)), high = Math.max(...finite.map(log)), low = Math.min(...finite.map(log));
  const height = v => typeof v === "number" ? 30 + 262 * (high - log(v)) / (high - low || 1) : 30;
  return run.losses.map((v, i) => [10 + 300 * i / Math.max(1, run.losses.length - 1), height(v)]);
}

const curve = losses(), dot = document.getElementById("dot");
document.getElementById("curve").setAttribute("points", curve.map(p => p.join(",")).join(" "));
for (const end of ["high", "low"]) {
  const loss = Math[end === "high" ? "max" : "min"](...finite);
  document.getElementById(end).textContent = finite.length ? loss.toPrecision(3) : "";
}
points(document.getElementById("points"));

function show(k) {
  slider.value = k;
  paint(document.getElementById("boundary"), frames[k].scores, run.width);
  paint(document.getElementById("parameters"), frames[k].parameters, run.row);
  dot.setAttribute("cx", curve[k][0]); dot.setAttribute("cy", curve[k][1]);
  said.textContent = `step ${k} of ${frames.length - 1}: loss ${precise(run.losses[k], 4)}`;
}

let timer = null;
function stop() { clearInterval(timer); timer = null; play.textContent = "Play"; }
play.addEventListener("click", () => {
  if (timer) return stop();
  if (+slider.value === frames.length - 1) show(0);
  play.textContent = "Pause";
  timer = setInterval(() => +slider.value < frames.length - 1 ? show(+slider.value + 1) : stop(), 80);
});
slider.addEventListener("input", () => show(+slider.value));
show(0);
