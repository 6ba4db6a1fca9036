import { usePage } from './page-context.ts';
import type { Command } from './use-command.ts';

/** What went wrong with a command; it stays until it is read. */
export function Fault({
  command: { fault, dismiss },
}: {
  readonly command: Pick<Command, 'fault' | 'dismiss'>;
}) {
  const { texts } = usePage();
  return (
    <div role="alert">
      {fault !== null && (
        <p class="fault">
          {fault}{' '}
          <button type="button" class="small" onClick={dismiss}>
            {texts.actions.dismiss}
          </button>
        </p>
      )}
    </div>
  );
}
