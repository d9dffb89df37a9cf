// What a Relay app asks for: fragments, a page that is followed by its cursor, an object that is fetched again by its
// id, and a mutation. Only relay-compiler reads this file.
import { graphql } from 'relay-runtime';

export const payment = graphql`
  fragment Payments_payment on Payment @refetchable(queryName: "PaymentsRefetchQuery") {
    id
    status
    version
    amount { amount currency }
    biller { id name }
    failure { code message }
    allowedActions
  }
`;

export const list = graphql`
  fragment Payments_list on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }, filter: { type: "PaymentFilter" })
  @refetchable(queryName: "PaymentsPageQuery") {
    payments(first: $count, after: $cursor, filter: $filter) @connection(key: "Payments_payments") {
      edges { node { ...Payments_payment } }
    }
  }
`;

export const billers = graphql`
  query PaymentsBillersQuery($search: String, $count: Int = 20, $cursor: String) {
    billers(search: $search, first: $count, after: $cursor) @connection(key: "PaymentsBillersQuery_billers") {
      edges { node { id name inputs { input need label } provider { code } } }
    }
  }
`;

export const page = graphql`
  query PaymentsQuery($filter: PaymentFilter) {
    viewer { subject eventsHead }
    ...Payments_list @arguments(filter: $filter)
  }
`;

export const numbers = graphql`
  query PaymentsBillNumberQuery($id: ID!, $count: Int = 20, $cursor: String) {
    node(id: $id) {
      ... on BillNumber {
        accountReference
        payments(first: $count, after: $cursor) @connection(key: "PaymentsBillNumberQuery_payments") {
          edges { node { ...Payments_payment } }
        }
      }
    }
  }
`;

export const create = graphql`
  mutation PaymentsCreateMutation($input: CreatePaymentInput!, $connections: [ID!]!) {
    createPayment(input: $input) {
      payment @prependNode(connections: $connections, edgeTypeName: "PaymentEdge") { ...Payments_payment }
      errors {
        code
        message
        path
        ... on AmountError { allowed { kind minimum maximum } }
        ... on BeingPaidError { payment { id } }
        ... on CapabilityError { capability }
      }
    }
  }
`;

export const updates = graphql`
  subscription PaymentsSubscription($after: Sequence) {
    paymentsUpdated(after: $after) { sequence version status payment { ...Payments_payment } }
  }
`;
