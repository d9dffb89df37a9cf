// Step 1: whom to pay.
import { client } from '../api/client';
import { Billers } from '../api/operations';
import { inWords } from '../api/trouble';
import type { BillerFragment } from '../gql/graphql';
import { alertBox, h, say, showStep } from './dom';
import { about } from './words';

const TYPING_PAUSE_MS = 200;

/** The biller that the user picks. */
export function chooseBiller(): Promise<BillerFragment> {
  return new Promise((picked) => {
    const list = h('ul', { class: 'billers', 'aria-busy': true });
    const search = h('input', { id: 'search', type: 'search', autocomplete: 'off', enterkeyhint: 'search', input: typed });
    let later = 0;
    let newest = 0;

    function typed() {
      clearTimeout(later);
      later = window.setTimeout(find, TYPING_PAUSE_MS);
    }
    async function find() {
      const asked = (newest += 1);
      const { data, error } = await client.query(Billers, { search: search.value.trim() || null });
      if (asked !== newest) return; // the user has typed on
      list.removeAttribute('aria-busy');
      if (!data) return list.replaceChildren(h('li', {}, alertBox(error ? inWords(error) : 'No answer came.')));
      const { nodes, pageInfo } = data.billers;
      list.replaceChildren(...nodes.map(row));
      say(`${nodes.length}${pageInfo.hasNextPage ? ' or more' : ''} billers`);
      if (nodes.length === 0) list.append(h('li', { class: 'hint' }, 'Nobody by that name.'));
    }
    const row = (biller: BillerFragment) =>
      h('li', {}, h('button', { type: 'button', class: 'biller', 'data-name': biller.name, click: () => picked(biller) },
        h('span', { class: 'name' }, biller.name), h('span', { class: 'hint' }, about(biller))));

    showStep('Whom do you want to pay?',
      h('form', { role: 'search', submit: (event) => { event.preventDefault(); void find(); } },
        h('div', { class: 'field' }, h('label', { for: 'search' }, 'Name of the biller'), search)),
      list);
    void find();
  });
}
