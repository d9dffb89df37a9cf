// relay-compiler: it accepts the schema, and a small app's fragments, pages and edges over it.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SCALARS } from './scalars.mjs';

const run = promisify(execFile);

// What it must make of the app: one artifact an operation and a fragment.
const ARTIFACTS = 9;

export async function relay(_schema, file, { here }) {
  // Not below node_modules, where it would look for no sources.
  const folder = await mkdtemp(join(tmpdir(), 'billpay-relay-'));
  try {
    await prepare(folder, file, here);
    await run(createRequire(import.meta.url)('relay-compiler'), ['--noWatchman', 'relay.config.json'], { cwd: folder });
    const made = await readdir(join(folder, 'made'));
    return made.length === ARTIFACTS ? [] : [`relay-compiler made ${made.length} artifacts, not ${ARTIFACTS}: ${made}`];
  } catch (cause) {
    return [`relay-compiler: ${cause.stderr || cause.stdout || cause.message}`];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepare(folder, file, here) {
  await mkdir(join(folder, 'made'));
  await cp(join(here, 'relay'), join(folder, 'src'), { recursive: true });
  await writeFile(join(folder, 'schema.graphql'), file.text);
  await writeFile(join(folder, 'relay.config.json'), JSON.stringify({
    src: 'src',
    schema: 'schema.graphql',
    artifactDirectory: 'made',
    language: 'typescript',
    customScalarTypes: SCALARS,
    schemaConfig: { requireCustomScalarTypes: true, nonNodeIdFields: { allowedIdTypes: {} } },
  }));
}
