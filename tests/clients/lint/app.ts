// An app that uses what graphql-codegen made: it must pass the type checker in its strictest mode.
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
import { useFragment } from './gql/fragment-masking';
import { ErrorPartsFragmentDoc, PayDocument, PaymentPartsFragmentDoc, WatchDocument } from './gql/graphql';
import type { CreatePaymentInput, PayMutation, PayMutationVariables, WatchSubscription } from './gql/graphql';

declare function run<Result, Variables>(
  document: DocumentTypeDecoration<Result, Variables>,
  variables: Variables,
): Promise<Result>;

const input: CreatePaymentInput = {
  idempotencyKey: 'a-key',
  target: { account: { billerId: 'blr_1', accountReference: '2222222' } },
  amount: { amount: '15', currency: 'KES' },
};
const variables: PayMutationVariables = { input };

export async function pay(): Promise<string> {
  const { createPayment }: PayMutation = await run(PayDocument, variables);
  const [error] = useFragment(ErrorPartsFragmentDoc, createPayment.errors);
  if (error?.__typename === 'AmountError') return `at least ${error.allowed.minimum ?? 'something'}`;
  if (error?.__typename === 'BeingPaidError') return error.payment?.id ?? 'somebody pays it';
  if (error) return error.message;
  const payment = useFragment(PaymentPartsFragmentDoc, createPayment.payment);
  return payment ? `${payment.amount.amount} ${payment.amount.currency} to ${payment.biller.name}` : 'nothing';
}

export async function follow(after: string): Promise<string> {
  const event: WatchSubscription = await run(WatchDocument, { after });
  return event.paymentsUpdated.sequence;
}
