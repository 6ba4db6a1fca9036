import { useId, useState } from 'preact/hooks';
import type { Answer } from '../../src/domain/observation.ts';
import { pictureAddress, post } from './api.ts';
import { Fault } from './fault.tsx';
import { usePage } from './page-context.ts';
import { useCommand } from './use-command.ts';
import { answerText } from './words-of.ts';

interface Answered {
  readonly id: string;
  readonly ask: string;
  readonly value: Answer | null;
}

/** A free question about what a camera sees now, and its answer. */
export function AskForm({ camera }: { readonly camera: string }) {
  const { texts, format, announce } = usePage();
  const field = useId();
  const command = useCommand();
  const [ask, setAsk] = useState('');
  const [answered, setAnswered] = useState<Answered | null>(null);
  const send = async (): Promise<void> => {
    const answer = await post<Answered>('commands/ask', { camera, question: { ask, type: 'text' } });
    setAnswered(answer);
    announce(`${texts.actions.answer}: ${answerText(answer.value, texts, format)}`);
  };
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault();
        command.run(send);
      }}
    >
      <label for={field}>{texts.actions.question}</label>
      <div class="row">
        <input
          id={field}
          required
          maxLength={500}
          value={ask}
          onInput={(event) => setAsk(event.currentTarget.value)}
        />
        <button type="submit" aria-disabled={command.isBusy} aria-busy={command.isBusy}>
          {command.isBusy ? texts.actions.asking : texts.actions.send}
        </button>
      </div>
      <Fault command={command} />
      {answered && (
        <p class="answered">
          <AskedPicture id={answered.id} alt={answered.ask} />
          <em>{answered.ask}</em> <strong>{answerText(answered.value, texts, format)}</strong>
        </p>
      )}
    </form>
  );
}

/** The picture that the question was about, if the daemon has it. */
function AskedPicture({ id, alt }: { readonly id: string; readonly alt: string }) {
  const [isMissing, setMissing] = useState(false);
  if (isMissing) return null;
  return <img class="thumbnail" src={pictureAddress(id)} alt={alt} onError={() => setMissing(true)} />;
}
