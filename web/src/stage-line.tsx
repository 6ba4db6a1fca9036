import type { WindowLook } from '../../src/contract/window.ts';
import { useBoardNow, usePage } from './page-context.ts';

/** A look that ends sooner, as most do because nothing has changed, is not worth a word. */
const shownAfterMs = 1000;
const stages = ['captured', 'seeing', 'reading', 'saying'] as const;

/** How far a new picture has come, for how long already, and how long that usually takes. */
export function StageLine({
  look,
  usualMs,
}: {
  readonly look: WindowLook | null;
  /** null: not known yet. */
  readonly usualMs: number | null;
}) {
  const { texts, format } = usePage();
  const now = useBoardNow();
  const takenMs = look ? now - Date.parse(look.since) : 0;
  // The place stays, so that nothing below moves.
  if (!look || takenMs < shownAfterMs) return <div class="stage" />;
  const usually = usualMs === null ? '' : ` · ${texts.now.usually(format.seconds(usualMs))}`;
  return (
    <div class="stage">
      {usualMs !== null && <progress max={usualMs} value={Math.min(takenMs, usualMs)} aria-hidden="true" />}
      <ol>
        {stages.map((stage) => (
          <li key={stage} aria-current={stage === look.stage ? 'step' : undefined}>
            {texts.now.stages[stage]}
          </li>
        ))}
      </ol>
      <p>
        {format.seconds(Math.floor(takenMs / 1000) * 1000)}
        {usually}
      </p>
    </div>
  );
}
