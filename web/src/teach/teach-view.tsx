import type { WindowState } from '../../../src/contract/window.ts';
import { Fault } from '../fault.tsx';
import { usePage } from '../page-context.ts';
import { hashOf, type Route } from '../route.ts';
import { wordsOf } from '../words-of.ts';
import { LabelForm } from './label-form.tsx';
import { useLabelling } from './use-labelling.ts';

const example = `cameras:
  porch:
    collect: { keep: 200 }`;

interface TeachViewProps {
  readonly window: WindowState;
  readonly route: Route;
}

/** One kept picture and one question after the other: a person says what is right. */
export function TeachView({ window: { cameras, labels }, route: { camera, question } }: TeachViewProps) {
  const { texts, format } = usePage();
  const says = texts.teach;
  const labelling = useLabelling(camera, question, labels);
  const { questions, task, next, last } = labelling;
  const chosen = task ?? questions.find((each) => each.camera === camera && each.question === question);
  const counts = questions.find(
    (each) => each.camera === chosen?.camera && each.question === chosen.question,
  );
  if (!labels || (questions.length === 0 && !labelling.isReading && labelling.fault === null))
    return (
      <div class="empty">
        <h1>{says.title}</h1>
        <p>
          <strong>{says.none}</strong>
        </p>
        <p>{says.noneWhy}</p>
        <pre>{example}</pre>
      </div>
    );
  return (
    <div class="teach">
      <header class="row">
        <h1>{says.title}</h1>
        {questions.length > 0 && (
          <label class="choose">
            <span class="unseen">{texts.past.question}</span>
            <select
              value={chosen ? `${chosen.camera}/${chosen.question}` : ''}
              onChange={({ currentTarget: { value } }) => {
                location.hash = hashOf('teach', value.split('/'));
              }}
            >
              {questions.map((each) => (
                <option key={`${each.camera}/${each.question}`} value={`${each.camera}/${each.question}`}>
                  {cameras[each.camera]?.name ?? each.camera}:{' '}
                  {cameras[each.camera]?.questions[each.question]?.name ?? wordsOf(each.question)}
                </option>
              ))}
            </select>
          </label>
        )}
        {counts && (
          <p class="facts">
            {says.counts(format.number(counts.labelled), format.number(counts.labelled + counts.waiting))}
          </p>
        )}
      </header>
      <Fault command={labelling} />
      {labelling.isReading && !task && <p>{texts.past.searching}</p>}
      {task ? (
        <LabelForm
          key={`${task.camera} ${task.question}`}
          task={task}
          next={next}
          camera={cameras[task.camera]}
          canUndo={last !== null}
          onLabel={labelling.label}
          onSkip={labelling.skip}
          onUndo={labelling.undo}
        />
      ) : (
        !labelling.isReading &&
        labelling.fault === null && (
          <div class="empty">
            <p>
              <strong>{says.done}</strong>
            </p>
            <p>{says.doneWhy}</p>
          </div>
        )
      )}
    </div>
  );
}
