import { expect, test, vi } from 'vitest';
import { metricFamilies, sampleOf } from '../../tools/test/metric-samples.ts';
import { observation } from '../../tools/test/observation.ts';
import { boardHealth, busyMetrics, metricsOf, porchHealth } from '../../tools/test/running-metrics.ts';

/** The value of `scenecast_<series>`. */
async function valueIn(metrics: ReturnType<typeof metricsOf>, series: string): Promise<number | undefined> {
  return sampleOf(await metrics.text(), `scenecast_${series}`);
}

test('frames are counted by how they ended, from zero', async () => {
  const metrics = metricsOf();
  expect(await valueIn(metrics, 'frames_total{camera="porch",outcome="unchanged"}')).toBe(0);
  for (const type of ['captured', 'captured', 'described'] as const)
    metrics.publisher.event({ type, id: '1', camera: 'porch' });
  metrics.publisher.event({ type: 'unchanged', id: '2', camera: 'porch', reason: 'canary' });
  expect(await valueIn(metrics, 'frames_captured_total{camera="porch"}')).toBe(2);
  expect(await valueIn(metrics, 'frames_total{camera="porch",outcome="described"}')).toBe(1);
  expect(await valueIn(metrics, 'frames_total{camera="porch",outcome="unchanged"}')).toBe(1);
  expect(await valueIn(metrics, 'frames_total{camera="porch",outcome="failed"}')).toBe(0);
  expect(await metrics.text()).not.toContain('canary');
});

test('a description is measured in seconds, as a whole and by stage', async () => {
  const metrics = metricsOf();
  const described = observation();
  metrics.publisher.observation({
    ...described,
    trigger: 'change',
    frame: { ...described.frame, captureMs: 40 },
    queueMs: 500,
    totalMs: 8000,
    description: {
      ...described.description,
      timings: { packMs: 5, encodeMs: 3000, prefillMs: 1455, generateMs: 3000 },
      tokens: { image: 576, imageOmitted: 1372, prompt: 20, completion: 30, drafted: 10, accepted: 8 },
    },
  });
  expect(await valueIn(metrics, 'descriptions_total{camera="porch",trigger="change"}')).toBe(1);
  expect(await valueIn(metrics, 'description_duration_seconds_sum{camera="porch"}')).toBe(8);
  const bucket = 'description_duration_seconds_bucket{le="5",camera="porch"}';
  expect(await valueIn(metrics, bucket)).toBe(0);
  expect(await valueIn(metrics, bucket.replace('"5"', '"10"'))).toBe(1);
  const seconds = { capture: 0.04, queue: 0.5, pack: 0.005, encode: 3, prefill: 1.455, generate: 3 };
  for (const [stage, expected] of Object.entries(seconds))
    expect(await valueIn(metrics, `stage_duration_seconds_sum{camera="porch",stage="${stage}"}`)).toBe(
      expected,
    );
  expect(await valueIn(metrics, 'tokens_total{kind="image"}')).toBe(576);
  expect(await valueIn(metrics, 'tokens_total{kind="completion"}')).toBe(30);
  expect(await valueIn(metrics, 'tokens_image_omitted_total')).toBe(1372);
  expect(await valueIn(metrics, 'tokens_drafted_total')).toBe(10);
  expect(await valueIn(metrics, 'tokens_accepted_total')).toBe(8);
});

test('answers are numbers, or one of the values of their question; free text is not shown', async () => {
  const metrics = busyMetrics();
  expect(await valueIn(metrics, 'answer_value{camera="porch",question="gate_open"}')).toBe(1);
  expect(await valueIn(metrics, 'answer_value{camera="porch",question="people"}')).toBe(4);
  expect(await valueIn(metrics, 'answer_choice{camera="porch",question="weather",value="rain"}')).toBe(1);
  expect(await valueIn(metrics, 'answer_choice{camera="porch",question="weather",value="dry"}')).toBe(0);
  expect(await valueIn(metrics, 'answers_total{camera="porch",question="note"}')).toBe(1);
  expect(await metrics.text()).not.toMatch(/free text|what .* shows/);
  metrics.publisher.observation(observation({ answers: { gate_open: false } }));
  expect(await valueIn(metrics, 'answer_value{camera="porch",question="gate_open"}')).toBe(0);
});

