// Calls a server by OpenAI's client: `node openai.mjs ORIGIN MODEL KEY`.
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { baseURL, caught, chat, expect, key, model, ofSchema, question, reporter, schema } from "./report.mjs";

const client = new OpenAI({ baseURL, apiKey: key, maxRetries: 0 });
const call = reporter("openai");
const tools = ["animal", "weather"].map((name) => ({ type: "function", function: { name, description: `tells of an ${name}`, parameters: schema, strict: true } }));
const ask = (fields) => client.chat.completions.create({ model, messages: chat, max_tokens: 12, ...fields });
const first = (answer) => answer.choices[0];
const history = [
  { role: "user", content: question },
  { role: "assistant", content: null, refusal: null, tool_calls: [{ id: "call_1", type: "function", function: { name: "animal", arguments: '{"kind":"fish","legs":0}' } }] },
  { role: "tool", tool_call_id: "call_1", content: "a fish has no legs" },
];

await call("models list", async () => {
  const names = (await client.models.list()).data.map((item) => item.id);
  expect(names.includes(model), names);
});
await call("models retrieve", async () => {
  const found = await client.models.retrieve(model);
  expect(found.id === model && found.object === "model", found);
});

let text;
await call("chat", async () => {
  const answer = await ask();
  text = first(answer).message.content;
  expect(text.length > 0 && answer.usage.total_tokens === answer.usage.prompt_tokens + answer.usage.completion_tokens, answer);
  return { content: text, finish: first(answer).finish_reason };
});
await call("chat stream", async () => {
  const [pieces, usage] = [[], []];
  for await (const chunk of await ask({ stream: true, stream_options: { include_usage: true } })) {
    if (chunk.choices[0]?.delta.content) pieces.push(chunk.choices[0].delta.content);
    if (chunk.usage) usage.push(chunk.usage);
  }
  expect(pieces.join("") === text && pieces.length > 1 && usage.length === 1, { pieces, text, usage });
  const helper = await client.chat.completions.stream({ model, messages: chat, max_tokens: 12 }).finalChatCompletion();
  expect(first(helper).message.content === text, first(helper));
  return { pieces: pieces.length };
});
await call("n", async () => {
  const answer = await ask({ n: 3, temperature: 1, seed: 1 });
  expect(answer.choices.map((choice) => choice.index).join() === "0,1,2", answer.choices);
});
await call("logprobs", async () => {
  const answer = await ask({ logprobs: true, top_logprobs: 3 });
  const told = first(answer).logprobs.content;
  expect(told.length === answer.usage.completion_tokens && told.every((token) => token.logprob <= 0 && token.top_logprobs.length === 3), told);
  return { tokens: told.length };
});
await call("sampling fields", async () => {
  const fields = { frequency_penalty: 1, presence_penalty: 1, logit_bias: { 9: -100 }, stop: ["zqx"], top_p: 0.9, seed: 2, user: "u" };
  return { content: expect(first(await ask(fields)).message.content, "nothing") };
});
await call("json_object", async () => {
  const choice = first(await ask({ response_format: { type: "json_object" }, max_tokens: 150 }));
  expect(choice.message.content.trimStart().startsWith("{"), choice);
  if (choice.finish_reason === "stop") JSON.parse(choice.message.content);
  return { content: choice.message.content };
});
await call("json_schema", async () => {
  const format = zodResponseFormat(z.object({ kind: z.enum(["fish", "bird"]), legs: z.int().min(0).max(8) }), "animal");
  const answer = await client.chat.completions.parse({ model, messages: chat, max_tokens: 150, response_format: format });
  return ofSchema(first(answer).message.parsed);
});
await call("tools required", async () => {
  const choice = first(await ask({ tools, tool_choice: "required", max_tokens: 150 }));
  expect(choice.finish_reason === "tool_calls" && choice.message.tool_calls.length === 1, choice);
  return ofSchema(JSON.parse(choice.message.tool_calls[0].function.arguments));
});
await call("tools named", async () => {
  const seen = [];
  const runner = client.chat.completions.runTools({
    model, messages: chat, max_tokens: 150, tool_choice: { type: "function", function: { name: "animal" } },
    tools: [{ type: "function", function: { name: "animal", parameters: schema, parse: JSON.parse, function: (given) => { seen.push(given); return "none"; } } }],
  });
  await runner.done();
  expect(seen.length === 1 && ofSchema(seen[0]), seen);
  // The helper keeps what it parsed beside the messages that it sends next.
  expect(first(await ask({ messages: runner.messages, max_tokens: 4 })), "no answer");
  return seen[0];
});
await call("tools auto with history", async () => {
  const choice = first(await ask({ messages: history, tools }));
  expect(choice.message.content !== null || choice.message.tool_calls?.length > 0, choice);
  return { finish: choice.finish_reason };
});
await call("tools stream", async () => {
  const stream = client.chat.completions.stream({ model, messages: chat, max_tokens: 150, tools, tool_choice: "required" });
  return ofSchema(JSON.parse(first(await stream.finalChatCompletion()).message.tool_calls[0].function.arguments));
});

