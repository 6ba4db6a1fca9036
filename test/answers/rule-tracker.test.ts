import { describe, expect, test } from 'vitest';
import { type RuleAlert, RuleTracker } from '../../src/answers/rule-tracker.ts';
import type { Rule } from '../../src/domain/rule.ts';
import type { RuleSnapshot } from '../../src/domain/rule-status.ts';
import { seededRandom } from '../../tools/test/seeded-random.ts';

const second = 1000;
const minute = 60 * second;
const staleAfterMs = 2 * minute;
const startMs = Date.UTC(2026, 5, 1, 12);

const plain: Rule = {
  ...{ name: 'open', when: { kind: 'compare', question: 'open', is: '==', value: true } },
  ...{ agree: { votes: 1, of: 1 }, holdMs: 0, cooldownMs: 0 },
};
const twoOfThree = { ...plain, agree: { votes: 2, of: 3 } };

/** One look each ten seconds: + true, - false, ? uncertain, = unchanged, space: no look. */
class Watched {
  readonly tracker: RuleTracker;
  readonly alerts: RuleAlert[] = [];
  ms: number;
  #looks = 0;

  constructor(rule: Rule, ms = 0) {
    this.tracker = new RuleTracker(rule, () => staleAfterMs);
    this.ms = ms;
  }

  get at(): { readonly monotonicMs: number; readonly time: Date } {
    return { monotonicMs: this.ms, time: new Date(startMs + this.ms) };
  }

  get state(): string {
    return this.tracker.status.state;
  }

  /** The state after each look. */
  see(looks: string, settings = 'model 1'): string[] {
    return [...looks].map((look) => {
      this.wait(10 * second);
      if (look === '=') this.#note(this.tracker.unchanged(this.at));
      else if (look !== ' ') {
        const certain = { open: { value: look === '+', confidence: 0.9 } };
        const answers = look === '?' ? {} : certain;
        this.#looks++;
        this.#note(this.tracker.answered({ at: this.at, id: `look ${this.#looks}`, answers, settings }));
      }
      return this.state;
    });
  }

  /** Passes time as the daemon does: wakes up when something is due. */
  wait(durationMs: number): void {
    const endMs = this.ms + durationMs;
    while (this.tracker.dueMs <= endMs) {
      this.ms = Math.max(this.ms, this.tracker.dueMs);
      this.#note(this.tracker.advance(this.at));
    }
    this.ms = endMs;
  }

  #note(alert: RuleAlert | null): void {
    if (alert) this.alerts.push(alert);
  }
}

describe('votes', () => {
  test.each<[string, Rule, string, string]>([
    ['one vote is enough by default', plain, '+-', 'on off'],
    ['two of three: the first alone decides nothing', twoOfThree, '+', 'unknown'],
    ['two of three: a second one agrees', twoOfThree, '+ +', 'unknown unknown on'],
    ['a flap changes nothing', twoOfThree, '--+--', 'unknown off off off off'],
    ['two turns in three looks do', twoOfThree, '--+-+', 'unknown off off off on'],
    ['uncertain answers count for neither side', twoOfThree, '--+??+', 'unknown off off off off on'],
    ['an unchanged look is no vote', twoOfThree, '--+==', 'unknown off off off off'],
    [
      'three of five',
      { ...plain, agree: { votes: 3, of: 5 } },
      '+-+-+',
      'unknown unknown unknown unknown on',
    ],
  ])('%s', (_what, rule, looks, states) => {
    expect(new Watched(rule).see(looks).join(' ')).toBe(states);
  });

  test('a vote that is not decided wants the next look described, an uncertain answer does not', () => {
    const watched = new Watched(twoOfThree);
    const wants = [...'?--=?+?++=-+'].map((look) => {
      watched.see(look);
      return `${look}${watched.tracker.wantsConfirmation ? '!' : ''}`;
    });
    expect(wants.join(' ')).toBe('? -! - = ? +! ?! + + = -! +');
  });

  test('the first answer under other settings starts them again', () => {
    const watched = new Watched(twoOfThree);
    watched.see('--+', 'model 1');
    expect(watched.see('+', 'model 2')).toEqual(['off']);
    expect(watched.tracker.wantsConfirmation).toBe(true);
    expect(watched.see('+', 'model 2')).toEqual(['on']);
  });

  test('the status names the agreeing looks and their mean confidence', () => {
    const watched = new Watched(twoOfThree);
    watched.see('+-+');
    expect(watched.tracker.status).toEqual({
      ...{ state: 'on', since: new Date(startMs + 30 * second), reason: null },
      ...{ confidence: 0.9, evidence: ['look 1', 'look 3'] },
    });
    watched.see('+');
    expect(watched.tracker.status).toMatchObject({
      ...{ since: new Date(startMs + 30 * second), evidence: ['look 3', 'look 4'] },
    });
  });
});

