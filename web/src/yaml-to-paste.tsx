import { CopyButton } from './copy-button.tsx';
import { Fault } from './fault.tsx';
import { usePage } from './page-context.ts';
import type { Command } from './use-command.ts';

interface YamlToPasteProps {
  readonly yaml: string;
  /** Whether it differs from what applies. */
  readonly isChanged: boolean;
  /** The one that applies it. */
  readonly command: Command;
  /** null: that is not allowed from here. */
  readonly onApply: (() => void) | null;
  readonly onReset: () => void;
}

/** Applies what was drawn, where that is allowed; and the same for the config. */
export function YamlToPaste({ yaml, isChanged, command, onApply, onReset }: YamlToPasteProps) {
  const { texts } = usePage();
  const says = texts.aim;
  return (
    <section>
      {isChanged && onApply && (
        <>
          <p>{says.applyNow}</p>
          <div class="row">
            <button
              type="button"
              class="main"
              aria-disabled={command.isBusy}
              aria-busy={command.isBusy}
              onClick={onApply}
            >
              {says.apply}
            </button>
            <button type="button" onClick={onReset}>
              {says.reset}
            </button>
          </div>
        </>
      )}
      <Fault command={command} />
      <p>{isChanged ? says.paste : says.unchanged}</p>
      <pre>{yaml}</pre>
      <div class="row">
        <CopyButton text={says.copy} content={() => yaml} />
        {isChanged && !onApply && (
          <button type="button" onClick={onReset}>
            {says.reset}
          </button>
        )}
      </div>
    </section>
  );
}
