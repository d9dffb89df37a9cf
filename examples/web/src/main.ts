// The page from above: whom to pay, whose account, how much, and then what becomes of it.
import { end, openIntention } from './api/intention';
import { askForTokenBy } from './api/session';
import { onConnection, type Connection } from './api/sockets';
import { askForToken } from './view/ask-for-token';
import { askToPay } from './view/ask-to-pay';
import { chooseBiller } from './view/choose-biller';
import { byId } from './view/dom';
import { lookUp } from './view/look-up';
import { resume } from './view/resume';
import { watchPayment } from './view/watch-payment';

const CONNECTION: Record<Connection, string> = {
  idle: '',
  live: 'Live',
  waiting: 'Connecting…',
  offline: 'No network',
};

/** The id of a payment, made from the user's choices. */
async function makePayment(): Promise<string> {
  for (;;) {
    const biller = await chooseBiller();
    for (;;) {
      const found = await lookUp(biller);
      if (!found) break;
      const paymentId = await askToPay(biller, found);
      if (paymentId) return paymentId;
    }
  }
}

async function run(): Promise<never> {
  for (;;) {
    const intention = openIntention();
    const paymentId = intention ? await resume(intention) : await makePayment();
    if (paymentId) await watchPayment(paymentId);
    end();
  }
}

askForTokenBy(askForToken);
onConnection((connection) => {
  const chip = byId('connection');
  chip.hidden = connection === 'idle';
  chip.dataset.state = connection;
  chip.textContent = CONNECTION[connection];
});
void run();
