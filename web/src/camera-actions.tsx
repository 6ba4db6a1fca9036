import { useState } from 'preact/hooks';
import type { WindowCamera, WindowState } from '../../src/contract/window.ts';
import { post } from './api.ts';
import { AskForm } from './ask-form.tsx';
import { CameraSettingsDialog } from './camera-settings-dialog.tsx';
import { Fault } from './fault.tsx';
import { usePage } from './page-context.ts';
import type { Observation } from './page-state.ts';
import { anything, hashOfSearch } from './past/past-search.ts';
import { useCommand } from './use-command.ts';

interface CameraActionsProps {
  readonly id: string;
  readonly camera: WindowCamera;
  readonly window: WindowState;
}

/** What can be asked of a camera; what the config or the role does not allow is not there. */
export function CameraActions({
  id,
  camera,
  window: { allowed, history, prompts, role },
}: CameraActionsProps) {
  const { texts, announce } = usePage();
  const look = useCommand();
  const pause = useCommand();
  const [isAsking, setAsking] = useState(false);
  const [isSetting, setSetting] = useState(false);
  // Phones have no room for all; elsewhere they are always there.
  const [isMore, setMore] = useState(false);
  const isPaused = camera.config?.paused ?? false;
  const canSet = allowed.set.some((setting) => setting !== 'paused');
  const lookNow = async (): Promise<void> => {
    const { description } = await post<Observation>('commands/describe', { camera: id });
    announce(texts.actions.done(camera.name, description ?? ''));
  };
  const setPaused = async (): Promise<void> => {
    await post(`cameras/${encodeURIComponent(id)}/set/paused`, !isPaused);
  };
  return (
    <div class="actions">
      {allowed.describe && (
        <button
          type="button"
          class="main"
          aria-disabled={look.isBusy}
          aria-busy={look.isBusy}
          onClick={() => look.run(lookNow)}
        >
          {look.isBusy ? texts.actions.looking : texts.actions.lookNow}
        </button>
      )}
      {allowed.ask && (
        <button type="button" aria-expanded={isAsking} onClick={() => setAsking(!isAsking)}>
          {texts.actions.ask}
        </button>
      )}
      <button type="button" class="more" aria-expanded={isMore} onClick={() => setMore(!isMore)}>
        {texts.actions.more}
      </button>
      <div class={isMore ? 'further open' : 'further'}>
        {allowed.set.includes('paused') && (
          <button type="button" aria-disabled={pause.isBusy} onClick={() => pause.run(setPaused)}>
            {isPaused ? texts.actions.resume : texts.actions.pause}
          </button>
        )}
        {role === 'owner' && canSet && camera.config && (
          <button type="button" aria-haspopup="dialog" onClick={() => setSetting(true)}>
            {texts.actions.settings}
          </button>
        )}
        <a class="button" href={`#aim/${encodeURIComponent(id)}`}>
          {texts.actions.aim}
        </a>
        {history && (
          <a class="button" href={hashOfSearch({ ...anything, camera: id })}>
            {texts.actions.history}
          </a>
        )}
      </div>
      <Fault command={look} />
      <Fault command={pause} />
      {isAsking && <AskForm camera={id} />}
      {isSetting && camera.config && (
        <CameraSettingsDialog
          id={id}
          name={camera.name}
          config={camera.config}
          settable={allowed.set}
          prompts={prompts}
          onClose={() => setSetting(false)}
        />
      )}
    </div>
  );
}
