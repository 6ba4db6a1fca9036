import { useEffect, useState } from 'preact/hooks';
import type { SetLabel, WindowLabelTask, WindowLabelTasks } from '../../../src/contract/window-labels.ts';
import type { Answer } from '../../../src/domain/observation.ts';
import { get, post } from '../api.ts';
import { faultText } from '../fault-text.ts';
import { usePage } from '../page-context.ts';

interface Done {
  readonly task: WindowLabelTask;
  /** null: skipped. */
  readonly value: Answer | null;
}

export interface Labelling {
  readonly questions: WindowLabelTasks['questions'];
  /** What to ask now; null: nothing is left. */
  readonly task: WindowLabelTask | null;
  /** The one after, whose picture can be fetched already. */
  readonly next: WindowLabelTask | null;
  /** What was done last; null: nothing yet. */
  readonly last: Done | null;
  readonly isReading: boolean;
  readonly isBusy: boolean;
  readonly fault: string | null;
  label(value: Answer): void;
  skip(): void;
  undo(): void;
  dismiss(): void;
}

const nothing: WindowLabelTasks = { questions: [], tasks: [] };

/**
 * The pictures of a question that wait for a label; it is saved before the next one is shown.
 * @param camera and `question` stay the same
 */
export function useLabelling(camera: string | null, question: string | null, isOn: boolean): Labelling {
  const { texts } = usePage();
  const [read, setRead] = useState<WindowLabelTasks>(nothing);
  const [done, setDone] = useState<readonly Done[]>([]);
  const [isReading, setReading] = useState(isOn);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const left = read.tasks.filter((task) => !done.some((each) => isSame(each.task, task)));
  const isEmpty = left.length === 0;
  const query = new URLSearchParams({ ...(camera && { camera }), ...(question && { question }) }).toString();

  useEffect(() => {
    if (!isOn || !isEmpty) return;
    let isOver = false;
    setReading(true);
    get<WindowLabelTasks>(`labels?${query}`)
      .then(
        (tasks) => {
          if (isOver) return;
          setRead(tasks);
          // Those that were skipped come again when all others are done.
          setDone((before) => before.filter(({ value }) => value !== null));
        },
        (error: unknown) => {
          if (!isOver) setFault(faultText(error, texts));
        },
      )
      .finally(() => {
        if (!isOver) setReading(false);
      });
    return () => {
      isOver = true;
    };
  }, [query, isOn, isEmpty]);

  const save = (task: WindowLabelTask, value: Answer | null, then: () => void): void => {
    if (isBusy) return;
    setBusy(true);
    setFault(null);
    const { camera: of, question: asked, id } = task;
    const label: SetLabel = { camera: of, question: asked, id, value };
    // At once with what it brings, so that the next key counts as soon as it is asked for.
    post('labels', label).then(
      () => {
        setBusy(false);
        then();
      },
      (error: unknown) => {
        setBusy(false);
        setFault(faultText(error, texts));
      },
    );
  };
  const count = (task: WindowLabelTask, by: number): void =>
    setRead((before) => ({
      ...before,
      questions: before.questions.map((each) =>
        each.camera === task.camera && each.question === task.question
          ? { ...each, labelled: each.labelled + by, waiting: each.waiting - by }
          : each,
      ),
    }));
  const [task = null, next = null] = left;
  const last = done.at(-1) ?? null;
  return {
    ...{ questions: read.questions, task, next, last, isReading, isBusy, fault },
    label: (value) => {
      if (!task) return;
      save(task, value, () => {
        setDone((before) => [...before, { task, value }]);
        count(task, 1);
      });
    },
    skip: () => {
      if (task) setDone((before) => [...before, { task, value: null }]);
    },
    undo: () => {
      if (!last) return;
      const back = (): void => setDone((before) => before.slice(0, -1));
      if (last.value === null) return back();
      save(last.task, null, () => {
        back();
        count(last.task, -1);
      });
    },
    dismiss: () => setFault(null),
  };
}

function isSame(one: WindowLabelTask, other: WindowLabelTask): boolean {
  return one.id === other.id && one.camera === other.camera && one.question === other.question;
}
