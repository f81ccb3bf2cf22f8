// The facts of an entity, a row a relation: what is known on the left, what is predicted on the right.

import { addressOf, byId, count, make, percent } from "./dom.js";

const FIRST = 12;

const place = byId("facts");

// Relations in the order of the service, the known ones first.
export function byRelation(entity) {
  const rows = new Map();
  const rowOf = (relation) => {
    const key = `${relation.inverse} ${relation.id}`;
    if (!rows.has(key))
      rows.set(key, { text: relation.text, known: [], predicted: [] });
    return rows.get(key);
  };
  for (const fact of entity.known)
    rowOf(fact.relation).known.push(fact);
  for (const { relation, answers } of entity.predicted)
    rowOf(relation).predicted.push(...answers);
  return [...rows.values()];
}

export function showFacts(entity, rows) {
  place.hidden = false;
  if (rows.length === 0) {
    place.replaceChildren(make("p", { class: "quiet" }, "Nothing is known or predicted of it."));
    return;
  }
  place.replaceChildren(
    make("div", { class: "kinds", "aria-hidden": "true" }, make("span", { class: "known" }, "Known"), make("span", { class: "predicted" }, "Predicted")),
    ...rows.map(relationRow));
  if (entity.known_total > entity.known.length)
    place.append(make("p", { class: "quiet" }, `${count(entity.known_total - entity.known.length)} more facts are known.`));
}

function relationRow({ text, known, predicted }) {
  const row = make("section", { class: "relation" }, make("h2", {}, text));
  if (known.length > 0)
    row.append(knownList(known));
  const stated = predicted.filter(isStated);
  const unsure = predicted.filter((fact) => !isStated(fact));
  if (stated.length > 0)
    row.append(make("ul", { class: "predicted", "aria-label": "Predicted" }, ...stated.map(prediction)));
  if (unsure.length > 0)
    row.append(make("details", { class: "predicted unsure" },
      make("summary", {}, stated.length > 0 ? "Less sure" : "Not sure enough to say"),
      make("ul", { "aria-label": "Not sure enough to say" }, ...unsure.map(prediction))));
  return row;
}

function knownList(facts) {
  const list = make("ul", { class: "known", "aria-label": "Known" }, ...facts.slice(0, FIRST).map(knownFact));
  const rest = facts.slice(FIRST);
  if (rest.length > 0) {
    const button = make("button", { type: "button" }, `${count(rest.length)} more`);
    button.addEventListener("click", () => {
      const items = rest.map(knownFact);
      list.lastChild.replaceWith(...items);
      items[0].querySelector("a").focus();
    });
    list.append(make("li", {}, button));
  }
  return list;
}

function knownFact({ entity, split }) {
  const item = make("li", {}, link(entity));
  if (split !== "train")
    item.append(" ", make("span", { class: "split", title: `Held out from training: in the ${split} split` }, split));
  return item;
}

// Only what is sure enough is stated as a fact.
export const isStated = ({ verdict }) => verdict === "true";

function prediction({ entity, fact_probability: sure, probability: place }) {
  const probability = sure ?? place;
  const bar = make("span", { class: "bar", "aria-hidden": "true" }, make("span"));
  bar.firstChild.style.width = `${100 * probability}%`;
  return make("li", {}, link(entity), bar, make("span", { class: "percent" }, percent(probability)));
}

const link = (entity) => make("a", { href: addressOf(entity.id) }, entity.name);
