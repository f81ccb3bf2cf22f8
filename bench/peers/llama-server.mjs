// llama.cpp's batches behind the part of OpenAI's chats that the benchmark asks for: node llama-server.mjs MODEL.gguf PORT THREADS SEQUENCES
// Each sequence keeps what it read last, and goes on behind what the next chat has in common with it, as llama.cpp's own server does.
import { createServer } from "node:http";
import { getLlama } from "node-llama-cpp";

const [file, port, threads, count] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });
const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
const context = await model.createContext({ contextSize: 1024, sequences: count, threads, batchSize: 512 });
const free = Array.from({ length: count }, () => context.getSequence());
const waiting = [];

const take = () => free.length > 0 ? Promise.resolve(free.pop()) : new Promise(resolve => waiting.push(resolve));
const give = sequence => waiting.length > 0 ? waiting.shift()(sequence) : free.push(sequence);
const worded = messages => messages.map(({ role, content }) => `<|im_start|>${role}\n${content}<|im_end|>\n`).join("") + "<|im_start|>assistant\n";

async function answer({ messages, max_tokens: most }, response) {
  const send = event => response.write(`data: ${JSON.stringify(event)}\n\n`);
  const prompt = model.tokenize(worded(messages), true);
  const sequence = await take();
  try {
    response.writeHead(200, { "content-type": "text/event-stream" });
    await sequence.adaptStateToTokens(prompt.slice(0, -1));
    let written = 0;
    for await (const token of sequence.evaluate(prompt.slice(sequence.nextTokenIndex), { temperature: 0 })) {
      written++;
      send({ choices: [{ index: 0, delta: { content: model.detokenize([token]) } }] });
      if (written === most || response.destroyed) break;
    }
    send({ choices: [], usage: { prompt_tokens: prompt.length, completion_tokens: written } });
    response.end("data: [DONE]\n\n");
  } finally {
    give(sequence);
  }
}

createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  if (request.method === "POST") await answer(JSON.parse(body), response);
  else response.end("{}");
}).listen(port, "127.0.0.1");
