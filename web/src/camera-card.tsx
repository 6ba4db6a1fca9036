import type { WindowCamera, WindowState } from '../../src/contract/window.ts';
import { Answers } from './answers.tsx';
import { CameraActions } from './camera-actions.tsx';
import { CameraState } from './camera-state.tsx';
import { DescribedPicture } from './described-picture.tsx';
import { useBoardNow, usePage } from './page-context.ts';
import type { Observation, PageState } from './page-state.ts';
import { StageLine } from './stage-line.tsx';
import { Timing } from './timing.tsx';
import { useShownObservation } from './use-shown-observation.ts';

interface CameraCardProps {
  readonly id: string;
  readonly camera: WindowCamera;
  readonly window: WindowState;
  readonly covered: PageState['covered'];
}

/** What a camera saw last: the picture beside its sentence, and whether that still holds. */
export function CameraCard({ id, camera, window, covered }: CameraCardProps) {
  const { texts } = usePage();
  const { observation, picture } = useShownObservation(camera.observation, window.pictures);
  return (
    <article class="card" aria-labelledby={`camera-${id}`}>
      <header>
        <h2 id={`camera-${id}`}>{camera.name}</h2>
        <CameraState camera={camera} />
      </header>
      {observation ? (
        <DescribedPicture
          observation={observation}
          picture={covered.has(observation.id) ? 'missing' : picture}
        />
      ) : (
        <div class="picture empty">
          <p>
            <strong>{texts.now.never}</strong>
          </p>
          <p>{texts.now.neverWhy}</p>
        </div>
      )}
      <div class="said">
        {observation && (
          <>
            <p class="sentence">{observation.description}</p>
            {observation.change !== undefined && (
              <p class="facts">{texts.now.different(observation.change)}</p>
            )}
            <Facts observation={observation} />
          </>
        )}
        <Answers id={id} camera={camera} observation={observation} canJudge={window.allowed.feedback} />
        <StageLine look={camera.look} usualMs={window.health?.timing_ms?.p50 ?? null} />
        <CameraActions id={id} camera={camera} window={window} />
        {observation && <Timing observation={observation} />}
      </div>
    </article>
  );
}

/** When it was seen and why, and what limits its worth. */
function Facts({ observation }: { readonly observation: Observation }) {
  const { texts, format } = usePage();
  const now = useBoardNow();
  const { captured_at, trigger, finish_reason, clock } = observation;
  return (
    <p class="facts">
      {clock === 'unset' ? (
        texts.now.clock
      ) : (
        <time dateTime={captured_at} title={format.moment(captured_at)}>
          {texts.now.seen(format.ago(captured_at, now))}
        </time>
      )}
      {' · '}
      {texts.now.trigger[trigger]}
      {finish_reason === 'length' && <span class="fault"> {texts.now.cut}</span>}
    </p>
  );
}
