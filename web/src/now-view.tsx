import type { WindowState } from '../../src/contract/window.ts';
import { CameraCard } from './camera-card.tsx';
import { usePage } from './page-context.ts';
import type { PageState } from './page-state.ts';
import { DayStrip } from './past/day-strip.tsx';

const example = `cameras:
  drawn:
    source: { type: scene }`;

/** A card for each camera, in the order of the config, which never changes. */
export function NowView({
  window,
  seen,
  covered,
}: {
  readonly window: WindowState;
  readonly seen: PageState['seen'];
  readonly covered: PageState['covered'];
}) {
  const { texts } = usePage();
  const cameras = Object.entries(window.cameras);
  return (
    <>
      <h1 class="unseen">{texts.now.title}</h1>
      {cameras.length === 0 && (
        <div class="empty">
          <h2>{texts.now.noCameras}</h2>
          <p>{texts.now.addOne}</p>
          <pre>{example}</pre>
        </div>
      )}
      <div class={cameras.length === 1 ? 'cards one' : 'cards'}>
        {cameras.map(([name, camera]) => (
          <CameraCard key={name} id={name} camera={camera} window={window} covered={covered} />
        ))}
      </div>
      {cameras.length > 0 && <DayStrip window={window} seen={seen} covered={covered} />}
    </>
  );
}
