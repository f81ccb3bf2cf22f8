// Where one begins: what is served in numbers, examples to click, and a form that adds an entity.

import { addressOf, byId, count, make, queryAddress } from "./dom.js";
import { addEntity, graph } from "./service.js";
import { dot, learnTypes } from "./types.js";

let held = null;

// What the graph holds; asked for again where it may have changed.
export async function learnGraph() {
  held = await graph();
  learnTypes(held.types);
  return held;
}

export const relations = () => held.relations;
export const questions = () => held.examples.slice(0, 2).map(({ entity }) => `Where is ${entity.name}?`);
export const entityCount = () => count(held.entities);

export function startWelcome() {
  byId("add").addEventListener("submit", add);
}

export function showCounts(model) {
  const figures = [["entities", held.entities], ["facts", held.facts], ["relations", held.relations.length],
    ...(held.types.length > 0 ? [["types", held.types.length]] : []), ...(held.splits.added > 0 ? [["accepted here", held.splits.added]] : [])];
  byId("counts").replaceChildren(
    ...figures.map(([name, number]) => make("div", {}, make("dt", {}, name), make("dd", {}, count(number)))),
    make("div", {}, make("dt", {}, "model"), make("dd", { class: "words" }, model)));
  const { examples } = held;
  byId("examples").replaceChildren(
    ...(examples.length === 0 ? [] : [
      make("h2", {}, "Begin with"),
      make("p", { class: "chips" }, ...examples.map(({ entity }) =>
        make("a", { class: "chip", href: addressOf(entity.id) }, dot(entity), entity.name))),
      make("h2", {}, "Or with a question to the model"),
      make("p", { class: "chips" }, ...queries(examples).map(({ entity, relation }) =>
        make("a", { class: "chip", href: queryAddress(entity.id, relation) }, `${entity.name} ${relation.text} …`))),
    ]));
}

// One a relation.
const queries = (examples) => examples.filter(({ relation }, place) =>
  examples.findIndex((other) => other.relation.text === relation.text) === place).slice(0, 5);

async function add(event) {
  event.preventDefault();
  const field = byId("add-text");
  const note = byId("add-note");
  note.textContent = "";
  try {
    const { id } = await addEntity(field.value);
    field.value = "";
    location.hash = addressOf(id);
  } catch (error) {
    note.textContent = error.message;
  }
}
