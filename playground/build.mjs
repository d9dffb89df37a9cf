// Puts the playground's files together in `dist/`: our own, and those of the pinned packages as
// they are, each with a pre-compressed `.gz` beside it. No bundler: copying takes a moment.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, 'src');
const modules = join(here, 'node_modules');
const dist = join(here, 'dist');
const building = join(here, `dist.${process.pid}.tmp`);

const vendored = {
  'react.js': 'react/umd/react.production.min.js',
  'react-dom.js': 'react-dom/umd/react-dom.production.min.js',
  'graphiql.js': 'graphiql/graphiql.min.js',
  'graphiql.css': 'graphiql/graphiql.min.css',
  'explorer.js': '@graphiql/plugin-explorer/dist/index.umd.js',
  'explorer.css': '@graphiql/plugin-explorer/dist/style.css',
  'graphql-ws.js': 'graphql-ws/umd/graphql-ws.min.js',
};
const licensed = ['react', 'react-dom', 'graphiql', '@graphiql/plugin-explorer', 'graphiql-explorer', 'graphql-ws', 'graphql'];

// A source map is not shipped, so the line that names one would only cause a failing request.
const withoutSourceMap = (text) => text.replace(/\n?(\/\/|\/\*)# sourceMappingURL=[^\n]*\s*$/, '\n');

function vendor() {
  return Object.entries(vendored).map(([name, path]) => {
    const from = join(modules, path);
    if (!existsSync(from)) throw new Error(`${from} is missing: run npm ci in ${here} first`);
    return [name, withoutSourceMap(readFileSync(from, 'utf8'))];
  });
}

function licences() {
  const found = licensed.flatMap((name) => {
    const folder = [join(modules, name), join(modules, '@graphiql/plugin-explorer/node_modules', name)].find(existsSync);
    const file = folder && readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const { version, license } = folder ? JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) : {};
    const text = file ? readFileSync(join(folder, file), 'utf8') : `License: ${license ?? 'see its package'}`;
    return folder ? [`${name} ${version}\n\n${text.trim()}\n`] : [];
  });
  return found.join(`\n${'-'.repeat(80)}\n\n`);
}

function operations() {
  const folder = join(source, 'operations');
  const files = readdirSync(folder).filter((name) => name.endsWith('.graphql')).sort();
  const list = files.map((name) => ({
    name: name.slice(0, -'.graphql'.length),
    query: readFileSync(join(folder, name), 'utf8'),
  }));
  return `window.billpayOperations = ${JSON.stringify(list, null, 1)};\n`;
}

// `?v=` of a file's content lets the server mark it immutable.
function withVersions(html, files) {
  return html.replace(/"\/playground\/([\w.-]+)"/g, (_, name) => {
    if (!files.has(name)) throw new Error(`index.html names ${name}, which is not built`);
    const version = createHash('sha256').update(files.get(name)).digest('hex').slice(0, 12);
    return `"/playground/${name}?v=${version}"`;
  });
}

function build() {
  const files = new Map(vendor());
  for (const name of ['app.js', 'app.css', 'favicon.svg']) files.set(name, readFileSync(join(source, name), 'utf8'));
  files.set('operations.js', operations());
  files.set('licences.txt', licences());
  files.set('index.html', withVersions(readFileSync(join(source, 'index.html'), 'utf8'), files));

  rmSync(building, { recursive: true, force: true });
  mkdirSync(building);
  for (const [name, text] of files) {
    const bytes = Buffer.from(text);
    writeFileSync(join(building, name), bytes);
    writeFileSync(join(building, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  }
  rmSync(dist, { recursive: true, force: true });
  renameSync(building, dist);
  const size = [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  console.log(`playground: ${files.size} files, ${(size / 1e6).toFixed(1)} MB, in ${dist}`);
}

build();
