// What colours and lines of the drawing mean: only those that are in it.

import { byId, make } from "./dom.js";
import { dot, typeOf } from "./types.js";

export function showLegend(nodes, edges) {
  const types = new Map(nodes.filter(({ entity }) => typeOf(entity)).map(({ entity }) => [typeOf(entity), entity]));
  byId("legend").replaceChildren(
    ...[...types].map(([name, entity]) => make("li", {}, dot(entity), name)),
    ...["known", "predicted"].filter((kind) => edges.some((edge) => edge.kind === kind))
      .map((kind) => make("li", {}, make("span", { class: `stroke ${kind}`, "aria-hidden": "true" }), kind)));
}
