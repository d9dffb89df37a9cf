// What breaks for a client that was written against the last release: each breaking change is named.
//
// The last release's schema stands in `schema.released.graphql`. With every release it is written anew:
//
//   cp schema.graphql tests/clients/schema.released.graphql
//
// Where a change must break, that is done in the same commit as the change, and the commit says what breaks and why.
import { buildSchema, findBreakingChanges, findDangerousChanges, isInputObjectType } from 'graphql';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const RELEASED = 'schema.released.graphql';

export async function released(schema, _file, { here }) {
  const before = buildSchema(await readFile(join(here, '..', RELEASED), 'utf8'));
  const dangerous = findDangerousChanges(before, schema);
  // A client must expect them: enums and interfaces grow.
  if (dangerous.length > 0) console.log(`     new since the last release: ${dangerous.map(describe).join('; ')}`);
  return [...findBreakingChanges(before, schema), ...oneOfs(before, schema)]
    .map((change) => `breaking, against ${RELEASED}: ${describe(change)}`);
}

const describe = ({ type, description }) => `${type}: ${description}`;

// graphql-js does not compare these: an input of which all fields could be given, and now one only.
function oneOfs(before, after) {
  const inputs = Object.values(before.getTypeMap()).filter(isInputObjectType);
  const narrowed = inputs.filter(({ name, isOneOf }) => !isOneOf && after.getType(name)?.isOneOf);
  return narrowed.map(({ name }) => ({ type: 'ONE_OF_ADDED', description: `${name} takes exactly one of its fields.` }));
}
