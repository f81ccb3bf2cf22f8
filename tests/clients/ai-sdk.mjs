// Calls a server by the AI SDK's client of OpenAI-compatible services: `node ai-sdk.mjs ORIGIN MODEL KEY`.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embed, embedMany, generateObject, generateText, jsonSchema, stepCountIs, streamObject, streamText, tool } from "ai";
import { z } from "zod";
import { baseURL, caught, chat, expect, key, model, ofSchema, question, reporter, schema } from "./report.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;
const provider = (apiKey) => createOpenAICompatible({ name: "kalm", baseURL, apiKey, includeUsage: true, supportsStructuredOutputs: true });
const kalm = provider(key);
const call = reporter("ai + @ai-sdk/openai-compatible");
const [system, prompt] = [chat[0].content, chat[1].content];
const ask = (fields) => generateText({ model: kalm.chatModel(model), system, prompt, maxOutputTokens: 12, maxRetries: 0, ...fields });
const animal = z.object({ kind: z.enum(["fish", "bird"]), legs: z.int().min(0).max(8) });
const tools = (execute) => ({ animal: tool({ description: "tells of an animal", inputSchema: jsonSchema(schema), execute }) });

let text;
await call("chat", async () => {
  const answer = await ask();
  text = answer.text;
  expect(text.length > 0 && answer.usage.outputTokens > 0, answer.usage);
  return { text, finish: answer.finishReason };
});
await call("chat stream", async () => {
  const result = streamText({ model: kalm.chatModel(model), system, prompt, maxOutputTokens: 12, maxRetries: 0 });
  const pieces = [];
  for await (const piece of result.textStream) pieces.push(piece);
  expect(pieces.join("") === text && (await result.usage).outputTokens > 0, { pieces, text });
  return { pieces: pieces.length };
});
await call("sampling fields", async () => {
  return { text: expect((await ask({ temperature: 0.7, topP: 0.9, seed: 3, frequencyPenalty: 0.5, presencePenalty: 0.5, stopSequences: ["zqx"] })).text, "nothing") };
});
await call("json_object", async () => {
  const loose = createOpenAICompatible({ name: "kalm", baseURL, apiKey: key, fetch: async (url, init) => {
    expect(JSON.parse(init.body).response_format.type === "json_object", init.body);
    return fetch(url, init);
  } });
  const error = await generateObject({ model: loose.chatModel(model), prompt, output: "no-schema", maxOutputTokens: 150, maxRetries: 0 }).then(() => null, (found) => found);
  // A model may not end its object within the tokens that are asked for; what there is of it is told.
  if (error) expect(error.finishReason === "length" && error.text.trimStart().startsWith("{"), { message: error.message, text: error.text });
});
await call("json_schema", async () => {
  const { object } = await generateObject({ model: kalm.chatModel(model), prompt, schema: animal, maxOutputTokens: 150, maxRetries: 0 });
  return ofSchema(object);
});
await call("json_schema stream", async () => {
  const result = streamObject({ model: kalm.chatModel(model), prompt, schema: animal, maxOutputTokens: 150, maxRetries: 0 });
  for await (const _ of result.partialObjectStream);
  return ofSchema(await result.object);
});
await call("tools required", async () => {
  const answer = await ask({ tools: tools(() => "no legs"), toolChoice: "required", maxOutputTokens: 150 });
  expect(answer.toolResults.length > 0, answer.toolCalls);
  return ofSchema(answer.toolCalls[0].input);
});
await call("tools named", async () => {
  const answer = await ask({ tools: tools(), toolChoice: { type: "tool", toolName: "animal" }, maxOutputTokens: 150 });
  return ofSchema(answer.toolCalls[0].input);
});
await call("tools auto with history", async () => {
  const before = await ask({ tools: tools(() => "no legs"), toolChoice: "required", maxOutputTokens: 150 });
  const messages = [{ role: "user", content: question }, ...before.response.messages];
  const answer = await ask({ prompt: undefined, messages, tools: tools(() => "no legs"), stopWhen: stepCountIs(2) });
  return { finish: expect(answer.finishReason, "none") };
});
await call("tools stream", async () => {
  const result = streamText({ model: kalm.chatModel(model), prompt, tools: tools(), toolChoice: "required", maxOutputTokens: 150, maxRetries: 0 });
  return ofSchema((await result.toolCalls)[0].input);
});
await call("embeddings one", async () => {
  const { embedding } = await embed({ model: kalm.embeddingModel(model), value: "a fish", maxRetries: 0 });
  return { width: expect(embedding.length, embedding) };
});
await call("embeddings many", async () => {
  const { embeddings } = await embedMany({ model: kalm.embeddingModel(model), values: Array.from({ length: 40 }, (_, index) => `fish ${index}`), maxRetries: 0 });
  expect(embeddings.length === 40, embeddings.length);
});
await call("completions", async () => {
  const answer = await generateText({ model: kalm.completionModel(model), prompt: "A fish is", maxOutputTokens: 6, maxRetries: 0 });
  return { text: expect(answer.text, "nothing") };
});
await call("error: bad request", async () => {
  const error = await caught(APICallError, () => ask({ temperature: 9 }));
  expect(error.statusCode === 400 && error.data.error.param === "temperature", error.data);
});
await call("error: not found", async () => {
  const error = await caught(APICallError, () => ask({ model: kalm.chatModel("another") }));
  expect(error.statusCode === 404, error.statusCode);
});
await call("error: authentication", async () => {
  const error = await caught(APICallError, () => ask({ model: provider("wrong").chatModel(model) }));
  expect(error.statusCode === 401, error.statusCode);
});
await call("abort", async () => {
  const leaving = new AbortController();
  const result = streamText({ model: kalm.chatModel(model), prompt, maxOutputTokens: 200, maxRetries: 0, abortSignal: leaving.signal, onError: () => {} });
  for await (const _ of result.fullStream) leaving.abort();
  return { next: expect((await ask({ maxOutputTokens: 2 })).finishReason, "no answer") };
});
