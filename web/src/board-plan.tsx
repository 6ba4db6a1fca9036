import type { WindowBoard } from '../../src/contract/window.ts';
import { usePage } from './page-context.ts';
import { wordsOf } from './words-of.ts';

type Model = WindowBoard['models'][number];

/** The plan in plain words, with its reasons behind a question. */
export function BoardPlan({ models }: { readonly models: readonly Model[] }) {
  const { texts } = usePage();
  return (
    <section>
      <h2>{texts.board.plan}</h2>
      {models.length === 0 && <p>{texts.board.noEngine}</p>}
      {models.map((model) => (
        <ModelPlan key={model.role ?? ''} model={model} />
      ))}
    </section>
  );
}

function ModelPlan({ model }: { readonly model: Model }) {
  const { texts, format } = usePage();
  const { role, name, quant, image_tokens, expected, reasons, degraded } = model;
  const shown = name === null ? texts.board.unloaded : `${name} (${quant ?? ''})`;
  const tokens = format.number(image_tokens);
  return (
    <>
      {role !== null && <h3>{role}</h3>}
      <p>
        {expected
          ? texts.board.planText(
              shown,
              tokens,
              format.seconds(expected.total_ms),
              texts.board.basis[expected.basis],
            )
          : texts.board.planUnknown(shown, tokens)}
      </p>
      {degraded.map((what) => (
        <p key={what} class="fault">
          {texts.board.degraded(what)}
        </p>
      ))}
      <details>
        <summary>{texts.board.why}</summary>
        <dl class="facts-list">
          {Object.entries(reasons).map(([knob, reason]) => (
            <div key={knob}>
              <dt>{wordsOf(knob)}</dt>
              <dd>{reason}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  );
}
