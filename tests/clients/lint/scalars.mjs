// How our scalars travel: each as a string.
export const SCALARS = {
  CountryCode: 'string',
  CurrencyCode: 'string',
  Date: 'string',
  DateTime: 'string',
  Decimal: 'string',
  PhoneNumber: 'string',
  Sequence: 'string',
  URL: 'string',
};
