// A program over the types that are generated from the server's document; checked by TypeScript, then run.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

export async function use(baseUrl: string, model: string, key: string): Promise<string[]> {
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
  const listed = await client.GET("/v1/models");
  if (!listed.data) throw new Error(listed.error.error.message);
  const names: string[] = listed.data.data.map((item) => item.id);

  const entities = await client.GET("/v1/entities", { params: { query: { limit: 1 } } });
  const entity = entities.data?.entities[0];
  if (!entity?.id) throw new Error("found no entity");
  const found = await client.GET("/v1/entities/{id}", { params: { path: { id: entity.id }, query: { predict: 0 } } });
  if (found.data?.id !== entity.id) throw new Error("found another entity");

  const chat = await client.POST("/v1/chat/completions", { body: { model, messages: [{ role: "user", content: "hi" }], max_tokens: 2 } });
  const tokens: number | undefined = chat.data?.usage?.completion_tokens;
  if (!tokens) throw new Error("found no tokens");
  const chunk: components["schemas"]["ChatChunk"] | null = null;
  const refused = await client.POST("/v1/complete", { body: { head: entity.id } });
  const fault: components["schemas"]["ErrorBody"] | undefined = refused.error;
  return [...names, `${tokens}`, `${chunk}`, fault?.error.type ?? ""];
}
