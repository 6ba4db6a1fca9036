import { cameraConfigPayload } from '../contract/camera-config.ts';
import { healthPayload } from '../contract/health-payload.ts';
import { answerPayload, cameraStatusPayload, observedPayload } from '../contract/payloads.ts';
import { raisedAlertPayload, rulePayload } from '../contract/rule-payloads.ts';
import { visionPayload } from '../contract/vision-payload.ts';
import { watchesPayload } from '../contract/watches.ts';
import {
  maxWindowAlerts,
  type WindowAim,
  type WindowCamera,
  type WindowEvents,
  type WindowState,
} from '../contract/window.ts';
import type { CameraAim } from '../domain/camera-aim.ts';
import type { CameraSettings } from '../domain/camera-settings.ts';
import type { CameraVision } from '../domain/camera-vision.ts';
import type { GateReading, Health, OutboxHealth } from '../domain/health.ts';
import type { WindowRole } from '../domain/kept-session.ts';
import type { CameraStatus, FrameEvent, Observation } from '../domain/observation.ts';
import type { Alert, RuleStatus } from '../domain/rule-status.ts';
import type { Watch } from '../domain/watch.ts';
import type { HoursState } from '../domain/working-hours.ts';
import type { Publisher } from '../pipeline/ports.ts';
import type { EventStream } from './event-stream.ts';
import type { GateHistory } from './gate-history.ts';
import { LooksInProgress } from './looks-in-progress.ts';
import type { OnStage } from './watched-describer.ts';

/** What the config says of a camera. */
export type CameraFacts = Pick<WindowCamera, 'name' | 'source' | 'questions' | 'rule_specs' | 'collects'>;

/** What does not change while the daemon runs. */
export interface WindowFacts
  extends Pick<
    WindowState,
    'device' | 'name' | 'version' | 'pictures' | 'history' | 'labels' | 'allowed' | 'prompts'
  > {
  readonly cameras: Readonly<Record<string, CameraFacts>>;
}

/** What the window asks for, since nobody reports it. */
export interface WindowReadings {
  /** How much of the model is loaded, from 0 to 1; null: all of it. */
  readonly loading: () => number | null;
  readonly isBrokerConnected: () => boolean;
  readonly outbox: () => OutboxHealth;
  readonly aim: (camera: string) => CameraAim;
}

type Shown = Pick<
  WindowCamera,
  'status' | 'config' | 'vision' | 'observation' | 'answers' | 'rules' | 'measured'
>;

const nothingYet: Shown = {
  ...{ status: null, config: null, vision: null, observation: null },
  ...{ answers: {}, rules: {}, measured: {} },
};
const nothingAllowed: WindowState['allowed'] = {
  ...{ describe: false, ask: false, watch: false, feedback: false, aim: false },
  set: [],
};

/** Keeps the newest of everything that the pipeline reports, for pages that are opened later, and sends it to those that are open. */
export class WindowFeed implements Publisher {
  readonly #facts: WindowFacts;
  readonly #readings: WindowReadings;
  readonly #stream: EventStream;
  readonly #gates: GateHistory;
  readonly #looks = new LooksInProgress();
  readonly #shown = new Map<string, Shown>();
  #health: WindowEvents['health'] | null = null;
  #progress: WindowEvents['progress'] | null = null;
  #alerts: WindowState['alerts'] = [];
  #watches: WindowState['watches'] = [];

  constructor(facts: WindowFacts, readings: WindowReadings, stream: EventStream, gates: GateHistory) {
    this.#facts = facts;
    this.#readings = readings;
    this.#stream = stream;
    this.#gates = gates;
  }