describe('hold', () => {
  const held = { ...plain, holdMs: 5 * minute };

  test('a state changes only when its decision has lasted, without another look', () => {
    const watched = new Watched({ ...plain, holdMs: 25 * second });
    watched.see('+');
    watched.wait(24 * second);
    expect(watched.state).toBe('unknown');
    watched.wait(second);
    expect(watched.state).toBe('on');
    expect(watched.tracker.status.since).toEqual(new Date(startMs + 35 * second));
  });

  test('it counts in both directions, and what turns back in time changes nothing', () => {
    const watched = new Watched(held);
    const states = watched.see(`+${'='.repeat(30)}-${'='.repeat(20)}+-${'='.repeat(30)}`);
    expect(states.indexOf('on')).toBe(30);
    expect(states.indexOf('off')).toBe(31 + 21 + 1 + 30);
    expect(watched.alerts.map(({ state }) => state)).toEqual(['on', 'off']);
  });

  test('it goes on under unchanged pictures, not over a gap', () => {
    const watched = new Watched(held);
    watched.see('+=====');
    watched.wait(5 * minute);
    expect(watched.tracker.status).toMatchObject({ state: 'unknown', reason: 'stale' });
    expect(watched.alerts).toEqual([]);
  });
});

describe('staleness', () => {
  test('a gap in the looks makes the state unknown, once', () => {
    const watched = new Watched(plain);
    watched.see('+');
    watched.wait(staleAfterMs);
    expect(watched.state).toBe('on');
    watched.wait(1);
    expect(watched.tracker.status).toEqual({
      ...{ state: 'unknown', since: new Date(startMs + 10 * second + staleAfterMs + 1), reason: 'stale' },
      ...{ confidence: null, evidence: [] },
    });
    const { since } = watched.tracker.status;
    watched.wait(60 * minute);
    expect(watched.tracker.status.since).toEqual(since);
  });

  test('after it an unchanged look does not bring an old state back, but has itself described', () => {
    const watched = new Watched(plain);
    watched.see('+');
    watched.wait(3 * minute);
    expect(watched.see('=')).toEqual(['unknown']);
    expect(watched.tracker.wantsConfirmation).toBe(true);
    watched.see('?');
    expect(watched.tracker.wantsConfirmation).toBe(false);
    expect(watched.see('+')).toEqual(['on']);
  });

  test('old votes do not count after it', () => {
    const watched = new Watched(twoOfThree);
    watched.see('+');
    watched.wait(3 * minute);
    expect(watched.see('+')).toEqual(['unknown']);
  });

  test('unchanged looks after uncertain answers renew nothing', () => {
    const watched = new Watched(plain);
    expect(watched.see(`+?${'='.repeat(12)}`).slice(-2)).toEqual(['on', 'unknown']);
  });
});

describe('alerts', () => {
  test('each turn raises one, however often it is confirmed', () => {
    const watched = new Watched(plain);
    watched.see('-++=+--=+');
    expect(watched.alerts.map(({ state }) => state)).toEqual(['on', 'off', 'on']);
    expect(watched.alerts[0]).toMatchObject({ confidence: 0.9, evidence: ['look 2'] });
  });

  test('within the cooldown turning on raises none, and neither does its end', () => {
    const watched = new Watched({ ...plain, cooldownMs: minute });
    watched.see('+-+-   +-');
    expect(watched.alerts.map(({ at: { monotonicMs }, state }) => [state, monotonicMs / second])).toEqual([
      ['on', 10],
      ['off', 20],
      ['on', 80],
      ['off', 90],
    ]);
    expect(watched.see('+')).toEqual(['on']);
  });

  test('a state that was unknown in between is not alerted twice', () => {
    const watched = new Watched(plain);
    watched.see('+');
    watched.wait(10 * minute);
    watched.see('+');
    watched.wait(10 * minute);
    watched.see('-');
    expect(watched.alerts.map(({ state }) => state)).toEqual(['on', 'off']);
  });
});

