// The errors of a payload, each with what the user can do about it.
import type { UserErrorFragment } from '../gql/graphql';
import { alertBox, h } from './dom';
import { amounts, CAPABILITY, money, sentence, STATUS } from './words';

/** What can be offered beside an error; what is left out is not offered. */
export interface Remedies {
  useAmount?(amount: string): void;
  watchPayment?(id: string): void;
  payAllTheSame?(): void;
}

/** All errors of an answer, to be read out. Fields that they name are marked. */
export function errorList(errors: readonly UserErrorFragment[], remedies: Remedies = {}): HTMLElement {
  for (const error of errors) markField(error);
  return alertBox(...errors.map((error) => h('div', { 'data-code': error.code, 'data-type': error.__typename }, ...one(error, remedies))));
}

/** Takes the marks of an earlier answer away. */
export function clearMarks(): void {
  for (const field of document.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid');
}

function one(error: UserErrorFragment, remedies: Remedies): (Node | null)[] {
  const message = h('p', {}, sentence(error.message));
  switch (error.__typename) {
    case 'AmountError': {
      const { allowed } = error;
      const least = allowed.minimum ?? allowed.maximum;
      return [
        h('p', {}, 'This biller does not take that. It takes ', h('strong', {}, amounts(allowed)), '.'),
        remedies.useAmount && least
          ? button(`Use ${money({ amount: least, currency: allowed.currency })}`, () => remedies.useAmount?.(least))
          : null,
      ];
    }
    case 'BeingPaidError': {
      const { payment } = error;
      return [
        h('p', {}, 'This is being paid already',
          payment ? `: ${money(payment.amount)}, ${STATUS[payment.status].title.toLowerCase()}.` : '.'),
        h('div', { class: 'actions' },
          payment && remedies.watchPayment
            ? button('Watch that payment', () => remedies.watchPayment?.(payment.id)) : null,
          remedies.payAllTheSame ? button('Pay this one as well', () => remedies.payAllTheSame?.()) : null),
      ];
    }
    case 'CapabilityError':
      return [h('p', {}, `This biller has no ${CAPABILITY[error.capability] ?? 'such service'}.`), message];
    case 'InputError':
    case 'OperationError':
      return [message];
    default: // a type that is newer than this page
      return [h('p', {}, sentence((error as { message: string }).message))];
  }
}

// `path` leads to the field: its last names are those of `data-path`.
function markField({ path }: UserErrorFragment): void {
  const where = path?.join('.') ?? '';
  for (const field of document.querySelectorAll<HTMLElement>('[data-path]')) {
    if (where.endsWith(field.dataset.path ?? '?')) field.setAttribute('aria-invalid', 'true');
  }
}

function button(text: string, act: () => void): HTMLButtonElement {
  return h('button', { type: 'button', click: act }, text);
}
