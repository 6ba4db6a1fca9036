import type { WindowState } from '../../../src/contract/window.ts';
import { usePage } from '../page-context.ts';
import { AlertList } from './alert-list.tsx';
import { RuleCard } from './rule-card.tsx';
import { WatchList } from './watch-list.tsx';

const example = `cameras:
  porch:
    rules:
      gate_left_open:
        when: gate_open
        agree: 2 of 3
        hold: 5m`;

/** Each rule in words, and whether it holds now. */
export function RulesView({ window }: { readonly window: WindowState }) {
  const { texts } = usePage();
  const { cameras, history } = window;
  const rules = Object.entries(cameras).flatMap(([id, camera]) =>
    Object.keys(camera.rule_specs).map((rule) => ({ id, camera, rule })),
  );
  return (
    <>
      <h1>{texts.rules.title}</h1>
      {rules.length === 0 && (
        <div class="empty">
          <p>
            <strong>{texts.rules.none}</strong>
          </p>
          <p>{texts.rules.noneWhy}</p>
          <pre>{example}</pre>
        </div>
      )}
      <div class="cards">
        {rules.map(({ id, camera, rule }) => (
          <RuleCard key={`${id} ${rule}`} id={id} camera={camera} rule={rule} hasHistory={history} />
        ))}
      </div>
      <WatchList window={window} />
      <AlertList window={window} />
    </>
  );
}
