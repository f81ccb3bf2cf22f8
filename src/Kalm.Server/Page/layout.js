// Where the neighbourhood's nodes stand: a tree that grows to the left and to the right of the entity, each name on a line of its own, so
// that no name covers another. On a narrow screen it grows to the right alone.

const LINE = 36;
const HIGH = 300;
const TALL = 54;
const NODE = 22;

// Places the children of a node in the tree, the root at the origin.
export function place(root, { first, next, isNarrow }) {
  const sides = [0, 1].map((side) => root.children.filter((_, index) => isNarrow ? side === 0 : index % 2 === side));
  [root.x, root.y] = [0, 0];
  sides.forEach((side, index) => {
    const lines = side.reduce((sum, node) => sum + linesOf(node), 0);
    const step = { direction: index === 0 ? 1 : -1, next, line: Math.max(LINE, Math.min(TALL, HIGH / lines)) };
    const height = lines * step.line;
    let top = -height / 2;
    for (const node of side) {
      top = stack(node, step, first, top);
      // The inner column is an arc, so that edges do not lie on each other.
      if (!isNarrow && height > 2 * step.line)
        node.x -= step.direction * first * 0.7 * (1 - Math.sqrt(1 - 0.5 * (2 * node.y / height) ** 2));
    }
  });
}

const linesOf = (node) => Math.max(1, node.children.reduce((sum, child) => sum + linesOf(child), 0));

// Puts a node and what hangs on it below a line; returns the line below them.
function stack(node, step, x, top) {
  [node.direction, node.x] = [step.direction, step.direction * x];
  let bottom = top;
  for (const child of node.children)
    bottom = stack(child, step, x + step.next, bottom);
  if (node.children.length === 0)
    bottom = top + step.line;
  node.y = (top + bottom) / 2;
  return bottom;
}

// What nodes take up, with the room that names need.
export function bounds(nodes, name) {
  const xs = nodes.flatMap(({ x, direction, reach }) =>
    direction ? [x - (direction < 0 ? name : NODE), x + (direction > 0 ? name : NODE)] : [x - reach, x + reach]);
  const ys = nodes.map(({ y }) => y);
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys) - NODE, bottom: Math.max(...ys) + NODE };
}
