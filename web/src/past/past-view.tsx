import type { WindowState } from '../../../src/contract/window.ts';
import { usePage } from '../page-context.ts';
import type { Route } from '../route.ts';
import { PastFilters } from './past-filters.tsx';
import { PastRows } from './past-rows.tsx';
import { pastSearchOf } from './past-search.ts';
import { QuestionView } from './question-view.tsx';

interface PastViewProps {
  readonly window: WindowState;
  readonly route: Route;
}

/** What was seen: all of it or what is searched for, or how one question was answered over the days. */
export function PastView({ window, route: { camera, question, query } }: PastViewProps) {
  const { texts } = usePage();
  if (!window.history)
    return (
      <div class="empty">
        <h1>{texts.past.title}</h1>
        <p>
          <strong>{texts.past.off}</strong>
        </p>
        <p>{texts.past.offWhy}</p>
      </div>
    );
  if (camera !== null && question !== null)
    return (
      <QuestionView
        key={`${camera} ${question}`}
        window={window}
        camera={camera}
        question={question}
        query={query}
      />
    );
  const search = pastSearchOf(query);
  return (
    <>
      <h1 class="unseen">{texts.past.title}</h1>
      <PastFilters window={window} search={search} />
      <PastRows window={window} search={search} />
    </>
  );
}
