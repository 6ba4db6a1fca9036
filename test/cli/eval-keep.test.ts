import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { answerReport } from '../../src/answers/answer-report.ts';
import { KeptMeasures } from '../../src/cli/eval-keep.ts';
import type { ReportedSetting } from '../../src/cli/eval-text.ts';
import type { LabelledQuestion } from '../../src/domain/label.ts';
import { MeasuredFile } from '../../src/store/measured-file.ts';

function settingOf(name: string): ReportedSetting {
  const question: LabelledQuestion = { name, ask: 'Is it so?', type: { kind: 'boolean' } };
  const judged = [{ picture: '1.jpg', truth: true, answer: true, confidence: 0.9 }];
  return {
    ...{ model: { name: 'demo', quant: 'F16', build: '' }, pictures: 1, secondsPerPicture: 1, unfit: 0 },
    questions: [{ camera: 'porch', question, judged, report: answerReport(judged) }],
  };
}

test('two that measure different questions at once keep both', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scenecast-keep-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'config.yaml');
  const config = {
    device: 'workshop',
    store: { folder: 'state' },
    cameras: { porch: { source: { type: 'scene' } } },
  };
  writeFileSync(path, JSON.stringify(config));
  const names = ['a', 'b', 'c', 'd', 'e'];
  const kept = await Promise.all(names.map(() => KeptMeasures.open(path)));
  await Promise.all(kept.map((each, index) => each.save(settingOf(names[index]!), new Date())));
  const measured = await new MeasuredFile(join(folder, 'state/measured-workshop.json')).read();
  expect(measured.map(({ question }) => question).toSorted()).toEqual(names);
  expect(readdirSync(join(folder, 'state'))).toEqual(['measured-workshop.json']);
});
