// Asks a server to order texts, in the shapes of three services whose clients send plain requests: `node rerank.mjs ORIGIN MODEL KEY`.
import { expect, key, model, origin, reporter } from "./report.mjs";

const call = reporter("fetch");
const documents = ["a fish swims", "a bird flies", "a stone lies"];
const post = async (path, body) => {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${key}` };
  const response = await fetch(`${origin}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
};
const isOrdered = (scores) => scores.every((score, index) => score >= 0 && score <= 1 && (index === 0 || scores[index - 1] >= score));

await call("rerank of Jina", async () => {
  const { status, body } = await post("/v1/rerank", { model, query: "what swims?", documents, top_n: 2, return_documents: true });
  expect(status === 200 && body.results.length === 2 && isOrdered(body.results.map((item) => item.relevance_score)), body);
  expect(body.results.every((item) => item.document.text === documents[item.index]), body);
});
await call("rerank of Cohere", async () => {
  const { status, body } = await post("/v2/rerank", { model, query: "what swims?", documents, max_tokens_per_doc: 4096 });
  expect(status === 200 && body.results.length === 3 && body.meta.api_version.version === "2", body);
});
await call("rerank of text-embeddings-inference", async () => {
  const { status, body } = await post("/rerank", { query: "what swims?", texts: documents, raw_scores: false, return_text: true });
  expect(status === 200 && body.length === 3 && isOrdered(body.map((item) => item.score)) && body.every((item) => item.text), body);
});
await call("error: bad request", async () => {
  const { status, body } = await post("/v1/rerank", { model, query: "what swims?" });
  expect(status === 400 && body.error.param === "documents", body);
});
