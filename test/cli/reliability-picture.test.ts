import { expect, test } from 'vitest';
import { reliabilityPicture } from '../../src/cli/reliability-picture.ts';

const bins = [
  { count: 10, confidence: 0.25, accuracy: 0.5 },
  { count: 40, confidence: 1, accuracy: 1 },
];

test('a bin is a dot at its confidence and accuracy, the larger the more answers it has', () => {
  const svg = reliabilityPicture([{ title: 'porch/gate_open', bins, calibrated: null }]);
  expect(svg).toContain(
    '<circle class="raw" cx="65" cy="130" r="4.5"><title>10 answers: confidence 0.25, right 0.50</title>',
  );
  expect(svg).toContain('<circle class="raw" cx="260" cy="0" r="7">');
  expect(svg).toContain('50 answers; yellow: as given<');
  expect(svg).not.toContain('class="calibrated"');
});

test('calibrated bins are drawn over the others, and names are text', () => {
  const svg = reliabilityPicture([
    { title: 'porch/<b>&"', bins, calibrated: bins },
    { title: 'two', bins, calibrated: null },
  ]);
  expect(svg.match(/<circle class="calibrated"/g)).toHaveLength(2);
  expect(svg).toContain('porch/&lt;b&gt;&amp;&quot;');
  expect(svg.match(/<g /g)).toHaveLength(2);
});
