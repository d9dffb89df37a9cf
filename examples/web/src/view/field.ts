// Form fields, drawn from the rules that a biller gives with its `inputs`.
import type { BillerFragment, InputName } from '../gql/graphql';
import { h } from './dom';

export type InputRule = BillerFragment['inputs'][number];

// How each input is asked for, and where it stands in createPayment's input (errors name it by that path).
const KINDS: Record<InputName, { path: string; type: string; autocomplete?: string; inputmode?: string }> = {
  ACCOUNT_REFERENCE: { path: 'accountReference', type: 'text', inputmode: 'text' },
  SECOND_REFERENCE: { path: 'secondReference', type: 'text' },
  PAYER_NAME: { path: 'payer.name', type: 'text', autocomplete: 'name' },
  PAYER_PHONE: { path: 'payer.phoneNumber', type: 'tel', autocomplete: 'tel' },
  DESCRIPTION: { path: 'description', type: 'text' },
  DUE_DATE: { path: 'dueDate', type: 'date' },
  PROCESS_DATE: { path: 'processDate', type: 'date' },
  FUNDING_ACCOUNT: { path: 'fundingAccountId', type: 'text' },
};

/** The rule for an input of a biller, where it is used at all. */
export function ruleOf(biller: BillerFragment, input: InputName): InputRule | null {
  return biller.inputs.find((rule) => rule.input === input && rule.need !== 'UNUSED') ?? null;
}

/** A field with its label; the browser checks what the rule says. */
export function field(rule: InputRule, value = ''): HTMLElement {
  const kind = KINDS[rule.input];
  const control = h('input', {
    ...kind,
    path: null,
    id: rule.input,
    name: rule.input,
    'data-path': kind.path,
    value,
    required: rule.need === 'REQUIRED',
    pattern: rule.pattern,
    minlength: rule.minLength,
    maxlength: rule.maxLength,
    autocomplete: kind.autocomplete ?? 'off',
    'aria-describedby': rule.example ? `${rule.input}-example` : null,
  });
  return labelled(rule, control, rule.example && kind.type !== 'date' ? `For example ${rule.example}` : null);
}

/** A choice among a few, as a field. */
export function choice(rule: InputRule, options: { id: string; label: string }[]): HTMLElement {
  const control = h('select', { id: rule.input, name: rule.input, 'data-path': KINDS[rule.input].path, required: rule.need === 'REQUIRED' },
    ...options.map(({ id, label }) => h('option', { value: id }, label)));
  return labelled(rule, control, null);
}

function labelled(rule: InputRule, control: HTMLElement, hint: string | null): HTMLElement {
  return h('div', { class: 'field' },
    h('label', { for: rule.input }, rule.label, rule.need === 'OPTIONAL' ? h('span', { class: 'optional' }, ' (optional)') : null),
    control,
    hint ? h('p', { class: 'hint', id: `${rule.input}-example` }, hint) : null);
}
