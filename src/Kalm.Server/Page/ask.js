// The question box, whose answer streams.

import { button as made, byId, percent } from "./dom.js";
import { answer, isAborted } from "./service.js";

const SHOWN = 5;

const form = byId("ask");
const field = byId("question");
const button = byId("ask-button");
const exchange = byId("exchange");
const text = byId("answer");
const note = byId("answer-note");

let request = null;

export function startAsk() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (request)
      request.abort();
    else if (field.value.trim() !== "")
      ask(field.value.trim());
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (!request)
        form.requestSubmit();
    }
  });
}

// What an answer rests on, in words.
function rests(facts) {
  const told = facts.slice(0, SHOWN).map(({ head, relation, tail }) => `${head.name} ${relation.text} ${tail.name}`).join("; ");
  const source = facts[0].source === "graph" ? "From the graph" : `Not in the graph, but sure enough (${percent(facts[0].probability)})`;
  return `${source}: ${told}${facts.length > SHOWN ? `; and ${facts.length - SHOWN} more` : ""}.`;
}

// Questions to click; the first stands in the empty field.
export function suggest(questions) {
  field.placeholder = questions[0] ?? "A question in words";
  byId("questions").replaceChildren(...questions.map((question) => made(question, () => {
    if (!request) {
      field.value = question;
      ask(question);
    }
  }, { class: "chip" })));
}

async function ask(question) {
  request = new AbortController();
  button.textContent = "Stop";
  byId("asked").textContent = question;
  text.replaceChildren();
  note.replaceChildren();
  text.setAttribute("aria-busy", "true");
  exchange.hidden = false;
  exchange.classList.remove("failed");
  try {
    let end = "";
    let facts = [];
    for await (const piece of answer(question, request.signal)) {
      text.append(piece.text ?? "");
      end = piece.end ?? end;
      facts = piece.facts ?? facts;
    }
    note.textContent = end === "length" ? "The answer reached its greatest length."
      : text.textContent.trim() === "" ? "The model says nothing."
      : facts.length > 0 ? rests(facts) : "The model's own words, not from the graph.";
  } catch (error) {
    note.textContent = isAborted(error) ? "Stopped." : error.message;
    exchange.classList.toggle("failed", !isAborted(error));
  } finally {
    request = null;
    button.textContent = "Ask";
    text.removeAttribute("aria-busy");
  }
}
