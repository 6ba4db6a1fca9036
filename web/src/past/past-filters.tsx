import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { WindowState } from '../../../src/contract/window.ts';
import { usePage } from '../page-context.ts';
import { hashOf } from '../route.ts';
import { wordsOf } from '../words-of.ts';
import { AnswerFilter } from './answer-filter.tsx';
import { dayAt } from './days.ts';
import { hashOfSearch, type PastSearch } from './past-search.ts';

interface PastFiltersProps {
  readonly window: WindowState;
  readonly search: PastSearch;
}

/** What is typed is searched for after this pause. */
const pauseMs = 400;

/** Words, camera, question, answer and day. Each choice is an address of its own, so that the back button undoes it. */
export function PastFilters({ window: { cameras }, search }: PastFiltersProps) {
  const { texts } = usePage();
  const says = texts.past;
  const field = useId();
  const [text, setText] = useState(search.text);
  const pause = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const { camera, question, day } = search;
  const questions = questionsOf(cameras, camera);
  const asked = questions[question];
  // The back button may have changed it.
  useEffect(() => setText(search.text), [search.text]);
  useEffect(() => () => clearTimeout(pause.current), []);
  const go = (change: Partial<PastSearch>, isTyping = false): void => {
    clearTimeout(pause.current);
    const hash = hashOfSearch({ ...search, text, at: null, time: '', ...change });
    // While it is typed, words are one step back.
    if (isTyping) location.replace(hash);
    else location.hash = hash;
  };
  return (
    <search>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault();
          go({});
        }}
      >
        <div class="row">
          <label class="unseen" for={field}>
            {says.search}
          </label>
          <input
            id={field}
            type="search"
            maxLength={200}
            enterkeyhint="search"
            placeholder={says.searchExample}
            value={text}
            onInput={(event) => {
              const typed = event.currentTarget.value;
              setText(typed);
              clearTimeout(pause.current);
              pause.current = setTimeout(() => go({ text: typed }, search.text !== ''), pauseMs);
            }}
          />
          <button type="submit" class="main">
            {says.find}
          </button>
        </div>
        <div class="choices">
          <label>
            <span>{says.camera}</span>
            <select
              value={camera}
              onChange={({ currentTarget: { value } }) =>
                go({ camera: value, ...(!(question in questionsOf(cameras, value)) && { question: '' }) })
              }
            >
              <option value="">{says.allCameras}</option>
              {Object.entries(cameras).map(([key, { name }]) => (
                <option key={key} value={key}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          {Object.keys(questions).length > 0 && (
            <label>
              <span>{says.question}</span>
              <select
                value={question}
                onChange={({ currentTarget: { value } }) => go({ question: value, answer: undefined })}
              >
                <option value="">{says.anyQuestion}</option>
                {Object.entries(questions).map(([key, { spec }]) => (
                  <option key={key} value={key}>
                    {spec.name ?? wordsOf(key)}
                  </option>
                ))}
              </select>
            </label>
          )}
          {asked && (
            <AnswerFilter spec={asked.spec} answer={search.answer} onChange={(answer) => go({ answer })} />
          )}
          <label>
            <span>{says.day}</span>
            <input
              type="date"
              value={day}
              max={dayAt(Date.now()).name}
              onChange={({ currentTarget: { value } }) => go({ day: value })}
            />
          </label>
          {hashOfSearch(search) !== '#past' && (
            <a class="button" href="#past">
              {says.clear}
            </a>
          )}
          {asked && (
            <a class="button" href={hashOf('past', [camera === '' ? asked.camera : camera, question])}>
              {says.overTheDays}
            </a>
          )}
        </div>
      </form>
    </search>
  );
}

interface AskedQuestion {
  /** The first one that has it. */
  readonly camera: string;
  readonly spec: WindowState['cameras'][string]['questions'][string];
}

/** The questions of a camera, or of all. */
function questionsOf(cameras: WindowState['cameras'], chosen: string): Record<string, AskedQuestion> {
  const of = chosen === '' ? Object.keys(cameras) : [chosen];
  const asked = of.flatMap((camera) =>
    Object.entries(cameras[camera]?.questions ?? {}).map(([key, spec]) => [key, { camera, spec }] as const),
  );
  // Of several cameras with the same question, the first one.
  return Object.fromEntries(asked.reverse());
}
