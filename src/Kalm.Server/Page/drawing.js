// Draws the neighbourhood: the entity amid some of its neighbours, known edges solid, predicted ones dashed. A click on a name opens it, on
// its plus shows its own neighbours, on an edge why it is there; names and the ground can be dragged.

import { startDragging } from "./dragging.js";
import { byId, makeSvg } from "./dom.js";
import { isStated } from "./facts.js";
import { bounds, place } from "./layout.js";
import { showLegend } from "./legend.js";
import { centreNode, drawEdge, drawNode, follow } from "./marks.js";
import { entity as load } from "./service.js";
import { explain } from "./why.js";

const MOST = 8;
const MOST_NODES = 80;
const ZOOM = 1.25;
const LEAST = 0.8;
const EDGE = 40;
const MOVE = 12;
const NARROW = 460;
const NEXT = 60;

const figure = byId("drawing");
const svg = byId("neighbourhood");
const caption = byId("caption");
const edgePlace = byId("edge");

let drawn = null;

export function startDrawing() {
  new ResizeObserver(() => drawn && figure.clientWidth !== drawn.width && draw()).observe(figure);
  svg.addEventListener("keydown", press);
  startDragging(svg, () => drawn);
  const zoom = (factor) => () => drawn && drawn.view.zoom(factor);
  byId("zoom-in").addEventListener("click", zoom(ZOOM));
  byId("zoom-out").addEventListener("click", zoom(1 / ZOOM));
  byId("whole").addEventListener("click", () => {
    for (const node of drawn.nodes.values())
      node.moved = null;
    drawn.expanded = null;
    draw();
  });
  byId("wide").addEventListener("click", () => {
    const isWide = document.body.classList.toggle("wide");
    byId("wide").setAttribute("aria-pressed", String(isWide));
  });
}

export function showDrawing(entity, rows) {
  const isSame = drawn?.root.entity.id === entity.id;
  const root = { entity, children: [], key: entity.id };
  drawn = { root, nodes: new Map([[entity.id, root]]), edges: [], width: 0 };
  for (const neighbour of chosen(entity, rows, MOST, 6))
    join(root, neighbour);
  figure.hidden = root.children.length === 0;
  if (!isSame)
    edgePlace.hidden = true;
  draw();
}

export function hideDrawing() {
  drawn = null;
  figure.hidden = true;
  edgePlace.hidden = true;
}

// Known neighbours of as many relations as there are, and the surest of those that are stated.
function chosen(entity, rows, mostKnown, mostPredicted) {
  const taken = new Set([entity.id]);
  const isNew = ({ other }) => !taken.has(other.id) && taken.add(other.id);
  const longest = Math.max(0, ...rows.map((row) => row.known.length));
  const known = [];
  for (let turn = 0; turn < longest; turn++)
    for (const { relation, known: facts } of rows)
      if (turn < facts.length)
        known.push({ kind: "known", relation, other: facts[turn].entity });
  const predicted = rows
    .flatMap(({ relation, predicted: facts }) => facts.filter(isStated).map((fact) =>
      ({ kind: "predicted", relation, other: fact.entity, probability: fact.fact_probability })))
    .sort((one, other) => other.probability - one.probability);
  return [...known.filter(isNew).slice(0, mostKnown), ...predicted.filter(isNew).slice(0, mostPredicted)];
}

// An edge to a neighbour, which hangs on the node unless it is drawn already.
function join(from, { kind, relation, other }) {
  let to = drawn.nodes.get(other.id);
  const isNew = to === undefined;
  if (isNew) {
    if (drawn.nodes.size >= MOST_NODES)
      return;
    to = { entity: other, children: [], parent: from, kind, key: other.id };
    drawn.nodes.set(other.id, to);
    from.children.push(to);
  } else if (drawn.edges.some((edge) => (edge.from === from && edge.to === to) || (edge.from === to && edge.to === from))) {
    return;
  }
  drawn.edges.push({ from, to, kind, relation, isTree: isNew, words: `${from.entity.name} ${relation.text} ${to.entity.name}` });
}

function draw() {
  const width = figure.clientWidth;
  if (width === 0)
    return;
  drawn.width = width;
  const { root, nodes, edges } = drawn;
  const isNarrow = width < NARROW;
  const name = isNarrow ? width * 0.4 : Math.min(width > 900 ? 220 : 150, width * 0.27);
  root.reach = Math.min(root.entity.name.length * 8 + 24, isNarrow ? width * 0.25 : 200) / 2;
  const first = Math.max(isNarrow ? width - name - root.reach : width / 2 - name, root.reach + 40);
  place(root, { first, next: name + (isNarrow ? NEXT : Math.min(first, 190)), isNarrow });
  for (const node of nodes.values())
    if (node.moved)
      [node.x, node.y] = [node.x + node.moved.x, node.y + node.moved.y];
  const all = [...nodes.values()];
  const box = bounds(all, name);
  const height = Math.min(Math.max(box.bottom - box.top, 180), 560);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", height);
  const ground = makeSvg("g");
  const [lines, marks] = [makeSvg("g"), makeSvg("g")];
  ground.append(lines, marks);
  svg.replaceChildren(ground);
  drawn.view = viewOf(ground, box, width, height);
  for (const node of all)
    if (node !== root)
      drawNode(node, marks, { name, tell, expand, edge: edges.find(({ to, isTree }) => isTree && to === node) });
  centreNode(root, marks);
  for (const edge of edges)
    drawEdge(edge, lines, { tell, ask });
  svg.querySelector("a")?.setAttribute("tabindex", "0");
  showLegend(all, edges);
  tell(null);
}

