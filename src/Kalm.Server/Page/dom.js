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

// Where an entity's page is, and back.
export const addressOf = (id) => `#/entity/${encodeURIComponent(id)}`;

export function entityAt(hash) {
  const match = /^#\/entity\/(.+)$/.exec(hash);
  if (!match)
    return null;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return null;
  }
}

const counting = new Intl.NumberFormat("en");

export const count = (number) => counting.format(number);

export function percent(probability) {
  if (probability < 0.001)
    return "< 0.1 %";
  if (probability > 0.999)
    return "> 99.9 %";
  return `${(100 * probability).toFixed(probability < 0.0995 || probability > 0.99 ? 1 : 0)} %`;
}