const embed = (input, fields) => client.embeddings.create({ model, input, ...fields });
const norm = (vector) => Math.hypot(...vector);
let width;
await call("embeddings one", async () => {
  // Without encoding_format the client asks for base64 and decodes it.
  const vector = (await embed("a fish")).data[0].embedding;
  expect(Math.abs(norm(vector) - 1) < 1e-3, norm(vector));
  width = vector.length;
  return { width };
});
await call("embeddings many", async () => {
  const answer = await embed(Array.from({ length: 40 }, (_, index) => `a fish of number ${index}`), { encoding_format: "float" });
  expect(answer.data.every((item, index) => item.index === index && item.embedding.length === width), answer.usage);
  return answer.usage;
});
await call("embeddings base64", async () => {
  const [bytes, plain] = [await embed("a worm", { encoding_format: "base64" }), await embed("a worm", { encoding_format: "float" })];
  const raw = Buffer.from(bytes.data[0].embedding, "base64");
  const decoded = Array.from({ length: raw.length / 4 }, (_, index) => raw.readFloatLE(index * 4));
  expect(decoded.every((value, index) => value === Math.fround(plain.data[0].embedding[index])), "other numbers");
});
await call("embeddings dimensions", async () => {
  const vector = (await embed("a fish", { dimensions: width })).data[0].embedding;
  expect(vector.length === width, vector.length);
  const error = await caught(OpenAI.BadRequestError, () => embed("a fish", { dimensions: width - 1 }));
  expect(error.param === "dimensions", error.param);
});

await call("completions", async () => {
  const answer = await client.completions.create({ model, prompt: ["A fish is", "A bird is"], max_tokens: 6 });
  expect(answer.choices.length === 2 && answer.usage.completion_tokens > 0, answer);
  return answer.choices.map((choice) => choice.text);
});
await call("completions stream", async () => {
  const whole = await client.completions.create({ model, prompt: "A fish is", max_tokens: 6 });
  const pieces = [];
  for await (const chunk of await client.completions.create({ model, prompt: "A fish is", max_tokens: 6, stream: true })) pieces.push(chunk.choices[0].text);
  expect(pieces.join("") === first(whole).text, { pieces, whole });
});
await call("responses", async () => {
  const answer = await client.responses.create({ model, input: question, instructions: "Be brief.", max_output_tokens: 16 });
  expect(answer.output_text.length > 0 && ["completed", "incomplete"].includes(answer.status), answer);
  return { text: answer.output_text };
});
await call("responses stream", async () => {
  const stream = client.responses.stream({ model, input: question, max_output_tokens: 16 });
  const pieces = [];
  for await (const event of stream) if (event.type === "response.output_text.delta") pieces.push(event.delta);
  const answer = await stream.finalResponse();
  expect(pieces.length > 1 && pieces.join("") === answer.output[0].content[0].text, { pieces, answer });
});
await call("responses tools and form", async () => {
  const tool = { type: "function", name: "animal", parameters: schema, strict: true, description: null };
  const called = (await client.responses.create({ model, input: question, tools: [tool], tool_choice: "required", max_output_tokens: 150 })).output[0];
  expect(called.type === "function_call" && ofSchema(JSON.parse(called.arguments)), called);
  const input = [{ role: "user", content: question }, called, { type: "function_call_output", call_id: called.call_id, output: "none" }];
  await client.responses.create({ model, input, max_output_tokens: 8 });
  const format = { type: "json_schema", name: "animal", strict: true, schema };
  const formed = await client.responses.parse({ model, input: question, text: { format }, max_output_tokens: 150 });
  return ofSchema(JSON.parse(formed.output_text));
});

await call("error: bad request", async () => {
  const error = await caught(OpenAI.BadRequestError, () => ask({ temperature: 9 }));
  expect(error.status === 400 && error.param === "temperature" && error.type === "invalid_request_error", error);
});
await call("error: unknown field", async () => {
  const parts = [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:" } }] }];
  const error = await caught(OpenAI.BadRequestError, () => ask({ messages: parts }));
  expect(error.param === "messages[0].content[0].image_url", error.param);
});
await call("error: context length", async () => {
  const error = await caught(OpenAI.BadRequestError, () => ask({ messages: [{ role: "user", content: "one 2 three 4 ".repeat(4000) }] }));
  expect(error.code === "context_length_exceeded", error.code);
});
await call("error: not found", async () => {
  const error = await caught(OpenAI.NotFoundError, () => embed("a", { model: "another" }));
  await caught(OpenAI.NotFoundError, () => client.models.retrieve("another"));
  expect(error.code === "model_not_found", error.code);
});
await call("error: authentication", async () => {
  await caught(OpenAI.AuthenticationError, () => new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 }).models.list());
});
await call("abort", async () => {
  const stream = await ask({ stream: true, max_tokens: 200, n: 4, temperature: 1 });
  for await (const _ of stream) {
    stream.controller.abort();
    break;
  }
  return { next: expect(first(await ask({ max_tokens: 2 })).message.content, "no answer") };
});
