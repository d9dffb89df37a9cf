// After a reload: an intention that was written down before it is taken up again, with the same key.
import { type Intention } from '../api/intention';
import { alertBox, h, showStep } from './dom';
import { errorList } from './errors';
import { send } from './send';

/** The payment's id, or null where nothing was made and the user was told. */
export function resume(intention: Intention): Promise<string | null> {
  if (intention.paymentId) return Promise.resolve(intention.paymentId);
  const place = h('div');
  showStep('Where we were', h('p', { class: 'hint' }, 'You meant to pay, and the answer is not known yet.'), place);
  return new Promise((done) => {
    void send(intention, place).then((sent) => {
      if ('paymentId' in sent) return done(sent.paymentId);
      const said = 'errors' in sent ? errorList(sent.errors, { watchPayment: done }) : alertBox(sent.why);
      place.replaceChildren(said, h('div', { class: 'actions' },
        h('button', { type: 'button', class: 'primary', click: () => done(null) }, 'Start again')));
      said.focus();
    });
  });
}