  /** Everything, as a page of that role sees it. */
  state(role: WindowRole): WindowState {
    const { cameras, allowed, ...facts } = this.#facts;
    const progress = this.#progressNow();
    // Only what differs from what the first reader got is news.
    this.#progress ??= progress;
    return {
      schema: 1,
      at: new Date().toISOString(),
      ...facts,
      role,
      allowed: role === 'owner' ? allowed : nothingAllowed,
      ...progress,
      health: this.#health,
      alerts: this.#alerts,
      watches: this.#watches,
      cameras: Object.fromEntries(
        Object.entries(cameras).map(([camera, fixed]) => [
          camera,
          {
            ...fixed,
            aim: aimPayload(this.#readings.aim(camera)),
            look: this.#looks.of(camera),
            ...this.#of(camera),
          },
        ]),
      ),
    };
  }

  /** Sends how far the model is loaded, and whether there is a broker, if that has changed. */
  sendProgress(): void {
    const progress = this.#progressNow();
    const before = this.#progress;
    const isSame = before?.loading === progress.loading && before?.broker === progress.broker;
    if (isSame) return;
    this.#progress = progress;
    this.#stream.send('progress', progress);
  }

  cameraStatus(camera: string, status: CameraStatus): void {
    const payload = cameraStatusPayload(status);
    this.#show(camera, { status: payload });
    this.#stream.send('status', { camera, payload });
  }

  cameraSettings(camera: string, settings: CameraSettings, hours: HoursState | null): void {
    const payload = cameraConfigPayload(settings, hours);
    this.#show(camera, { config: payload });
    this.#stream.send('config', { camera, payload });
  }

  cameraAim(camera: string, aim: CameraAim): void {
    this.#stream.send('aim', { camera, payload: aimPayload(aim) });
  }

  cameraVision(camera: string, vision: CameraVision): void {
    const payload = visionPayload(vision);
    this.#show(camera, { vision: payload });
    this.#stream.send('vision', { camera, payload });
  }

  observation(observation: Observation): void {
    const payload = observedPayload(observation, new Date());
    const { camera, description } = payload;
    const answers = Object.fromEntries(
      Object.entries(observation.judged).map(([question, answer]) => [
        question,
        answerPayload(payload, answer),
      ]),
    );
    this.#show(camera, {
      // One of two models may only have answered.
      ...(description !== null && { observation: payload }),
      answers: { ...this.#of(camera).answers, ...answers },
    });
    this.#stream.send('observation', { camera, payload });
    if (Object.keys(answers).length > 0) this.#stream.send('answers', { camera, payload: answers });
  }

  /** What `scenecast eval` has measured of a camera's questions. */
  measured(camera: string, payload: WindowCamera['measured']): void {
    this.#show(camera, { measured: payload });
    this.#stream.send('measured', { camera, payload });
  }

  event(event: FrameEvent): void {
    this.#looks.event(event);
    this.#sendLook(event.camera);
  }

  readonly stage: OnStage = (camera, id, stage) => {
    this.#looks.reached(camera, id, stage);
    this.#sendLook(camera);
  };

  rule(camera: string, rule: string, status: RuleStatus): void {
    const payload = rulePayload(status);
    this.#show(camera, { rules: { ...this.#of(camera).rules, [rule]: payload } });
    this.#stream.send('rule', { camera, payload: { rule, status: payload } });
  }

  async alert(alert: Alert): Promise<void> {
    const payload = raisedAlertPayload(alert, null);
    this.#alerts = [payload, ...this.#alerts].slice(0, maxWindowAlerts);
    this.#stream.send('alert', payload);
  }

  watches(watches: readonly Watch[]): void {
    this.#watches = watchesPayload(watches).watches;
    this.#stream.send('watches', this.#watches);
  }

  health(health: Health): void {
    this.#health = healthPayload({ ...health, outbox: this.#readings.outbox() }, new Date());
    this.#stream.send('health', this.#health);
  }

  gate(camera: string, reading: GateReading, changed: boolean): void {
    this.#stream.send('gate', { camera, payload: this.#gates.add(camera, reading, changed) });
  }

  #sendLook(camera: string): void {
    this.#stream.send('look', { camera, payload: this.#looks.of(camera) });
  }

  #progressNow(): WindowEvents['progress'] {
    return { loading: this.#readings.loading(), broker: this.#readings.isBrokerConnected() };
  }

  #of(camera: string): Shown {
    return this.#shown.get(camera) ?? nothingYet;
  }

  #show(camera: string, part: Partial<Shown>): void {
    this.#shown.set(camera, { ...this.#of(camera), ...part });
  }
}

/** Copied, as payloads can be changed. */
export function aimPayload({ sensitivity, ignore, privacy }: CameraAim): WindowAim {
  const copied = (zones: CameraAim['ignore']): WindowAim['ignore'] =>
    zones.map((zone) => zone.map(([x, y]) => [x, y]));
  return { sensitivity, ignore: copied(ignore), privacy: copied(privacy) };
}
