// A fact that a person names: whether it is true, why, and whether it is to be known from now on.

import { picker } from "./combobox.js";
import { byId, make } from "./dom.js";
import { explain } from "./why.js";

const head = picker("Head");
const tail = picker("Tail");
const relation = byId("check-relation");
const place = byId("checked");

let request = new AbortController();

export function startCheck(relations) {
  byId("check-head").replaceChildren(head.element);
  byId("check-tail").replaceChildren(tail.element);
  relation.replaceChildren(...relations.map(({ id, text }) => make("option", { value: id }, text)));
  byId("check").addEventListener("submit", (event) => {
    event.preventDefault();
    request.abort();
    request = new AbortController();
    const empty = [head, tail].find((part) => part.value() === "");
    if (empty)
      empty.field.focus();
    else
      explain({ head: head.value(), relation: relation.value, tail: tail.value() }, place, { signal: request.signal });
  });
}

// The entity that is open is what one asks about.
export function checkAbout(entity) {
  head.choose(entity);
  place.replaceChildren();
}
