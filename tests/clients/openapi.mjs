// Checks the document of a server's routes, generates types from it and runs a program over them: `node openapi.mjs ORIGIN MODEL KEY`.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import SwaggerParser from "@apidevtools/swagger-parser";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";
import { expect, key, model, origin, reporter } from "./report.mjs";

const call = reporter("openapi-typescript + openapi-fetch");
const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(here, "generated-"));
const program = join(folder, "typed.ts");
try {
  let document;
  await call("document valid", async () => {
    const answer = await fetch(`${origin}/openapi.json`, { headers: { Authorization: `Bearer ${key}` } });
    document = await answer.json();
    await SwaggerParser.validate(structuredClone(document));
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(operations.every((operation) => operation.operationId && operation.responses.default), "an operation without id or errors");
    return { operations: operations.length };
  });
  await call("generated client compiles", async () => {
    writeFileSync(join(folder, "api.ts"), astToString(await openapiTS(document)));
    writeFileSync(program, readFileSync(join(here, "typed.ts")));
    const options = { strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext };
    const faults = ts.getPreEmitDiagnostics(ts.createProgram([program], options));
    expect(faults.length === 0, ts.formatDiagnostics(faults, { getCanonicalFileName: (name) => name, getCurrentDirectory: () => folder, getNewLine: () => "\n" }));
  });
  await call("generated client runs", async () => {
    const { outputText } = ts.transpileModule(readFileSync(program, "utf8"), { compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext } });
    writeFileSync(join(folder, "typed.mjs"), outputText);
    const { use } = await import(pathToFileURL(join(folder, "typed.mjs")).href);
    const seen = await use(origin, model, key);
    expect(seen.includes(model) && seen.at(-1) === "invalid_request_error", seen);
    return seen;
  });
} finally {
  rmSync(folder, { recursive: true });
}
