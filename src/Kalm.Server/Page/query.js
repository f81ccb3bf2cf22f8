// What a relation leads to from an entity: the model's best answers among all entities, each with its probability and why.

import { addressOf, bar, byId, make, percent, queryAddress } from "./dom.js";
import { answers, entity } from "./service.js";
import { entityLink } from "./types.js";
import { choices, like } from "./why.js";

const MOST = 10;

const list = byId("answers");

const VERDICTS = { true: "new, stated", unknown: "new, not sure", false: "new, unlikely" };

// Asks, and shows the answers; the relations are those of the graph.
export async function showQuery(query, relations, entities, signal) {
  const [found, about] = await Promise.all([answers(query, MOST, signal), entity(query.entity, signal, { predict: 0, limit: 0 })]);
  const asked = about.known_relations.length > 1 ? about.known_relations.map((known) => known.relation)
    : relations.map(({ id, text }) => ({ id, text, inverse: false }));
  const from = found.head ?? found.tail;
  const relation = relations.find(({ id }) => id === query.relation);
  const words = query.inverse ? relation.inverse_text : relation.text;
  byId("query-title").replaceChildren(make("a", { href: addressOf(from.id) }, from.name), ` ${words} `, make("span", { class: "sought" }, "…"));
  byId("query-note").textContent = `The model’s ${found.results.length} best answers of ${entities} entities. The bar is the probability that one is the answer, other known ones left out.`
    + `${found.threshold === null ? "" : ` What is new is stated as a fact from a probability of ${percent(found.threshold)} that it is true.`}`;
  list.replaceChildren(
    make("ol", {}, ...found.results.map((result, place) => answer(from, query, words, result, place === 0))),
    make("p", { class: "quiet" }, "Other questions about it: ", ...others(from, query, asked)));
  return `${from.name} ${words} …`;
}

function answer(from, { relation, inverse }, words, result, isOpen) {
  const other = { id: result.id, name: result.name, types: result.types };
  const [head, tail] = inverse ? [other, from] : [from, other];
  const why = make("details", { class: "why" }, make("summary", {}, "Why?"),
    ...(result.known || result.fact_probability === null ? []
      : [make("p", {}, `That it is true has a probability of ${percent(result.fact_probability)}: ${MEANING[result.verdict]}.`)]),
    ...(result.explanation.length > 0
      ? [make("p", { class: "quiet" }, "Facts of the graph that are most like it, with how like they are:"), make("ul", {}, ...result.explanation.map(like))]
      : [make("p", { class: "quiet" }, "The graph holds no fact like it.")]),
    ...(result.known ? [] : [choices({ head: head.id, relation, tail: tail.id })]));
  why.open = isOpen;
  why.querySelector("summary").setAttribute("aria-label", `Why? ${from.name} ${words} ${result.name}`);
  return make("li", {}, entityLink(other),
    make("span", { class: `mark-${result.known ? "known" : result.verdict ?? "unknown"}` }, mark(result)),
    bar(result.probability), make("span", { class: "percent" }, percent(result.probability)), why);
}

const MEANING = { true: "sure enough to be stated", unknown: "not sure enough to be stated", false: "so low that it counts as false" };

function mark({ known, split, verdict, fact_probability: sure }) {
  if (known)
    return split === "added" ? "accepted" : split === "train" ? "known" : `known, held out in ${split}`;
  return `${VERDICTS[verdict] ?? ""}${sure === null ? "" : ` · ${percent(sure)}`}`;
}

const others = (from, query, relations) => relations
  .filter(({ id, inverse }) => id !== query.relation || inverse !== query.inverse)
  .flatMap((other, place) => [...(place > 0 ? [" · "] : []), make("a", { href: queryAddress(from.id, other) }, other.text)]);
