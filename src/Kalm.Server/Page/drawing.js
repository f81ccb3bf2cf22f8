// Draws the neighbourhood: the entity amid a few of its neighbours, known edges solid, predicted ones dashed. Neighbours stand on two arcs, each
// on a line of its own, so that no name covers another.

import { addressOf, byId, makeSvg } from "./dom.js";
import { isStated } from "./facts.js";

const LINE = 36;
const EDGE = 16;
const GAP = 9;

const figure = byId("drawing");
const svg = byId("neighbourhood");
const caption = byId("caption");

let drawn = null;

export function startDrawing() {
  new ResizeObserver(() => drawn && figure.clientWidth !== drawn.width && draw()).observe(figure);
  svg.addEventListener("keydown", turn);
}

export function showDrawing(entity, rows) {
  drawn = { entity, rows };
  figure.hidden = rows.length === 0;
  draw();
}

export function hideDrawing() {
  drawn = null;
  figure.hidden = true;
}

function draw() {
  const width = figure.clientWidth;
  if (width === 0)
    return;
  drawn.width = width;
  const { entity, rows } = drawn;
  const neighbours = chosen(entity, rows, width < 360 ? 6 : 8, width < 360 ? 4 : 6);
  const left = neighbours.filter((_, index) => index % 2 === 1);
  const right = neighbours.filter((_, index) => index % 2 === 0);
  const height = Math.max(right.length, 3) * LINE + 2 * EDGE;
  const middle = { x: width / 2, y: height / 2 };
  const label = Math.min(150, width * 0.33);
  const reach = width / 2 - label - GAP;

  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  const edges = makeSvg("g");
  const nodes = makeSvg("g");
  svg.replaceChildren(edges, nodes);
  const arc = (side, direction) => side.forEach((neighbour, index) => {
    const y = middle.y + (index - (side.length - 1) / 2) * LINE;
    const lean = (y - middle.y) / (height / 2);
    const x = middle.x + direction * reach * Math.sqrt(1 - 0.6 * lean * lean);
    const line = makeSvg("line", { class: neighbour.kind, x1: middle.x, y1: middle.y, x2: x, y2: y });
    edges.append(line);
    nodes.append(node(entity, neighbour, line, { x, y, direction, room: direction > 0 ? width - x - GAP : x - GAP }));
  });
  arc(right, 1);
  arc(left, -1);
  svg.querySelector("a")?.setAttribute("tabindex", "0");
  centre(entity, middle, 2 * reach - 40);
  tell(null);
}

// Known neighbours of as many relations as there are, and the surest of those that are stated.
function chosen(entity, rows, mostKnown, mostPredicted) {
  const taken = new Set([entity.id]);
  const isNew = ({ other }) => !taken.has(other.id) && taken.add(other.id);
  const longest = Math.max(...rows.map((row) => row.known.length));
  const known = [];
  for (let turn = 0; turn < longest; turn++)
    for (const { text, known: facts } of rows)
      if (turn < facts.length)
        known.push({ kind: "known", relation: text, other: facts[turn].entity });
  const predicted = rows
    .flatMap(({ text, predicted: facts }) => facts.filter(isStated).map((fact) =>
      ({ kind: "predicted", relation: text, other: fact.entity, probability: fact.fact_probability })))
    .sort((one, other) => other.probability - one.probability);
  return [...known.filter(isNew).slice(0, mostKnown), ...predicted.filter(isNew).slice(0, mostPredicted)];
}

function node(entity, neighbour, line, { x, y, direction, room }) {
  const words = `${entity.name} ${neighbour.relation} ${neighbour.other.name}`;
  const name = makeSvg("text", { x: x + direction * GAP, y, "text-anchor": direction > 0 ? "start" : "end", dy: "0.35em" }, neighbour.other.name);
  const link = makeSvg("a", {
    class: neighbour.kind, href: addressOf(neighbour.other.id), tabindex: "-1", "aria-label": `${words} (${neighbour.kind})`,
  }, makeSvg("circle", { cx: x, cy: y, r: 4.5 }), name);
  svg.append(link);
  shorten(name, room);
  for (const event of ["pointerenter", "focus"])
    link.addEventListener(event, () => tell(words, line));
  for (const event of ["pointerleave", "blur"])
    link.addEventListener(event, () => tell(null));
  return link;
}

function centre(entity, { x, y }, room) {
  const name = makeSvg("text", { class: "centre", x, y, "text-anchor": "middle", dy: "0.35em" }, entity.name);
  svg.append(name);
  shorten(name, Math.max(room, 60));
  const width = name.getComputedTextLength() + 20;
  name.before(makeSvg("rect", { class: "centre", x: x - width / 2, y: y - 14, width, height: 28, rx: 14 }));
}

function shorten(text, room) {
  const whole = [...text.textContent];
  for (let length = whole.length; length > 1 && text.getComputedTextLength() > room; length--)
    text.textContent = `${whole.slice(0, length - 1).join("").trimEnd()}…`;
}

function tell(words, line) {
  for (const edge of svg.querySelectorAll("line"))
    edge.classList.toggle("active", edge === line);
  caption.textContent = words ?? "Solid lines are known, dashed ones predicted.";
}

// The drawing is one stop of the tab key; arrows go from neighbour to neighbour.
function turn(event) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const links = [...svg.querySelectorAll("a")];
  const at = links.indexOf(event.target.closest("a"));
  if (!step || at < 0)
    return;
  event.preventDefault();
  const next = links[(at + step + links.length) % links.length];
  links[at].setAttribute("tabindex", "-1");
  next.setAttribute("tabindex", "0");
  next.focus();
}