describe('a restart', () => {
  const cooling = { ...plain, cooldownMs: 10 * minute };
  const before = new Watched(cooling);
  before.see('-+=');
  const snapshot = JSON.parse(JSON.stringify(before.tracker.snapshot(before.at))) as RuleSnapshot;

  function restarted(elapsedMs: number | null): Watched {
    const watched = new Watched(cooling, 5 * second);
    watched.tracker.restore(
      { ...snapshot, status: { ...snapshot.status, since: new Date(snapshot.status.since!) } },
      elapsedMs,
      watched.at,
    );
    return watched;
  }

  test('restores a state whose evidence is still fresh, and no longer than that', () => {
    const watched = restarted(110 * second);
    expect(watched.tracker.status).toMatchObject({ state: 'on', evidence: ['look 2'] });
    watched.wait(10 * second);
    expect(watched.state).toBe('on');
    watched.wait(1);
    expect(watched.state).toBe('unknown');
  });

  test.each([
    ['stale', staleAfterMs + 1],
    ['of a clock that was set', null],
    ['of a clock that went back', -1],
  ])('does not restore one that is %s', (_what, elapsedMs) => {
    expect(restarted(elapsedMs).state).toBe('unknown');
  });

  test('alerts once all the same', () => {
    const watched = restarted(60 * minute);
    watched.see('+-');
    expect(watched.alerts.map(({ state }) => state)).toEqual(['off']);
    const soon = restarted(minute);
    soon.see('-+');
    expect(soon.alerts.map(({ state }) => state)).toEqual(['off']);
  });
});

test('steps of the clock change nothing but the time that is shown', () => {
  const tracker = new RuleTracker({ ...plain, holdMs: minute }, () => staleAfterMs);
  const at = (monotonicMs: number, year: number) => ({ monotonicMs, time: new Date(Date.UTC(year, 0)) });
  const answers = { open: { value: true, confidence: null } };
  tracker.answered({ at: at(0, 1970), id: 'a', answers, settings: '' });
  tracker.unchanged(at(minute - 1, 2026));
  expect(tracker.status.state).toBe('unknown');
  expect(tracker.advance(at(minute, 2020))).toMatchObject({ state: 'on' });
  expect(tracker.status.since?.getUTCFullYear()).toBe(2020);
});

test('no rule is ever on or off without evidence within stale_after, save while a decision waits for its hold', () => {
  const random = seededRandom(7);
  const pick = (max: number): number => Math.floor(random() * max);
  const seen = { on: 0, off: 0 };
  for (let run = 0; run < 400; run++) {
    const of = 1 + pick(5);
    const agree = { votes: Math.floor(of / 2) + 1 + pick(of - Math.floor(of / 2)), of };
    const holdMs = pick(2) * pick(4 * minute);
    const watched = new Watched({ ...plain, agree, holdMs, cooldownMs: pick(5 * minute) });
    let shown: 'on' | 'off' | null = null;
    const shownMs = { on: Number.NEGATIVE_INFINITY, off: Number.NEGATIVE_INFINITY };
    for (let look = 0; look < 120; look++) {
      const kind = '++++--?=====   '[pick(15)]!;
      if (pick(40) === 0) watched.wait(pick(3 * staleAfterMs));
      watched.see(kind);
      if (kind === '+') shown = 'on';
      if (kind === '-') shown = 'off';
      if (kind === '?') shown = null;
      if (shown && kind !== ' ') shownMs[shown] = watched.ms;
      const { state } = watched.tracker.status;
      if (state === 'unknown') continue;
      seen[state]++;
      const other = state === 'on' ? 'off' : 'on';
      const ageMs = watched.ms - shownMs[state];
      const isHeld = ageMs <= holdMs + staleAfterMs && watched.ms - shownMs[other] <= staleAfterMs;
      expect(ageMs <= staleAfterMs || isHeld, `run ${run}, look ${look}: ${state}`).toBe(true);
    }
    const turns = watched.alerts.map(({ state }) => state);
    expect(turns.every((state, at) => state === (at % 2 === 0 ? 'on' : 'off'))).toBe(true);
  }
  expect(Math.min(seen.on, seen.off)).toBeGreaterThan(1000);
});
