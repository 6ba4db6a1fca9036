import { useState } from 'preact/hooks';
import { faultText } from './fault-text.ts';
import { usePage } from './page-context.ts';

export interface Command {
  readonly isBusy: boolean;
  /** What went wrong, until it is dismissed or tried again. */
  readonly fault: string | null;
  /** Does something once; what is asked meanwhile is ignored. */
  run(work: () => Promise<void>): void;
  dismiss(): void;
}

/** Something that a person asks for: that it was heard shows at once, and its fault stays to be read. */
export function useCommand(): Command {
  const { texts } = usePage();
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  return {
    isBusy,
    fault,
    run: (work) => {
      if (isBusy) return;
      setBusy(true);
      setFault(null);
      work()
        .catch((error: unknown) => setFault(faultText(error, texts)))
        .finally(() => setBusy(false));
    },
    dismiss: () => setFault(null),
  };
}
