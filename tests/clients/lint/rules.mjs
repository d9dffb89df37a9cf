// graphql-eslint: the rules that it recommends for a schema and those of Relay, with every description asked for.
import plugin from '@graphql-eslint/eslint-plugin';
import { ESLint } from 'eslint';
import { isInterfaceType, isObjectType } from 'graphql';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PREFIX = '@graphql-eslint/';

// What a rule says and we do not mend, with the reason. One that no longer fits is an error too.
const EXCUSED = {
  'Field "biller" starts with the name of the parent type "Bill"': 'a biller is a thing of its own, not a part of the word Bill',
};

export async function rules(schema, file, { scratch }) {
  const copy = join(scratch, file.name);
  await writeFile(copy, file.text);
  const eslint = new ESLint({ cwd: scratch, ignore: false, overrideConfigFile: true, overrideConfig: [config(schema, copy)] });
  const [{ messages }] = await eslint.lintFiles([copy]);
  const said = messages.map(({ message }) => message);
  const faults = messages.filter(({ message }) => !(message in EXCUSED));
  const unused = Object.keys(EXCUSED).filter((excused) => !said.includes(excused));
  return [
    ...faults.map((fault) => `${file.name}:${fault.line} ${(fault.ruleId ?? '').replace(PREFIX, '')}: ${oneLine(fault.message)}`),
    ...unused.map((excused) => `this exception is no longer needed: ${excused}`),
  ];
}

function config(schema, path) {
  const { configs, parser } = plugin;
  return {
    files: ['**/*.graphql'],
    languageOptions: { parser, parserOptions: { graphQLConfig: { schema: path } } },
    plugins: { '@graphql-eslint': plugin },
    rules: {
      ...configs['flat/schema-recommended'].rules,
      ...configs['flat/schema-relay'].rules,
      ...named({
        // Short lists of values, such as capabilities, are no pages.
        'relay-edge-types': ['error', { listTypeCanWrapOnlyEdgeType: false }],
        'strict-id-in-types': ['error', { exceptions: { types: withoutId(schema) } }],
        'require-description': ['error', { ...EVERYTHING, ignoredSelectors: ['DirectiveDefinition > InputValueDefinition'] }],
        'input-name': ['error', { checkInputType: true, caseSensitiveInputType: false }],
        'no-scalar-result-type-on-mutation': 'error',
        'require-nullable-fields-with-oneof': 'error',
      }),
    },
  };
}

const EVERYTHING = {
  types: true,
  rootField: true,
  DirectiveDefinition: true,
  FieldDefinition: true,
  InputValueDefinition: true,
  EnumValueDefinition: true,
};

// Only a Node has an id of its own; money, an error or a page has none.
function withoutId(schema) {
  const isNode = (type) => type.getInterfaces().some(({ name }) => name === 'Node');
  const objects = Object.values(schema.getTypeMap()).filter((type) => isObjectType(type) || isInterfaceType(type));
  return objects.filter((type) => !isNode(type)).map(({ name }) => name);
}

const named = (chosen) => Object.fromEntries(Object.entries(chosen).map(([rule, value]) => [PREFIX + rule, value]));
const oneLine = (text) => text.replace(/\s*\n\s*/g, ' ');
