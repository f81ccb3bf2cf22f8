// What comes from the service reaches the page as text only: strings become text nodes and attributes, never markup.

export const byId = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function makeSvg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes))
    node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function button(words, act, attributes = {}) {
  const made = make("button", { type: "button", ...attributes }, words);
  made.addEventListener("click", act);
  return made;
}

// Where an entity's page is, and that of what a relation leads to from it.
export const addressOf = (id) => `#/entity/${encodeURIComponent(id)}`;
export const queryAddress = (id, { id: relation, inverse }) =>
  `#/query/${encodeURIComponent(id)}/${encodeURIComponent(relation)}${inverse ? "/inverse" : ""}`;

// What an address means: an entity, a query, or null.
export function placeAt(hash) {
  const entity = /^#\/entity\/(.+)$/.exec(hash);
  const query = /^#\/query\/([^/]+)\/([^/]+)(\/inverse)?$/.exec(hash);
  try {
    if (entity)
      return { entity: decodeURIComponent(entity[1]) };
    if (query)
      return { entity: decodeURIComponent(query[1]), relation: decodeURIComponent(query[2]), inverse: query[3] !== undefined };
  } catch {
    // An address that nobody made.
  }
  return null;
}

const counting = new Intl.NumberFormat("en");

export const count = (number) => counting.format(number);

export function percent(probability) {
  if (probability < 0.001)
    return "<\u00a00.1\u00a0%";
  if (probability > 0.999)
    return ">\u00a099.9\u00a0%";
  return `${(100 * probability).toFixed(probability < 0.0995 || probability > 0.99 ? 1 : 0)}\u00a0%`;
}

// A probability as a bar, for the eye alone.
export function bar(probability) {
  const made = make("span", { class: "bar", "aria-hidden": "true" }, make("span"));
  made.firstChild.style.width = `${100 * probability}%`;
  return made;
}
