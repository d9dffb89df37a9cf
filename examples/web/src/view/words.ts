// What billpay's values are called on this page.
import type { AmountRuleFragment, BillerFragment, Capability, MoneyFragment, PaymentStatus } from '../gql/graphql';

export type Tone = 'moving' | 'good' | 'bad' | 'care';

/** Every status: what it is called, what it means for the payer, and how it looks. A new one fails the build. */
export const STATUS: Record<PaymentStatus, { title: string; meaning: string; tone: Tone }> = {
  SCHEDULED: { title: 'Scheduled', meaning: 'It is paid on its day. No money has moved.', tone: 'moving' },
  READY: { title: 'Recorded', meaning: 'It is sent to the biller in a moment.', tone: 'moving' },
  SUBMITTING: { title: 'Being sent', meaning: 'The provider is being told to pay.', tone: 'moving' },
  PENDING: { title: 'On its way', meaning: 'The provider has it and works on it. You need not wait here.', tone: 'moving' },
  UNKNOWN: { title: 'Being checked', meaning: 'No clear answer came yet. It is being found out: do not pay again.', tone: 'care' },
  NEEDS_REVIEW: { title: 'With a person', meaning: 'Somebody is looking into it: do not pay again.', tone: 'care' },
  SUCCEEDED: { title: 'Paid', meaning: 'The biller has been paid.', tone: 'good' },
  FAILED: { title: 'Not paid', meaning: 'It was not paid, and no money has moved.', tone: 'bad' },
  CANCELLED: { title: 'Called off', meaning: 'It was called off, and no money has moved.', tone: 'bad' },
  REVERSED: { title: 'Taken back', meaning: 'It was paid, and the provider took it back.', tone: 'care' },
};

/** What is missing, in the sentence "This biller has no …". */
export const CAPABILITY: Record<Capability, string> = {
  BULK: 'payment of several bills at once',
  CALLBACK: 'news of its own accord',
  CANCEL: 'cancellation',
  COMBINE: 'combining of bills',
  CONTROL_NUMBER: 'control numbers',
  FASTER: 'faster delivery',
  LOOK_UP: 'look-up of what is owed',
  PAY: 'payment',
  SAVE_BILL_NUMBER: 'saving of account numbers',
  SCHEDULE: 'payment on a later day',
  STATUS: 'answer to how a payment went',
  VALIDATE: 'check of an account',
  VOID: 'taking back of payments',
};

/** An amount as the reader writes it. Its digits are the server's: a string all the way, and never rounded. */
export function money({ amount, currency }: MoneyFragment): string {
  const format = new Intl.NumberFormat(undefined, { style: 'currency', currency, currencyDisplay: 'code' });
  return format.format(amount as `${number}`);
}

/** Which amounts are taken. */
export function amounts({ kind, minimum, maximum, step, currency }: AmountRuleFragment): string {
  const show = (amount: string | null | undefined) => (amount ? money({ amount, currency }) : '');
  const steps = step ? `, in steps of ${show(step)}` : '';
  switch (kind) {
    case 'ANY': return `any amount in ${currency}${steps}`;
    case 'AT_LEAST': return `${show(minimum)} or more${steps}`;
    case 'UP_TO': return `up to ${show(maximum)}${steps}`;
    case 'RANGE': return `${show(minimum)} to ${show(maximum)}${steps}`;
    case 'EXACT': return `${show(minimum)} exactly`;
  }
}

/** Where a biller is and what it is. */
export function about({ categoryName, country }: BillerFragment): string {
  const name = new Intl.DisplayNames(undefined, { type: 'region' }).of(country) ?? country;
  return `${capital(categoryName.toLowerCase())} · ${name}`;
}

/** A calendar day, as it is in the biller's time zone. */
export function day(date: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(date));
}

/** A moment's time of day, here. */
export function time(moment: string): string {
  return new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' }).format(new Date(moment));
}

/** A message of the server as a sentence: it may begin in lower case, and end without a stop. */
export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? capital(text) : `${capital(text)}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
