// Asks the service. Whatever goes wrong is a Fault, whose message is for people.

export class Fault extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }

  // Whether trying again may help.
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export const isAborted = (error) => error.name === "AbortError";

export async function health() {
  const response = await reach("health");
  return response.json();
}

export async function search(words, most, signal) {
  const parameters = new URLSearchParams({ search: words, limit: most });
  return (await (await ask(`v1/entities?${parameters}`, { signal })).json()).entities;
}

export async function graph() {
  return (await ask("v1/graph")).json();
}

// All about an entity: without limits the first known facts of each relation, and what is predicted.
export async function entity(id, signal, limits = {}) {
  const parameters = Object.keys(limits).length > 0 ? `?${new URLSearchParams(limits)}` : "";
  return (await ask(`v1/entities/${encodeURIComponent(id)}${parameters}`, { signal })).json();
}

// What a relation leads to from an entity, each answer with its probability and why.
export async function answers({ entity: id, relation, inverse }, most, signal) {
  return post("v1/complete", { relation, [inverse ? "tail" : "head"]: id, top: most }, signal);
}

// Whether a fact is true, and why.
export async function verify(fact, signal) {
  return post("v1/verify", fact, signal);
}

export async function addEntity(text) {
  return post("v1/entities", { text });
}

export async function deleteEntity(id) {
  await ask(`v1/entities/${encodeURIComponent(id)}`, { method: "DELETE" });
}

// Facts that the graph seems to lack; another turn asks about other entities.
export async function suggestions(turn, signal) {
  const parameters = new URLSearchParams({ limit: 8, seed: turn });
  return (await (await ask(`v1/suggestions?${parameters}`, { signal })).json()).suggestions;
}

// The first facts that were accepted or rejected.
export async function reviewed(most) {
  return (await ask(`v1/facts?${new URLSearchParams({ limit: most })}`)).json();
}

// Accepts or rejects a fact, by ids; tells the number by which that can be taken back.
export async function review(fact, isAccepted) {
  return (await post(isAccepted ? "v1/facts" : "v1/facts/rejections", fact)).id;
}

export async function takeBack(id) {
  await ask(`v1/facts/${encodeURIComponent(id)}`, { method: "DELETE" });
}

// Yields the pieces of an answer, the facts it rests on, and at last why it ended: { text } ... { facts } { end }.
export async function* answer(question, signal) {
  const response = await ask("v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages: [{ role: "user", content: question }], stream: true }),
    signal,
  });
  for await (const data of events(response.body)) {
    if (data === "[DONE]")
      return;
    for (const choice of JSON.parse(data).choices) {
      if (choice.delta.content)
        yield { text: choice.delta.content };
      if (choice.delta.annotations?.length > 0)
        yield { facts: choice.delta.annotations.map((annotation) => annotation.kalm_fact) };
      if (choice.finish_reason)
        yield { end: choice.finish_reason };
    }
  }
  throw new Fault("The answer was cut off.");
}

// The data of server-sent events, of which each is one line.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await orCutOff(reader.read());
    if (done)
      return;
    const whole = (rest + value).split("\n\n");
    rest = whole.pop();
    for (const event of whole)
      if (event.startsWith("data: "))
        yield event.slice("data: ".length);
  }
}

async function orCutOff(reading) {
  try {
    return await reading;
  } catch (error) {
    throw isAborted(error) ? error : new Fault("The answer was cut off.");
  }
}

async function post(path, body, signal) {
  const headers = { "content-type": "application/json" };
  return (await ask(path, { method: "POST", headers, body: JSON.stringify(body), signal })).json();
}

async function ask(path, init) {
  const response = await reach(path, init);
  if (response.ok)
    return response;
  const body = await response.json().catch(() => null);
  throw new Fault(wordsFor(response, body?.error?.message ?? `the service answered with ${response.status}`), response.status);
}

async function reach(path, init) {
  try {
    return await fetch(path, init);
  } catch (error) {
    throw isAborted(error) ? error : new Fault("The service cannot be reached.");
  }
}

function wordsFor(response, message) {
  if (response.status === 401)
    return "The key is no longer the right one; reload the page to give it again.";
  if (response.status === 429)
    return `The model is busy. Try again in ${response.headers.get("retry-after") ?? "a few"} s.`;
  if (response.status === 404)
    return `${capitalized(message.split(";")[0])}; the search finds others.`;
  return `${capitalized(message)}.`;
}

const capitalized = (text) => `${text[0].toUpperCase()}${text.slice(1)}`;