test('an answer has a confidence, and no value while it is uncertain', async () => {
  const metrics = busyMetrics();
  const question = '{camera="porch",question="gate_open"}';
  expect(await valueIn(metrics, `answer_confidence_ratio${question}`)).toBe(0.75);
  expect(await valueIn(metrics, 'answer_confidence_ratio{camera="porch",question="note"}')).toBeUndefined();
  expect(await valueIn(metrics, `answers_uncertain_total${question}`)).toBe(0);
  const uncertain = { value: null, confidence: 0.5, isCalibrated: true };
  const judged = { gate_open: uncertain, weather: uncertain };
  metrics.publisher.observation({ ...observation(), judged });
  expect(await valueIn(metrics, `answer_confidence_ratio${question}`)).toBe(0.5);
  expect(await valueIn(metrics, `answer_value${question}`)).toBeUndefined();
  expect(await valueIn(metrics, 'answer_choice{camera="porch",question="weather",value="rain"}')).toBe(0);
  expect(await valueIn(metrics, `answers_uncertain_total${question}`)).toBe(1);
  expect(await valueIn(metrics, `answers_total${question}`)).toBe(2);
});

test('a rule has its state, and its alerts are counted, but not their ends', async () => {
  const metrics = busyMetrics();
  const rule = 'camera="porch",rule="gate_left_open"';
  expect(await valueIn(metrics, `rule_state{${rule},state="on"}`)).toBe(1);
  expect(await valueIn(metrics, `rule_state{${rule},state="unknown"}`)).toBe(0);
  expect(await valueIn(metrics, `alerts_total{${rule}}`)).toBe(0);
  const turned = { camera: 'porch', at: new Date(), confidence: null, evidence: [], text: 'canary' };
  for (const state of ['on', 'off'] as const) {
    await metrics.publisher.alert({ ...turned, rule: 'gate_left_open', watch: null, state });
    await metrics.publisher.alert({ ...turned, rule: null, watch: { id: 'canary', note: 'canary' }, state });
  }
  expect(await valueIn(metrics, `alerts_total{${rule}}`)).toBe(1);
  expect(await valueIn(metrics, 'alerts_total{camera="porch",rule=""}')).toBe(1);
  expect(await metrics.text()).not.toContain('canary');
});

test('a camera has its state, its ages and what its gate measured', async () => {
  const now = vi.spyOn(performance, 'now').mockReturnValue(1000);
  const metrics = busyMetrics();
  now.mockReturnValue(4500);
  expect(await valueIn(metrics, 'camera_state{camera="porch",state="online"}')).toBe(1);
  expect(await valueIn(metrics, 'camera_state{camera="porch",state="offline"}')).toBe(0);
  expect(await valueIn(metrics, 'camera_problem{camera="porch",problem="frozen"}')).toBe(0);
  expect(await valueIn(metrics, 'camera_vision{camera="porch",state="stale"}')).toBe(1);
  expect(await valueIn(metrics, 'camera_frame_age_seconds{camera="porch"}')).toBe(3.5);
  expect(await valueIn(metrics, 'camera_description_age_seconds{camera="porch"}')).toBe(3.5);
  expect(await valueIn(metrics, 'camera_effective_interval_seconds{camera="porch"}')).toBe(7.5);
  expect(await valueIn(metrics, 'gate_change_ratio{camera="porch"}')).toBe(0.015);
  expect(await valueIn(metrics, 'gate_threshold_ratio{camera="porch"}')).toBe(0.005);
  expect(await valueIn(metrics, 'uptime_seconds')).toBe(3.5);
});

