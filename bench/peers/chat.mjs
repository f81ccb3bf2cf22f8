// Chats with a GGUF file through node-llama-cpp: SYSTEM="the template's own words" node chat.mjs MODEL.gguf QUESTION...
import { getLlama, LlamaChatSession } from "node-llama-cpp";
const [file, ...questions] = process.argv.slice(2);
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error" });
const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
const context = await model.createContext({ contextSize: 1024, sequences: 1, threads: 2 });
for (const question of questions) {
  const sequence = context.getSequence();
  const session = new LlamaChatSession({ contextSequence: sequence, systemPrompt: process.env.SYSTEM });
  const answer = await session.prompt(question, { temperature: 0, maxTokens: 60 });
  console.log(question, "=>", answer.replaceAll("\n", " "));
  session.dispose(); sequence.dispose();
}
process.exit(0);
