import { expect, test } from 'vitest';
import { workflowFaults } from '../../tools/check/workflows.ts';

const workflow = `on: { schedule: [{ cron: "17 3 * * 1" }] }
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - run: echo "$\{{ github.ref }}"
  b:
    needs: a
    runs-on: ubuntu-latest
    steps:
      - run: echo
`;

test('a workflow without a fault has none', async () => {
  expect(await workflowFaults('a.yml', workflow)).toEqual([]);
});

test.each([
  ['an unknown key', 'run:', 'runs:', /Line: 7, Col: 9\): Unexpected value 'runs'/],
  ['an unknown name', 'github.ref', 'githb.ref', /Line: 7.*Unrecognized named-value: 'githb'/],
  ['a job that is not there', 'needs: a', 'needs: c', /Job 'b' depends on unknown job 'c'/],
  ['a schedule', '17 3 *', '17 3', /Line: 1.*Invalid cron expression/],
  ['a branch of an action', '@v5', '@main', /Line: 6\): actions\/checkout@main is not pinned/],
])('%s is a fault', async (_, right, wrong, fault) => {
  const [first] = await workflowFaults('a.yml', workflow.replace(right, wrong));
  expect(first).toMatch(fault);
});
