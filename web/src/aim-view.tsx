import type { WindowState } from '../../src/contract/window.ts';
import { CameraAim } from './camera-aim.tsx';
import { usePage } from './page-context.ts';
import type { PageState } from './page-state.ts';

interface AimViewProps {
  readonly window: WindowState;
  readonly gates: PageState['gates'];
  /** null: the first one. */
  readonly camera: string | null;
}

/** One camera, as large as it goes, with its gate and zones. */
export function AimView({ window, gates, camera }: AimViewProps) {
  const { texts } = usePage();
  const names = Object.keys(window.cameras);
  const chosen = camera !== null && names.includes(camera) ? camera : names[0];
  if (chosen === undefined)
    return (
      <div class="empty">
        <h1>{texts.aim.title}</h1>
        <p>{texts.now.noCameras}</p>
      </div>
    );
  return (
    <>
      <h1 class="unseen">{texts.aim.title}</h1>
      {names.length > 1 && (
        <label class="choose">
          {texts.aim.camera}{' '}
          <select
            value={chosen}
            onChange={(event) => {
              location.hash = `aim/${encodeURIComponent(event.currentTarget.value)}`;
            }}
          >
            {names.map((name) => (
              <option key={name} value={name}>
                {window.cameras[name]!.name}
              </option>
            ))}
          </select>
        </label>
      )}
      {/* Another camera begins with zones of its own. */}
      <CameraAim
        key={chosen}
        id={chosen}
        camera={window.cameras[chosen]!}
        hasPictures={window.pictures}
        canApply={window.allowed.aim}
        readings={gates[chosen] ?? []}
      />
    </>
  );
}
