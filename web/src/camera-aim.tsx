import { useEffect, useState } from 'preact/hooks';
import type { WindowAim, WindowCamera, WindowGateReading } from '../../src/contract/window.ts';
import { post } from './api.ts';
import { GateChart } from './gate-chart.tsx';
import { changesAt, peaksOf, sensitivityOf, thresholdOf } from './gate-measures.ts';
import { LivePicture } from './live-picture.tsx';
import { useBoardNow, usePage } from './page-context.ts';
import { useCommand } from './use-command.ts';
import { YamlToPaste } from './yaml-to-paste.tsx';
import { ZoneCorners } from './zone-corners.tsx';
import { ZoneList } from './zone-list.tsx';
import { ZoneShapes } from './zone-shapes.tsx';
import { aimYaml, type Selection, type Zones } from './zones.ts';

interface CameraAimProps {
  readonly id: string;
  readonly camera: WindowCamera;
  readonly hasPictures: boolean;
  /** Whether changes may be applied from here. */
  readonly canApply: boolean;
  /** Oldest first. */
  readonly readings: readonly WindowGateReading[];
}

const hourMs = 3_600_000;
/** The chart has a dot for each, about one for each of its pixels. */
const stretchMs = 10_000;

/** What is drawn here and how sensitive the gate shall be; it counts once it is applied. */
export function CameraAim({ id, camera, hasPictures, canApply, readings }: CameraAimProps) {
  const { texts, live, announce } = usePage();
  const { aim } = camera;
  const [zones, setZones] = useState<Zones>(aim);
  const [sensitivity, setSensitivity] = useState(aim.sensitivity);
  const command = useCommand();
  const [selected, select] = useState<Selection | null>(null);
  const now = useBoardNow(stretchMs);
  useEffect(() => void live.readGate(id).catch(() => {}), [live, id]);
  const recent = readings.filter(({ at }) => now - Date.parse(at) < hourMs);
  const yaml = aimYaml(id, zones, sensitivity);
  const take = (taken: WindowAim): void => {
    setZones(taken);
    setSensitivity(taken.sensitivity);
    select(null);
  };
  const apply = async (): Promise<void> => {
    const { ignore, privacy } = zones;
    take(await post<WindowAim>(`cameras/${encodeURIComponent(id)}/aim`, { sensitivity, ignore, privacy }));
    announce(texts.aim.applied);
  };
  return (
    <div class="aim">
      <div class="watched">
        <section aria-label={texts.aim.live(camera.name)}>
          {/* With other private zones, what was shown before them is gone at once. */}
          <LivePicture
            key={JSON.stringify(aim.privacy)}
            id={id}
            name={camera.name}
            isOn={hasPictures}
            lookedAt={recent.at(-1)?.at ?? null}
          >
            <ZoneShapes zones={zones} selected={selected} />
            <ZoneCorners zones={zones} selected={selected} onSelect={select} onChange={setZones} />
          </LivePicture>
        </section>
        <section class="gate" aria-labelledby="gate-title">
          <h2 id="gate-title">{texts.aim.measure}</h2>
          {sensitivity === null ? (
            <p>{texts.aim.noGate}</p>
          ) : (
            <Sensitivity readings={recent} now={now} value={sensitivity} onChange={setSensitivity} />
          )}
        </section>
      </div>
      <div class="controls">
        <section aria-labelledby="zones-title">
          <h2 id="zones-title">{texts.aim.zones}</h2>
          <ZoneList
            zones={zones}
            hasGate={sensitivity !== null}
            onSelect={select}
            onChange={(changed) => {
              setZones(changed);
              select(null);
            }}
          />
          {zones.privacy.length > aim.privacy.length && <p class="fault">{texts.aim.blackHere}</p>}
        </section>
        <YamlToPaste
          yaml={yaml}
          isChanged={yaml !== aimYaml(id, aim, aim.sensitivity)}
          command={command}
          onApply={canApply ? () => command.run(apply) : null}
          onReset={() => take(aim)}
        />
      </div>
    </div>
  );
}

interface SensitivityProps {
  readonly readings: readonly WindowGateReading[];
  /** By the clock of the board. */
  readonly now: number;
  readonly value: number;
  readonly onChange: (value: number) => void;
}

/** The gate's measures, and the threshold that a sensitivity would give. */
function Sensitivity({ readings, now, value, onChange }: SensitivityProps) {
  const { texts, format } = usePage();
  const threshold = thresholdOf(value);
  const measured = readings.filter(({ measure }) => measure !== null);
  return (
    <>
      <GateChart
        readings={peaksOf(readings, stretchMs)}
        now={now}
        threshold={threshold}
        onThreshold={(wanted) => onChange(sensitivityOf(wanted))}
      />
      <label>
        {texts.aim.sensitivity} <output>{format.number(value)}</output>
        <input
          type="range"
          min={0}
          max={100}
          step={1}
          value={value}
          aria-valuetext={`${value}, ${texts.aim.threshold(format.percent(threshold / 100, 2))}`}
          onInput={(event) => onChange(Number(event.currentTarget.value))}
        />
      </label>
      <p class="facts">{texts.aim.threshold(format.percent(threshold / 100, 2))}</p>
      {measured.length === 0 ? (
        <p>{texts.aim.noMeasures}</p>
      ) : (
        <p>
          {texts.aim.wouldHave(format.number(changesAt(measured, threshold)), format.number(measured.length))}
        </p>
      )}
    </>
  );
}
