// The question box, whose answer streams.

import { byId } from "./dom.js";
import { answer, isAborted } from "./service.js";

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

export function suggest(question) {
  field.placeholder = question;
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
    for await (const piece of answer(question, request.signal)) {
      text.append(piece.text ?? "");
      end = piece.end ?? end;
    }
    note.textContent = end === "length" ? "The answer reached its greatest length." : text.textContent.trim() === "" ? "The model says nothing." : "";
  } catch (error) {
    note.textContent = isAborted(error) ? "Stopped." : error.message;
    exchange.classList.toggle("failed", !isAborted(error));
  } finally {
    request = null;
    button.textContent = "Ask";
    text.removeAttribute("aria-busy");
  }
}
