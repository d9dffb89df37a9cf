// Step 3: how much, and what else the biller needs. Then it is paid; what can be corrected is corrected here.
import { client } from '../api/client';
import { begin } from '../api/intention';
import { FundingAccounts } from '../api/operations';
import type { BillerFragment, CreatePaymentInput, InputName } from '../gql/graphql';
import { alertBox, facts, h, showStep } from './dom';
import { clearMarks, errorList, type Remedies } from './errors';
import { choice, field, ruleOf } from './field';
import type { Found } from './look-up';
import { send } from './send';
import { amounts, day, money, sentence } from './words';

type Bill = Found['bill']['bills'][number];

/** Digits, and at most one point: the form of a Decimal. Which amounts are taken, the server decides. */
const DECIMAL = '[0-9]+(\\.[0-9]+)?';
const ALSO_ASKED: InputName[] = ['SECOND_REFERENCE', 'PAYER_NAME', 'PAYER_PHONE', 'DESCRIPTION', 'DUE_DATE', 'PROCESS_DATE'];

/** The id of the payment that was made; null where the user goes back. */
export async function askToPay(biller: BillerFragment, { account, bill }: Found): Promise<string | null> {
  const funding = ruleOf(biller, 'FUNDING_ACCOUNT');
  const accounts = funding ? await fundingAccounts(biller) : [];
  return new Promise((done) => {
    // A biller without account references is paid bill by bill.
    const bills = account === null ? bill.bills : [];
    const nothingOpen = account === null && bills.length === 0;
    const fields = h('fieldset', {},
      bills.length > 0 && billChoice(bills, () => fill(form, bills)),
      amountField(biller, bill.amountDue?.amount ?? ''),
      ...ALSO_ASKED.map((input) => ruleOf(biller, input)).map((rule) =>
        rule && field(rule, rule.input === 'DUE_DATE' ? (bill.dueDate ?? '') : '')),
      funding && choice(funding, accounts),
      h('div', { class: 'actions' },
        !nothingOpen && h('button', { class: 'primary' }, 'Pay'),
        h('button', { type: 'button', click: () => done(null) }, 'Back')));
    const place = h('div');
    const form = h('form', { submit: (event) => { event.preventDefault(); void pay(false); } }, place, fields);

    // While it is not known what became of it, nothing can be changed or pressed again.
    async function pay(evenIfBeingPaid: boolean) {
      const intention = begin({ ...inputOf(biller, account, form), evenIfBeingPaid });
      clearMarks();
      fields.disabled = true;
      const sent = await send(intention, place);
      fields.disabled = false;
      if ('paymentId' in sent) return done(sent.paymentId);
      const said = 'errors' in sent ? errorList(sent.errors, remedies) : alertBox(sentence(sent.why));
      place.replaceChildren(said);
      said.focus();
    }
    const remedies: Remedies = {
      useAmount(amount) {
        const control = form.querySelector<HTMLInputElement>('#amount');
        if (control) control.value = amount;
        control?.focus();
      },
      watchPayment: done,
      payAllTheSame: () => void pay(true),
    };

    showStep(`Pay ${biller.name}`,
      facts(
        ['Account', account],
        ['In the name of', bill.customerName ?? null],
        ['Owed', bill.amountDue ? money(bill.amountDue) : 'The biller does not say'],
        ['Due', bill.dueDate ? day(bill.dueDate) : null],
      ),
      bill.accountActive === false && h('p', { class: 'notice' }, 'The biller says that this account is not active.'),
      nothingOpen && h('p', { class: 'notice' }, 'There is no open bill.'),
      biller.provider.sandbox && h('p', { class: 'hint' }, 'A sandbox: no money moves.'),
      form);
    fill(form, bills);
  });
}

async function fundingAccounts(biller: BillerFragment) {
  const { data } = await client.query(FundingAccounts, { providerId: biller.provider.id });
  return (data?.fundingAccounts ?? []).filter(({ active }) => active);
}

function amountField(biller: BillerFragment, due: string): HTMLElement {
  const owesNothing = Number(due) === 0;
  return h('div', { class: 'field' },
    h('label', { for: 'amount' }, `Amount in ${biller.currency}`),
    h('input', { id: 'amount', name: 'amount', 'data-path': 'amount.amount', inputmode: 'decimal', required: true, pattern: DECIMAL,
      value: owesNothing ? '' : due, autocomplete: 'off', 'aria-describedby': 'amount-rule' }),
    h('p', { class: 'hint', id: 'amount-rule' }, `This biller takes ${amounts(biller.amountRule)}.`));
}

function billChoice(bills: readonly Bill[], chosen: () => void): HTMLElement {
  return h('fieldset', { class: 'bills' }, h('legend', {}, 'Which bill?'),
    ...bills.map((one, n) => h('label', {},
      h('input', { type: 'radio', name: 'bill', value: one.id, checked: n === 0, required: true, change: chosen }),
      h('span', {}, one.invoiceNumber ?? one.description ?? 'A bill', one.dueDate ? h('span', { class: 'hint' }, ` due ${day(one.dueDate)}`) : null),
      h('span', { class: 'amount' }, money(one.amountDue)))));
}

function fill(form: HTMLFormElement, bills: readonly Bill[]): void {
  const chosen = bills.find(({ id }) => id === new FormData(form).get('bill'));
  const amount = form.querySelector<HTMLInputElement>('#amount');
  const rule = form.querySelector('#amount-rule');
  if (!chosen || !amount || !rule) return;
  amount.value = chosen.amountDue.amount;
  rule.textContent = `This bill takes ${amounts(chosen.amountRule)}.`;
}

function inputOf(biller: BillerFragment, account: string | null, form: HTMLFormElement): Omit<CreatePaymentInput, 'idempotencyKey'> {
  const given = new FormData(form);
  const text = (name: InputName | 'amount' | 'bill') => String(given.get(name) ?? '').trim() || null;
  return {
    target: account === null
      ? { billId: text('bill') ?? '' }
      : { account: { billerId: biller.id, accountReference: account, secondReference: text('SECOND_REFERENCE') } },
    amount: { amount: text('amount') ?? '', currency: biller.currency },
    payer: { name: text('PAYER_NAME'), phoneNumber: text('PAYER_PHONE') },
    description: text('DESCRIPTION'),
    dueDate: text('DUE_DATE'),
    processDate: text('PROCESS_DATE'),
    fundingAccountId: text('FUNDING_ACCOUNT'),
    // Answered as soon as the payment is recorded; its events tell the rest, live.
    wait: 'RECORDED',
  };
}
