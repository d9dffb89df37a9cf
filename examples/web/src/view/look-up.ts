// Step 2: whose account it is and what it owes.
import { client } from '../api/client';
import { LookUp } from '../api/operations';
import { inWords } from '../api/trouble';
import type { BillerFragment, LookUpQuery } from '../gql/graphql';
import { alertBox, h, showStep } from './dom';
import { clearMarks, errorList } from './errors';
import { field, ruleOf } from './field';
import { about } from './words';

export interface Found {
  readonly account: string | null;
  readonly bill: LookUpQuery['billLookup'];
}

/** What the biller says of an account; null where the user goes back. A biller without accounts is asked at once. */
export function lookUp(biller: BillerFragment): Promise<Found | null> {
  return new Promise((done) => {
    const rule = ruleOf(biller, 'ACCOUNT_REFERENCE');
    const trouble = h('div');
    const ask = h('button', { class: 'primary' }, 'Look up');
    const form = h('form', { submit: (event) => { event.preventDefault(); void find(); } },
      rule ? field(rule) : h('p', {}, 'This biller lists its open bills.'),
      trouble,
      h('div', { class: 'actions' }, ask, h('button', { type: 'button', click: () => done(null) }, 'Back')));

    async function find() {
      const account = rule ? String(new FormData(form).get(rule.input)).trim() : null;
      clearMarks();
      trouble.replaceChildren();
      ask.toggleAttribute('aria-busy', true);
      const { data, error } = await client.query(LookUp, { billerId: biller.id, accountReference: account });
      ask.removeAttribute('aria-busy');
      if (!data) trouble.replaceChildren(alertBox(error ? inWords(error) : 'No answer came.'));
      else if (data.billLookup.errors.length > 0) trouble.replaceChildren(errorList(data.billLookup.errors));
      else done({ account, bill: data.billLookup });
    }

    showStep(biller.name, h('p', { class: 'hint' }, about(biller)), form);
    form.querySelector('input')?.focus();
  });
}
