import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { WindowCamera, WindowState } from '../../src/contract/window.ts';
import { post } from './api.ts';
import { Fault } from './fault.tsx';
import { usePage } from './page-context.ts';
import { useCommand } from './use-command.ts';

interface CameraSettingsDialogProps {
  readonly id: string;
  readonly name: string;
  readonly config: NonNullable<WindowCamera['config']>;
  readonly settable: WindowState['allowed']['set'];
  readonly prompts: readonly string[];
  readonly onClose: () => void;
}

/** How often a camera is looked at, and with which prompt. */
export function CameraSettingsDialog(props: CameraSettingsDialogProps) {
  const { id, name, config, settable, prompts, onClose } = props;
  const { texts, announce } = usePage();
  const dialog = useRef<HTMLDialogElement>(null);
  const [title, field, choice] = [useId(), useId(), useId()];
  const [interval, setIntervalText] = useState(String(config.interval_s));
  const [prompt, setPrompt] = useState(config.prompt);
  const command = useCommand();
  useEffect(() => dialog.current?.showModal(), []);
  const set = (setting: string, value: unknown): Promise<unknown> =>
    post(`cameras/${encodeURIComponent(id)}/set/${setting}`, value);
  const save = async (): Promise<void> => {
    if (Number(interval) !== config.interval_s) await set('interval', Number(interval));
    if (prompt !== config.prompt) await set('prompt', prompt);
    announce(texts.actions.saved);
    dialog.current?.close();
  };
  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          command.run(save);
        }}
      >
        <h3 id={title}>{texts.actions.settingsOf(name)}</h3>
        {settable.includes('interval') && (
          <>
            <label for={field}>{texts.actions.interval}</label>
            <input
              id={field}
              type="number"
              min={0.1}
              max={24 * 86_400}
              step="any"
              required
              value={interval}
              onInput={(event) => setIntervalText(event.currentTarget.value)}
            />
          </>
        )}
        {settable.includes('prompt') && (
          <>
            <label for={choice}>{texts.actions.prompt}</label>
            <select id={choice} value={prompt} onChange={(event) => setPrompt(event.currentTarget.value)}>
              {prompts.map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </select>
          </>
        )}
        <Fault command={command} />
        <div class="row">
          <button type="submit" class="main" aria-disabled={command.isBusy} aria-busy={command.isBusy}>
            {texts.actions.save}
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            {texts.actions.close}
          </button>
        </div>
      </form>
    </dialog>
  );
}