test('a camera without a picture has no age, and one outside its hours is paused', async () => {
  const metrics = metricsOf();
  expect(await valueIn(metrics, 'camera_frame_age_seconds{camera="porch"}')).toBeUndefined();
  expect(await valueIn(metrics, 'camera_paused{camera="porch"}')).toBe(0);
  const settings = { paused: false, intervalMs: 5000, prompt: 'default' };
  metrics.publisher.cameraSettings('porch', settings, { open: false, until: null });
  expect(await valueIn(metrics, 'camera_paused{camera="porch"}')).toBe(1);
  metrics.publisher.cameraSettings('porch', { ...settings, paused: true }, null);
  expect(await valueIn(metrics, 'camera_paused{camera="porch"}')).toBe(1);
  metrics.publisher.cameraSettings('porch', settings, { open: true, until: null });
  expect(await valueIn(metrics, 'camera_paused{camera="porch"}')).toBe(0);
});

test('engine, queue, outbox and broker are read when they are asked for', async () => {
  let [dropped, restarts] = [1, 0];
  const metrics = metricsOf({
    health: () => ({ ...porchHealth, engine: 'failing' }),
    loading: () => 0.4,
    outbox: () => ({ depth: 3, dropped, damaged: 0, fault: 'the disk is full' }),
    engines: () => [
      { model: 'quick', restarts },
      { model: 'thorough', restarts: 0 },
    ],
    isBrokerConnected: () => false,
  });
  expect(await valueIn(metrics, 'engine_state{state="failing"}')).toBe(1);
  expect(await valueIn(metrics, 'engine_loaded')).toBe(0);
  expect(await valueIn(metrics, 'queue_frames')).toBe(1);
  expect(await valueIn(metrics, 'queue_dropped_total')).toBe(2);
  expect(await valueIn(metrics, 'broker_connected')).toBe(0);
  expect(await valueIn(metrics, 'outbox_observations')).toBe(3);
  expect(await valueIn(metrics, 'outbox_age_seconds')).toBe(2.5);
  expect(await valueIn(metrics, 'outbox_failing')).toBe(1);
  [dropped, restarts] = [5, 1];
  expect(await valueIn(metrics, 'outbox_dropped_total')).toBe(5);
  expect(await valueIn(metrics, 'engine_restarts_total{model="quick"}')).toBe(1);
  expect(await metrics.text()).not.toContain('disk is full');
});

test('what is unknown is left out, also after it was known', async () => {
  const metrics = metricsOf({ health: () => null });
  expect(await valueIn(metrics, 'queue_frames')).toBeUndefined();
  expect(await valueIn(metrics, 'board_temperature_celsius')).toBeUndefined();
  metrics.publisher.health(boardHealth);
  expect(await valueIn(metrics, 'board_temperature_celsius')).toBe(51.5);
  expect(await valueIn(metrics, 'board_under_voltage')).toBe(1);
  expect(await valueIn(metrics, 'process_memory_bytes{process="engine"}')).toBe(2000);
  const board = { ...boardHealth.board!, temperatureC: null };
  metrics.publisher.health({ ...boardHealth, board, memory: { daemonBytes: 100, engineBytes: null } });
  expect(await valueIn(metrics, 'board_temperature_celsius')).toBeUndefined();
  expect(await valueIn(metrics, 'process_memory_bytes{process="engine"}')).toBeUndefined();
  expect(await valueIn(metrics, 'process_memory_bytes{process="daemon"}')).toBe(100);
});

test('two hours of frames do not add series', async () => {
  const metrics = busyMetrics();
  const before = (await metrics.text()).split('\n').length;
  for (let frame = 0; frame < 2000; frame++) {
    metrics.publisher.event({ type: 'failed', id: `${frame}`, camera: 'porch', reason: `${frame}` });
    const answers = { note: `${frame}`, people: frame, weather: 'dry' };
    metrics.publisher.observation(observation({ answers }));
  }
  expect((await metrics.text()).split('\n')).toHaveLength(before);
});

test('names and units are as Prometheus asks for', async () => {
  const families = metricFamilies(await busyMetrics().text());
  expect(families.length).toBeGreaterThan(40);
  for (const { name, type, help } of families) {
    expect(name).toMatch(/^scenecast_[a-z_]+$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(name, name).not.toMatch(/_(ms|milliseconds|percent|kb|mb|c)(_total)?$/);
    expect(help, name).not.toBe('');
  }
});
