import { useState } from 'preact/hooks';
import type { WindowSession } from '../../src/contract/window.ts';
import { type ApiError, post } from './api.ts';
import { faultText } from './fault-text.ts';
import { usePage } from './page-context.ts';

/** Asks for the password. */
export function LoginView({ onLogin }: { readonly onLogin: (session: WindowSession) => void }) {
  const { texts } = usePage();
  const [password, setPassword] = useState('');
  const [isShown, setShown] = useState(false);
  const [isSending, setSending] = useState(false);
  const [fault, setFault] = useState('');
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    setSending(true);
    setFault('');
    try {
      onLogin(await post<WindowSession>('login', { password }));
    } catch (error) {
      const { status } = error as ApiError;
      if (status === 401) setFault(texts.login.wrong);
      else if (status === 429) setFault(texts.login.tooMany);
      else setFault(faultText(error, texts));
    }
    setSending(false);
  };
  return (
    <form class="login" onSubmit={(event) => void send(event)}>
      <h1>{texts.login.title}</h1>
      <label for="password">{texts.login.password}</label>
      <input
        id="password"
        {...(isShown ? ({ type: 'text' } as const) : ({ type: 'password' } as const))}
        autocomplete="current-password"
        required
        maxLength={256}
        value={password}
        aria-invalid={fault !== ''}
        aria-describedby="login-fault"
        onInput={(event) => setPassword(event.currentTarget.value)}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={isShown}
          onChange={(event) => setShown(event.currentTarget.checked)}
        />{' '}
        {texts.login.show}
      </label>
      <p id="login-fault" class="fault" role="alert">
        {fault}
      </p>
      <button type="submit" class="main" disabled={isSending} aria-busy={isSending}>
        {texts.login.send}
      </button>
    </form>
  );
}
