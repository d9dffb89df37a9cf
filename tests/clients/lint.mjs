// Judges schema.graphql with the tools of others: graphql-eslint, relay-compiler, graphql-codegen, and what breaks
// against the last release.
//
//   node lint.mjs [../../schema.graphql]
//
// Prints one line a tool, each fault below its own; ends with 0 only if none has one. Needs no server.
import { buildSchema } from 'graphql';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codegenAccepts } from './lint/codegen.mjs';
import { relay } from './lint/relay.mjs';
import { released } from './lint/released.mjs';
import { rules } from './lint/rules.mjs';

const TOOLS = { 'graphql-eslint': rules, 'relay-compiler': relay, 'graphql-codegen': codegenAccepts, 'last release': released };

const top = fileURLToPath(new URL('.', import.meta.url));
const path = resolve(process.argv[2] ?? join(top, '../../schema.graphql'));
const file = { name: basename(path), text: readFileSync(path, 'utf8') };
const schema = buildSchema(file.text);
// Below node_modules, so that what is made there finds its types, and git does not see it.
const cache = join(top, 'node_modules/.cache');
mkdirSync(cache, { recursive: true });
const scratch = mkdtempSync(join(cache, 'lint-'));

let failed = 0;
try {
  for (const [name, judge] of Object.entries(TOOLS)) {
    const from = Date.now();
    const faults = await judge(schema, file, { here: join(top, 'lint'), scratch });
    failed += faults.length === 0 ? 0 : 1;
    console.log(`${faults.length === 0 ? 'ok  ' : 'FAIL'} ${name} (${Date.now() - from} ms)`);
    for (const fault of faults) console.log(`     ${fault}`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
const tools = Object.keys(TOOLS).length;
console.log(`${tools - failed} of ${tools} tools accept ${file.name}`);
process.exitCode = failed === 0 ? 0 : 1;
