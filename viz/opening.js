"use strict";
// One section is shown at a time; without this script all of them stand under each other, and links lead to them.
const sections = [...document.querySelectorAll("section")];
const came = new Map(); // the link that each section was opened by

function show(id, link) {
  const back = came.get(sections.find(section => !section.hidden)?.id);
  sections.forEach(section => { section.hidden = section.id !== id; });
  if (link && !link.closest("nav")) came.set(id, link);
  const there = document.getElementById(id);
  (back && there.contains(back) ? back : there.querySelector("h1")).focus();
  scrollTo(0, 0);
}

document.addEventListener("click", event => {
  const link = event.target.closest("a[href^='#p']");
  if (!link) return;
  event.preventDefault();
  show(link.getAttribute("href").slice(1), link);
});
document.addEventListener("keydown", event => {
  if (event.key !== "Escape") return;
  const up = [...document.querySelectorAll("section:not([hidden]) nav a")].pop();
  if (up) show(up.getAttribute("href").slice(1), up);
});
sections.slice(1).forEach(section => { section.hidden = true; });
