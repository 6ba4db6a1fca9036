import type { WindowCamera } from '../../../src/contract/window.ts';
import { Confidence } from '../confidence.tsx';
import { useBoardNow, usePage } from '../page-context.ts';
import { wordsOf } from '../words-of.ts';
import { RuleEvidence } from './rule-evidence.tsx';
import { ruleSentence } from './rule-sentence.ts';

interface RuleCardProps {
  /** Of the camera. */
  readonly id: string;
  readonly camera: WindowCamera;
  readonly rule: string;
  readonly hasHistory: boolean;
}

/** A rule: what it says, its state and since when, how sure, and the pictures that it rests on. */
export function RuleCard({ id, camera, rule: key, hasHistory }: RuleCardProps) {
  const { texts, format } = usePage();
  const now = useBoardNow();
  const says = texts.rules;
  const rule = camera.rule_specs[key]!;
  const status = camera.rules[key] ?? null;
  const state = status?.state ?? 'unknown';
  const title = `rule-${id}-${key}`;
  return (
    <article class="card rule" aria-labelledby={title}>
      <h2 id={title}>
        {rule.name ?? wordsOf(key)} <small>{camera.name}</small>
      </h2>
      <p class={`rule-state ${state}`}>
        <span class="mark" aria-hidden="true" />
        <strong>{says.states[state]}</strong>
        {status !== null && status.since !== null && (
          <time dateTime={status.since} title={format.moment(status.since)}>
            {says.since(format.duration(Math.max(0, now - Date.parse(status.since))))}
          </time>
        )}
        {status !== null && status.confidence !== null && (
          <Confidence value={status.confidence} isCalibrated={null} />
        )}
      </p>
      {state === 'unknown' && <p class="facts">{says.reasons[status?.reason ?? 'undecided']}</p>}
      <p class="sentence">{ruleSentence(rule, camera.questions, texts, format)}</p>
      {rule.cooldown_s > 0 && <p class="facts">{says.cooldown(format.duration(rule.cooldown_s * 1000))}</p>}
      {status !== null && status.evidence.length > 0 && (
        <section aria-labelledby={`${title} ${title}-evidence`}>
          <h3 id={`${title}-evidence`}>{says.evidence}</h3>
          <ol class="evidence">
            {status.evidence.toReversed().map((evidence) => (
              <RuleEvidence key={evidence} id={evidence} camera={id} hasHistory={hasHistory} />
            ))}
          </ol>
        </section>
      )}
    </article>
  );
}
