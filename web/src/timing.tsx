import { usePage } from './page-context.ts';
import type { Observation } from './page-state.ts';
import { StackedBar } from './stacked-bar.tsx';

const stages = ['capture', 'queue', 'pack', 'encode', 'prefill', 'generate'] as const;

/** How long each stage took, behind a question. */
export function Timing({ observation: { timing_ms, tokens, model } }: { readonly observation: Observation }) {
  const { texts, format } = usePage();
  return (
    <details>
      <summary>
        {texts.timing.title} <span class="aside">{format.seconds(timing_ms.total)}</span>
      </summary>
      <StackedBar
        parts={stages.map((stage) => ({
          name: texts.timing[stage],
          size: timing_ms[stage],
          text: format.seconds(timing_ms[stage]),
        }))}
      />
      <p class="facts">
        {texts.timing.tokens(format.number(tokens.image), format.number(tokens.completion))}
        {' · '}
        {texts.timing.model(model.name, model.quant)}
      </p>
    </details>
  );
}
