// The marks of the drawing: nodes with their names, edges with their labels.

import { addressOf, makeSvg } from "./dom.js";
import { colourOf, typeOf } from "./types.js";

const GAP = 10;
const PLUS = 24;

export function drawNode(node, place, { name: room, tell, expand, edge }) {
  const { entity, direction } = node;
  const link = makeSvg("a", {
    class: node.kind, href: addressOf(entity.id), tabindex: "-1", "aria-label": `${edge.words} (${node.kind})${typeOf(entity) ? `, ${typeOf(entity)}` : ""}`,
  });
  const circle = makeSvg("circle", { class: colourOf(entity), r: 5.5 });
  const name = makeSvg("text", { x: direction * GAP, "text-anchor": direction > 0 ? "start" : "end", dy: "0.35em" }, entity.name);
  link.append(makeSvg("circle", { class: "target", r: 12 }), circle, name);
  node.link = link;
  node.mark = makeSvg("g", { class: "node" }, link);
  place.append(node.mark);
  const length = shorten(name, room - GAP - PLUS);
  const plus = makeSvg("g", {
    class: "plus", role: "button", "aria-label": `${node.children.length > 0 ? "Hide" : "Show"} the neighbours of ${entity.name}`,
    transform: `translate(${direction * (GAP + length + PLUS / 2 + 2)} 0)`,
  }, makeSvg("circle", { class: "target", r: 12 }), makeSvg("circle", { class: "ring", r: 7 }),
  makeSvg("path", { d: node.children.length > 0 ? "M-3.5 0h7" : "M-3.5 0h7M0 -3.5v7" }));
  plus.addEventListener("click", () => expand(node));
  node.mark.append(plus);
  node.nameEnd = GAP + length + PLUS + 4;
  link.node = node;
  for (const event of ["pointerenter", "focus"])
    link.addEventListener(event, () => tell(edge.words, edge));
  for (const event of ["pointerleave", "blur"])
    link.addEventListener(event, () => tell(null));
  put(node);
}

export function centreNode(node, place) {
  const name = makeSvg("text", { class: "centre", "text-anchor": "middle", dy: "0.35em" }, node.entity.name);
  node.mark = makeSvg("g", { class: "node" }, name);
  place.append(node.mark);
  const width = shorten(name, 2 * node.reach - 20) + 24;
  name.before(makeSvg("rect", { class: `centre ${colourOf(node.entity)}`, x: -width / 2, y: -15, width, height: 30, rx: 15 }));
  put(node);
}

export function drawEdge(edge, place, { tell, ask }) {
  const line = makeSvg("line", { class: edge.kind });
  const hit = makeSvg("path", { class: "hit", role: "button", "aria-label": `Why? ${edge.words}` });
  const label = makeSvg("text", { class: "label", "text-anchor": "middle", dy: "-0.35em", "aria-hidden": "true" }, edge.relation.text);
  edge.mark = makeSvg("g", { class: `edge${edge.isTree ? "" : " across"}` }, line, hit, label);
  edge.parts = { line, hit, label };
  place.append(edge.mark);
  edge.mark.addEventListener("click", () => ask(edge));
  edge.mark.addEventListener("pointerenter", () => tell(edge.words, edge));
  edge.mark.addEventListener("pointerleave", () => tell(null));
  run(edge);
}

// Brings a node that moved and its edges to where they are now.
export function follow(node, edges) {
  put(node);
  for (const edge of edges)
    if (edge.from === node || edge.to === node)
      run(edge);
}

function put({ mark, x, y }) {
  mark.setAttribute("transform", `translate(${x} ${y})`);
}

// The label lies along the edge where no name is, never upside down, and is cut to its length.
function run({ from, to, relation, parts: { line, hit, label } }) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  for (const [name, value] of Object.entries({ x1: from.x, y1: from.y, x2: to.x, y2: to.y }))
    line.setAttribute(name, value);
  hit.setAttribute("d", `M${from.x} ${from.y}L${to.x} ${to.y}`);
  const taken = from.parent ? (from.direction * dx > 0 ? from.nameEnd : 0) : from.reach + 4;
  const at = Math.min(0.9, (taken + (length - taken) / 2) / length);
  const turn = Math.atan2(dy, dx) * 180 / Math.PI;
  label.setAttribute("transform",
    `translate(${from.x + at * dx} ${from.y + at * dy}) rotate(${Math.abs(turn) > 90 ? turn + 180 : turn})`);
  label.textContent = relation.text;
  shorten(label, Math.max(length - taken - 14, 12));
}

// Cuts a text to its room, between words where there are several; returns its length.
function shorten(text, room) {
  const words = text.textContent.split(" ");
  let length = text.getComputedTextLength();
  for (let kept = words.length - 1; kept > 0 && length > room; kept--)
    length = cut(text, words.slice(0, kept).join(" "));
  const whole = [...words[0]];
  for (let letters = Math.min(whole.length - 1, Math.ceil(whole.length * room / length)); letters > 0 && length > room; letters--)
    length = cut(text, whole.slice(0, letters).join(""));
  return length;
}

function cut(text, words) {
  text.textContent = `${words}…`;
  return text.getComputedTextLength();
}
