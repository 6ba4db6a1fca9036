import { useEffect, useId, useLayoutEffect, useState } from 'preact/hooks';
import type { WindowCamera } from '../../../src/contract/window.ts';
import type { WindowLabelTask } from '../../../src/contract/window-labels.ts';
import type { Answer } from '../../../src/domain/observation.ts';
import { labelPictureAddress } from '../api.ts';
import { usePage } from '../page-context.ts';
import { answerText } from '../words-of.ts';
import { keyedAnswers, keyMeaning } from './label-keys.ts';

interface LabelFormProps {
  readonly task: WindowLabelTask;
  /** Whose picture is fetched meanwhile; null: none. */
  readonly next: WindowLabelTask | null;
  /** undefined: it is no longer configured. */
  readonly camera: WindowCamera | undefined;
  readonly canUndo: boolean;
  readonly onLabel: (value: Answer) => void;
  readonly onSkip: () => void;
  readonly onUndo: () => void;
}

/** A picture, its question, and large keys for the answers; what the model said is not shown, since it would sway. */
export function LabelForm({ task, next, camera, canUndo, onLabel, onSkip, onUndo }: LabelFormProps) {
  const { texts, format } = usePage();
  const says = texts.teach;
  const spec = camera?.questions[task.question];
  const answers = spec ? keyedAnswers(spec, says.yesKey, says.noKey) : [];
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const meaning = keyMeaning(event.key, answers);
      if (meaning === undefined) return;
      event.preventDefault();
      if (meaning === 'skip') onSkip();
      else if (meaning === 'undo') onUndo();
      else onLabel(meaning.value);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });
  useEffect(() => {
    if (next) new Image().src = labelPictureAddress(next.camera, next.id);
  }, [next?.id]);
  return (
    <div class="label-form">
      <figure>
        <img
          key={task.id}
          class="picture"
          src={labelPictureAddress(task.camera, task.id)}
          alt={says.picture(format.moment(task.captured_at))}
        />
        <figcaption class="facts">
          {camera?.name ?? task.camera} {'· '}
          <time dateTime={task.captured_at}>{format.moment(task.captured_at)}</time>
        </figcaption>
      </figure>
      <div class="asked">
        <h2 aria-live="polite">{spec?.ask ?? task.question}</h2>
        <div class={answers.length === 2 ? 'keys two' : 'keys'}>
          {answers.map(({ value, key }) => (
            <button key={key} type="button" class="key" onClick={() => onLabel(value)}>
              {answerText(value, texts, format)} <kbd>{key}</kbd>
            </button>
          ))}
        </div>
        {spec && answers.length === 0 && <TypedLabel key={task.id} spec={spec} onLabel={onLabel} />}
        <div class="row">
          <button type="button" onClick={onSkip}>
            {says.skip} <kbd>s</kbd>
          </button>
          <button type="button" aria-disabled={!canUndo} onClick={onUndo}>
            {says.undo} <kbd>u</kbd>
          </button>
        </div>
      </div>
    </div>
  );
}

interface TypedLabelProps {
  readonly spec: WindowCamera['questions'][string];
  readonly onLabel: (value: Answer) => void;
}

/** An answer that no single key can give. */
function TypedLabel({ spec, onLabel }: TypedLabelProps) {
  const { texts } = usePage();
  const field = useId();
  const [typed, setTyped] = useState('');
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        onLabel(spec.type === 'integer' ? Number(typed) : typed);
      }}
    >
      <label for={field}>{texts.past.answer}</label>
      {spec.type === 'enum' ? (
        <select id={field} required value={typed} onChange={(event) => setTyped(event.currentTarget.value)}>
          <option value="" />
          {spec.values.map((value) => (
            <option key={value}>{value}</option>
          ))}
        </select>
      ) : (
        <input
          id={field}
          type="number"
          required
          autofocus
          {...(spec.type === 'integer' && { min: spec.min, max: spec.max })}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      )}
      <button type="submit" class="main">
        {texts.actions.save}
      </button>
    </form>
  );
}
