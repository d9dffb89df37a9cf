// Asks the developer for a token. An app of your own has no such dialog: see src/api/session.ts.
import { byId } from './dom';

/** The token that was entered. `again`: the one before it was refused, or has ended. */
export function askForToken(again: boolean): Promise<string> {
  const dialog = byId<HTMLDialogElement>('ask-token');
  const form = byId<HTMLFormElement>('token-form');
  const input = byId<HTMLInputElement>('token');
  byId('token-refused').hidden = !again;
  return new Promise((given) => {
    // Escape would leave a page that can do nothing.
    dialog.oncancel = (event) => event.preventDefault();
    form.onsubmit = (event) => {
      event.preventDefault();
      const token = input.value.trim().replace(/^bearer\s+/i, '');
      input.value = '';
      dialog.close();
      given(token);
    };
    dialog.showModal();
  });
}
