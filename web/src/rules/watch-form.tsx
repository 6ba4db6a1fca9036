import { useState } from 'preact/hooks';
import type { RunningWatchPayload } from '../../../src/contract/watches.ts';
import type { WindowState } from '../../../src/contract/window.ts';
import type { Comparison } from '../../../src/domain/rule.ts';
import { post } from '../api.ts';
import { Fault } from '../fault.tsx';
import { usePage } from '../page-context.ts';
import { useCommand } from '../use-command.ts';
import { answerText, wordsOf } from '../words-of.ts';
import { canBeWatched, choicesOf, comparisonsOf } from './watch-condition.ts';

const hours = [1, 8, 24, 168];
const hourMs = 3_600_000;
const paces = [10, 60, 300, 900];

/** "Tell me when ...": waits for an answer or a rule of a camera, until a time. */
export function WatchForm({ cameras }: { readonly cameras: WindowState['cameras'] }) {
  const { texts, format, live, announce } = usePage();
  const says = texts.watch;
  const command = useCommand();
  const [chosen, setCamera] = useState('');
  const [what, setWhat] = useState('');
  const [is, setIs] = useState<Comparison>('==');
  const [value, setValue] = useState('');
  const [note, setNote] = useState('');
  const [forHours, setForHours] = useState(8);
  /** null: as the camera is configured. */
  const [everyS, setEveryS] = useState<number | null>(null);
  const [begun, setBegun] = useState('');
  const usable = Object.entries(cameras).filter(([, each]) => optionsOf(each).length > 0);
  const id = usable.some(([key]) => key === chosen) ? chosen : usable[0]?.[0];
  const camera = id === undefined ? undefined : cameras[id];
  if (id === undefined || !camera) return <p>{says.nothing}</p>;
  const options = optionsOf(camera);
  const subject = options.find((option) => option.key === what) ?? options[0]!;
  const { spec } = subject;
  const allowed = spec ? comparisonsOf(spec) : [];
  const comparison = allowed.includes(is) ? is : allowed[0];
  const choices = spec ? choicesOf(spec).map(String) : [];
  const wanted = choices.length > 0 && !choices.includes(value) ? choices[0]! : value;
  const send = async (): Promise<void> => {
    const until = new Date(Date.now() + live.state.aheadMs + forHours * hourMs).toISOString();
    const when = spec ? `${subject.key} ${comparison} ${wanted}` : subject.key;
    setBegun('');
    const { every_s, answer_s } = await post<RunningWatchPayload>('commands/watch', {
      camera: id,
      when,
      until,
      ...(everyS !== null && { every_s: everyS }),
      ...(note.trim() !== '' && { note: note.trim() }),
    });
    setNote('');
    const pace = says.begun(
      format.duration(every_s * 1000),
      answer_s === null ? null : format.seconds(answer_s * 1000),
    );
    setBegun(pace);
    announce(pace);
  };
  return (
    <form
      class="watch-form"
      onSubmit={(event) => {
        event.preventDefault();
        command.run(send);
      }}
    >
      <div class="choices">
        {usable.length > 1 && (
          <label>
            <span>{texts.past.camera}</span>
            <select value={id} onChange={(event) => setCamera(event.currentTarget.value)}>
              {usable.map(([key, { name }]) => (
                <option key={key} value={key}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
        <label>
          <span>{says.what}</span>
          <select value={subject.key} onChange={(event) => setWhat(event.currentTarget.value)}>
            {options.map(({ key, name, spec: asked }) => (
              <option key={key} value={key}>
                {asked ? name : says.rule(name)}
              </option>
            ))}
          </select>
        </label>
        {allowed.length > 1 && (
          <label>
            <span>{says.is}</span>
            <select value={comparison} onChange={(event) => setIs(event.currentTarget.value as Comparison)}>
              {allowed.map((each) => (
                <option key={each} value={each}>
                  {says.comparisons[each]}
                </option>
              ))}
            </select>
          </label>
        )}
        {choices.length > 0 && (
          <label>
            <span>{texts.past.answer}</span>
            <select value={wanted} onChange={(event) => setValue(event.currentTarget.value)}>
              {choicesOf(spec!).map((each) => (
                <option key={String(each)} value={String(each)}>
                  {answerText(each, texts, format)}
                </option>
              ))}
            </select>
          </label>
        )}
        {spec?.type === 'integer' && (
          <label>
            <span>{texts.past.answer}</span>
            <input
              type="number"
              required
              min={spec.min}
              max={spec.max}
              value={value}
              onInput={(event) => setValue(event.currentTarget.value)}
            />
          </label>
        )}
        <label>
          <span>{says.within}</span>
          <select value={forHours} onChange={(event) => setForHours(Number(event.currentTarget.value))}>
            {hours.map((each) => (
              <option key={each} value={each}>
                {format.duration(each * hourMs)}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>{says.every}</span>
          <select
            value={everyS ?? ''}
            onChange={({ currentTarget: { value: chosenS } }) =>
              setEveryS(chosenS === '' ? null : Number(chosenS))
            }
          >
            <option value="">{says.automatic}</option>
            {paces.map((each) => (
              <option key={each} value={each}>
                {format.duration(each * 1000)}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>{says.note}</span>
          <input maxLength={200} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
        </label>
        <button type="submit" class="main" aria-disabled={command.isBusy} aria-busy={command.isBusy}>
          {says.send}
        </button>
      </div>
      {begun !== '' && <p class="facts">{begun}</p>}
      <Fault command={command} />
    </form>
  );
}

interface Option {
  readonly key: string;
  readonly name: string;
  /** null: it is a rule. */
  readonly spec: WindowState['cameras'][string]['questions'][string] | null;
}

/** The questions and rules that can be waited for; of the same name, the question. */
function optionsOf({ questions, rule_specs }: WindowState['cameras'][string]): Option[] {
  return [
    ...Object.entries(questions)
      .filter(([, spec]) => canBeWatched(spec))
      .map(([key, spec]) => ({ key, name: spec.name ?? wordsOf(key), spec })),
    ...Object.entries(rule_specs)
      .filter(([key]) => !(key in questions))
      .map(([key, { name }]) => ({ key, name: name ?? wordsOf(key), spec: null })),
  ];
}