// The part that is seen: all of it where it fits at a size that can be read, or else what was expanded last.
function viewOf(ground, box, width, height) {
  const wanted = Math.min(1, width / (box.right - box.left), height / (box.bottom - box.top));
  const view = { scale: Math.max(wanted, LEAST), x: 0, y: 0 };
  const last = drawn.expanded ? bounds([drawn.expanded, ...drawn.expanded.children], 150) : box;
  const middle = (low, high, from, to, room) => view.scale * (high - low) <= room + 1 ? room / 2 - view.scale * (low + high) / 2
    : Math.min(-view.scale * low, Math.max(room - view.scale * high, room / 2 - view.scale * (from + to) / 2));
  view.x = middle(box.left, box.right, last.left, last.right, width);
  view.y = middle(box.top, box.bottom, last.top, last.bottom, height);
  view.show = () => ground.setAttribute("transform", `translate(${view.x} ${view.y}) scale(${view.scale})`);
  view.zoom = (factor, x = width / 2, y = height / 2) => {
    const scale = Math.min(4, Math.max(0.2, view.scale * factor));
    view.x = x - (x - view.x) * scale / view.scale;
    view.y = y - (y - view.y) * scale / view.scale;
    view.scale = scale;
    view.show();
  };
  // Brings a node that is out of sight into it.
  view.reveal = (node) => {
    const [x, y] = [view.x + view.scale * node.x, view.y + view.scale * node.y];
    view.x += Math.min(0, width - EDGE - x) + Math.max(0, EDGE - x);
    view.y += Math.min(0, height - EDGE - y) + Math.max(0, EDGE - y);
    view.show();
  };
  view.move = (node, x, y) => {
    node.moved = { x: (node.moved?.x ?? 0) + x, y: (node.moved?.y ?? 0) + y };
    [node.x, node.y] = [node.x + x, node.y + y];
    follow(node, drawn.edges);
  };
  view.show();
  return view;
}

// Shows a node's own neighbours, or hides them again.
async function expand(node) {
  const current = drawn;
  if (node.children.length > 0) {
    remove(node);
    drawn.expanded = null;
  } else {
    caption.textContent = `Asking for the neighbours of ${node.entity.name}…`;
    try {
      const found = await load(node.entity.id, undefined, { predict: 0, limit: 24 });
      if (drawn !== current)
        return;
      const before = drawn.nodes.size;
      for (const { relation, entity } of spread(found.known))
        if (drawn.nodes.size < before + MOST)
          join(node, { kind: "known", relation, other: entity });
      node.isExpanded = true;
      drawn.expanded = node;
    } catch (error) {
      caption.textContent = error.message;
      return;
    }
  }
  draw();
  focusOn(node);
  tell(node.children.length > 0 ? `${node.children.length} neighbours of ${node.entity.name} were added.`
    : node.isExpanded ? `All neighbours of ${node.entity.name} that it shows are there.` : null);
}

// As many relations as there are first.
function spread(facts) {
  const seen = new Map();
  return facts.map((fact) => {
    const key = `${fact.relation.inverse} ${fact.relation.id}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    return { fact, turn: seen.get(key) };
  }).sort((one, other) => one.turn - other.turn).map(({ fact }) => fact);
}

function remove(node) {
  for (const child of node.children) {
    remove(child);
    drawn.nodes.delete(child.key);
  }
  node.children = [];
  node.isExpanded = false;
  drawn.edges = drawn.edges.filter(({ from, to }) => drawn.nodes.get(from.key) === from && drawn.nodes.get(to.key) === to && (from !== node));
}

function ask({ from, to, relation }) {
  const [head, tail] = relation.inverse ? [to.entity, from.entity] : [from.entity, to.entity];
  edgePlace.hidden = false;
  explain({ head: head.id, relation: relation.id, tail: tail.id }, edgePlace);
}

// About one after the other of a node's edges, first the one that it hangs on.
function askNext(node) {
  const edges = drawn.edges.filter(({ from, to }) => from === node || to === node);
  node.asked = ((node.asked ?? -1) + 1) % edges.length;
  tell(edges[node.asked].words, edges[node.asked]);
  ask(edges[node.asked]);
}

function tell(words, edge) {
  for (const other of drawn.edges)
    other.mark.classList.toggle("active", other === edge);
  caption.textContent = words ?? "Names open, + shows neighbours, edges tell why. Drag to move.";
}

function focusOn(node) {
  for (const link of svg.querySelectorAll("a"))
    link.setAttribute("tabindex", link === node.link ? "0" : "-1");
  drawn.view.reveal(node);
  node.link.focus();
}

// The drawing is one stop of the tab key; arrows go from neighbour to neighbour.
function press(event) {
  const links = [...svg.querySelectorAll("a")];
  const at = links.indexOf(event.target.closest("a"));
  const node = at < 0 ? null : [...drawn.nodes.values()].find(({ link }) => link === links[at]);
  if (!node || event.ctrlKey || event.metaKey || event.altKey)
    return;
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const isSideways = event.key === "ArrowRight" || event.key === "ArrowLeft";
  if (step && event.shiftKey)
    drawn.view.move(node, isSideways ? step * MOVE : 0, isSideways ? 0 : step * MOVE);
  else if (step)
    focusOn([...drawn.nodes.values()].find(({ link }) => link === links[(at + step + links.length) % links.length]));
  else if (event.key === "+" || event.key === "-")
    expand(node);
  else if (event.key === "w")
    askNext(node);
  else
    return;
  event.preventDefault();
}
