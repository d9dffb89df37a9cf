// graphql-codegen: its client preset makes TypeScript of the schema and of an app's operations, and what an app then
// writes against it passes the type checker in its strictest mode.
import { preset } from '@graphql-codegen/client-preset';
import { codegen } from '@graphql-codegen/core';
import { parse } from 'graphql';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { SCALARS } from './scalars.mjs';

export async function codegenAccepts(schema, file, { here, scratch }) {
  const folder = join(scratch, 'codegen');
  await mkdir(join(folder, 'gql'), { recursive: true });
  try {
    await make(schema, file, await readFile(join(here, 'operations.graphql'), 'utf8'), folder);
  } catch (cause) {
    return [`graphql-codegen: ${cause.stack ?? cause}`];
  }
  await cp(join(here, 'app.ts'), join(folder, 'app.ts'));
  return typeFaults(join(folder, 'app.ts'));
}

async function make(schema, file, operations, folder) {
  const outputs = await preset.buildGeneratesSection({
    baseOutputDir: `${join(folder, 'gql')}/`,
    config: { scalars: SCALARS, strictScalars: true, useTypeImports: true, enumsAsTypes: true },
    documents: [{ location: 'operations.graphql', document: parse(operations), rawSDL: operations }],
    pluginMap: {},
    plugins: [],
    presetConfig: {},
    schema: parse(file.text),
    schemaAst: schema,
  });
  for (const output of outputs) {
    await mkdir(dirname(output.filename), { recursive: true });
    await writeFile(output.filename, await codegen(output));
  }
}

function typeFaults(entry) {
  const program = ts.createProgram([entry], {
    strict: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  });
  return ts.getPreEmitDiagnostics(program).map((found) => {
    const text = ts.flattenDiagnosticMessageText(found.messageText, ' ');
    const line = found.file ? found.file.getLineAndCharacterOfPosition(found.start).line + 1 : 0;
    return `type checker: ${found.file?.fileName ?? ''}:${line} ${text}`;
  });
}
