// Rates of llama.cpp through node-llama-cpp: node llama.mjs MODEL.gguf TOKENS THREADS -> a line of JSON, tokens a second.
import { getLlama } from "node-llama-cpp";

const [file, tokens, threads] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });
const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
const words = "the river runs from the hills to the sea and past many towns where people live and work each day ".repeat(200);
const prompt = model.tokenize(words).slice(0, 2000);

const context = await model.createContext({ contextSize: 2048, sequences: 8, threads, batchSize: 512 });
const sequences = Array.from({ length: 8 }, () => context.getSequence());

async function write(sequence, start) {
  let count = 0;
  for await (const _ of sequence.evaluate(prompt.slice(start, start + 16), { temperature: 0, yieldEogToken: true }))
    if (++count === tokens) break;
  return count;
}

async function rate(work) {
  const start = performance.now();
  const count = await work();
  return count / ((performance.now() - start) / 1000);
}

await write(sequences[0], 0);
await sequences[0].clearHistory();
const one = await rate(() => write(sequences[0], 0));
await sequences[0].clearHistory();
const eight = await rate(async () =>
  (await Promise.all(sequences.map((sequence, index) => write(sequence, index)))).reduce((sum, count) => sum + count, 0));
await context.dispose();

const long = await model.createContext({ contextSize: 2304, sequences: 1, threads, batchSize: 512 });
const read = await rate(async () => {
  await long.getSequence().evaluateWithoutGeneratingNewTokens(prompt);
  return prompt.length;
});
console.log(JSON.stringify({ one, eight, prompt: read }));
process.exit(0);
