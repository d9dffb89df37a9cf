// What this page asks of billpay. `npm run generate` reads these and writes their types into src/gql.
import { graphql } from '../gql';

export const Billers = graphql(`
  query Billers($search: String) {
    billers(search: $search, filter: { active: true, capability: PAY }, first: 30) {
      nodes { ...Biller }
      pageInfo { hasNextPage }
    }
  }
`);

export const BillerFields = graphql(`
  fragment Biller on Biller {
    id
    name
    categoryName
    country
    currency
    amountRule { ...AmountRule }
    inputs { input need label pattern minLength maxLength example }
    provider { id name sandbox }
  }
`);

export const AmountRuleFields = graphql(`
  fragment AmountRule on AmountRule { kind minimum maximum step currency }
`);

export const MoneyFields = graphql(`
  fragment Money on Money { amount currency }
`);

export const LookUp = graphql(`
  query LookUp($billerId: ID!, $accountReference: String) {
    billLookup(billerId: $billerId, accountReference: $accountReference) {
      customerName
      accountActive
      amountDue { ...Money }
      dueDate
      bills {
        id
        invoiceNumber
        description
        dueDate
        amountDue { ...Money }
        amountRule { ...AmountRule }
      }
      errors { ...UserError }
    }
  }
`);

export const FundingAccounts = graphql(`
  query FundingAccounts($providerId: ID!) {
    fundingAccounts(providerId: $providerId) { id label active }
  }
`);

export const Pay = graphql(`
  mutation Pay($input: CreatePaymentInput!) {
    createPayment(input: $input) {
      replayed
      payment { id }
      errors { ...UserError }
    }
  }
`);

// Errors that a page can do something about have their own types; `__typename` tells them apart.
export const UserErrorFields = graphql(`
  fragment UserError on UserError {
    __typename
    code
    message
    path
    ... on AmountError { allowed { ...AmountRule } }
    ... on BeingPaidError { payment { id status amount { ...Money } createdAt } }
    ... on CapabilityError { capability }
  }
`);

export const PaymentFields = graphql(`
  fragment Payment on Payment {
    id
    status
    version
    amount { ...Money }
    biller { name }
    accountReference
    accountHolderName
    failure { code message }
    receipt { number providerReference token }
  }
`);

// `sequence` is where to resume, `version` proves that nothing is missing.
export const PaymentUpdated = graphql(`
  subscription PaymentUpdated($id: ID!, $after: Sequence) {
    paymentUpdated(id: $id, after: $after) {
      sequence
      version
      status
      at
      reason
      payment { ...Payment }
    }
  }
`);

export const PaymentNow = graphql(`
  query PaymentNow($id: ID!) {
    payment(by: { id: $id }) { ...Payment }
  }
`);

export const Head = graphql(`
  query Head {
    viewer { eventsHead }
  }
`);
