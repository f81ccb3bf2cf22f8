// What kinds of things there are, each with its colour: the frequent ones have one of their own.

import { addressOf, make } from "./dom.js";

const COLOURS = 12;

const places = new Map();

export const hasTypes = () => places.size > 0;

export function learnTypes(types) {
  places.clear();
  types.forEach(({ name }, place) => places.set(name, place));
}

export function colourOf({ types }) {
  const place = types?.length > 0 ? places.get(types[0]) : undefined;
  return place === undefined ? "type-none" : place < COLOURS ? `type-${place}` : "type-other";
}

export const typeOf = ({ types }) => types?.[0] ?? null;

export function dot(entity) {
  return make("span", { class: `dot ${colourOf(entity)}`, "aria-hidden": "true" });
}

// The name of an entity as a link; its kind shows as colour and is told on demand.
export function entityLink(entity, withDot = true) {
  const link = make("a", { href: addressOf(entity.id) }, entity.name);
  if (typeOf(entity))
    link.title = typeOf(entity);
  return withDot && hasTypes() ? make("span", { class: "entity" }, dot(entity), link) : link;
}
