// Talks to a server as any program with OpenAI's client would: `node client.mjs BASE_URL MODEL API_KEY`, one line of JSON for what it saw.
import OpenAI from "openai";

const [baseURL, model, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "system", content: "Be brief." }, { role: "user", content: "What is a fish?" }];

const caught = async (request) => {
  try {
    await request();
    return { class: "none" };
  } catch (error) {
    return { class: error.constructor.name, isApiError: error instanceof OpenAI.APIError, status: error.status, param: error.param, code: error.code, type: error.type };
  }
};

const seen = {};
seen.models = (await client.models.list()).data.map((item) => item.id);

// Without encoding_format the client asks for base64 and decodes it.
const embedded = await client.embeddings.create({ model, input: ["a fish", "a worm"] });
const plain = await client.embeddings.create({ model, input: ["a fish", "a worm"], encoding_format: "float" });
seen.embeddings = { vectors: embedded.data.map((item) => item.embedding), plain: plain.data.map((item) => item.embedding), usage: embedded.usage };

const chat = await client.chat.completions.create({ model, messages, max_tokens: 12 });
seen.chat = { content: chat.choices[0].message.content, finish: chat.choices[0].finish_reason, usage: chat.usage };

const stream = await client.chat.completions.create({ model, messages, max_tokens: 12, stream: true, stream_options: { include_usage: true } });
seen.stream = { pieces: [], finish: null, usage: null };
for await (const chunk of stream) {
  if (chunk.choices[0]?.delta.content) seen.stream.pieces.push(chunk.choices[0].delta.content);
  seen.stream.finish ??= chunk.choices[0]?.finish_reason ?? null;
  seen.stream.usage ??= chunk.usage ?? null;
}

const runner = client.chat.completions.stream({ model, messages, max_tokens: 12 });
seen.helper = (await runner.finalChatCompletion()).choices[0].message.content;

seen.badRequest = await caught(() => client.chat.completions.create({ model, messages, temperature: 9 }));
seen.notFound = await caught(() => client.embeddings.create({ model: "another", input: "a" }));
seen.unauthorized = await caught(() => new OpenAI({ baseURL, apiKey: "wrong", maxRetries: 0 }).models.list());
console.log(JSON.stringify(seen));
