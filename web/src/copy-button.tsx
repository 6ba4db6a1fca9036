import { useRef, useState } from 'preact/hooks';
import { usePage } from './page-context.ts';

interface CopyButtonProps {
  readonly text: string;
  /** Made when it is asked for. */
  readonly content: () => string;
}

/** Copies a text; where browsers refuse that, as without TLS, it shows the text selected. */
export function CopyButton({ text, content }: CopyButtonProps) {
  const { texts } = usePage();
  const field = useRef<HTMLTextAreaElement>(null);
  const [isCopied, setCopied] = useState(false);
  const [shown, setShown] = useState<string | null>(null);
  const copy = async (): Promise<void> => {
    const made = content();
    try {
      await navigator.clipboard.writeText(made);
      setCopied(true);
    } catch {
      setShown(made);
      requestAnimationFrame(() => field.current?.select());
    }
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        {text}
      </button>
      <output>{isCopied ? texts.aim.copied : ''}</output>
      {shown !== null && <textarea ref={field} readOnly rows={8} aria-label={text} value={shown} />}
    </>
  );
}
