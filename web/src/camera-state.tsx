import type { WindowCamera } from '../../src/contract/window.ts';
import { usePage } from './page-context.ts';
import { type Reason, reasonIn } from './reason.ts';
import type { Texts } from './text/en.ts';

/** Whether what is said of the camera still holds, and if not, why not and what to do. */
export function CameraState({ camera }: { readonly camera: WindowCamera }) {
  const { texts, format } = usePage();
  const { vision, status } = camera;
  // Before its first picture nothing has been said that could be out of date.
  const isNew = status === null && vision?.state === 'stale';
  const state = isNew ? 'unknown' : (vision?.state ?? 'unknown');
  const reason = reasonOf(camera, texts, (at) => format.moment(at));
  return (
    <>
      <p class={`state ${state}`}>
        <span class="mark" aria-hidden="true" />
        {status?.state === 'offline' ? texts.vision.offline : texts.vision[state]}
        {vision && state !== 'current' && state !== 'unknown' && (
          <time dateTime={vision.since}>{texts.vision.since(format.moment(vision.since))}</time>
        )}
      </p>
      {reason && (
        <p class={`reason ${state}`}>
          {reason.text}
          {reason.original !== null && <small lang="en">{reason.original}</small>}
        </p>
      )}
    </>
  );
}

/** null: all is well. */
function reasonOf(
  { vision, status, config }: WindowCamera,
  texts: Texts,
  moment: (at: string) => string,
): Reason | null {
  const says = texts.vision;
  const own = (text: string): Reason => ({ text, original: null });
  if (config?.paused === true) return own(says.pausedByYou);
  if (config?.hours?.open === false)
    return own(says.outsideHours(config.hours.until === null ? null : moment(config.hours.until)));
  if (status === null) return own(says.starting);
  const reason = status.reason ?? (vision?.state === 'current' ? null : (vision?.reason ?? null));
  return reason === null ? null : reasonIn(texts, reason);
}
