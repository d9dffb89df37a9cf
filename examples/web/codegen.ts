import type { CodegenConfig } from '@graphql-codegen/cli';

// Types from the schema that the server exports: `../../schema.graphql` here, your own copy in your app.
const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: ['src/**/*.ts', '!src/gql/**'],
  generates: {
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        // A scalar that is not listed fails the build. All travel as strings: money never becomes a float.
        strictScalars: true,
        scalars: {
          CountryCode: 'string',
          CurrencyCode: 'string',
          Date: 'string',
          DateTime: 'string',
          Decimal: 'string',
          PhoneNumber: 'string',
          Sequence: 'string',
          URL: 'string',
        },
        enumsAsTypes: true,
        useTypeImports: true,
      },
    },
  },
};

export default config;
