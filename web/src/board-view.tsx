import { useEffect, useState } from 'preact/hooks';
import type { WindowBoard, WindowState } from '../../src/contract/window.ts';
import { get } from './api.ts';
import { BoardCores } from './board-cores.tsx';
import { BoardHealth } from './board-health.tsx';
import { BoardLog } from './board-log.tsx';
import { BoardMemory } from './board-memory.tsx';
import { BoardPlan } from './board-plan.tsx';
import { CopyButton } from './copy-button.tsx';
import { usePage } from './page-context.ts';
import { reportOf } from './report.ts';

const readEveryMs = 5000;

/** How the board does: plan, memory, cores, health, warnings, versions. */
export function BoardView({ window }: { readonly window: WindowState }) {
  const { texts } = usePage();
  const board = useBoard();
  const models = board?.models ?? [];
  return (
    <>
      <h1>{board?.board ?? texts.board.title}</h1>
      <div class="panels">
        {board && <BoardPlan models={models} />}
        <BoardMemory window={window} models={models} />
        {board && <BoardCores board={board} isThrottled={window.health?.board?.clock_limited ?? null} />}
        <BoardHealth window={window} models={models} />
        {board && <BoardLog lines={board.log} />}
        <section>
          <h2>{texts.board.versions}</h2>
          <dl class="facts-list">
            <div>
              <dt>{texts.board.version}</dt>
              <dd>{window.version}</dd>
            </div>
            {models.map(({ build, role }) => (
              <div key={role ?? ''}>
                <dt>{texts.board.build}</dt>
                <dd>{build ?? '–'}</dd>
              </div>
            ))}
          </dl>
          <p class="facts">{texts.board.reportHint}</p>
          <div class="row">
            <CopyButton text={texts.board.report} content={() => reportOf(window, board)} />
          </div>
        </section>
      </div>
    </>
  );
}

/** What the daemon reads of the board, again and again while the view is open and seen; null: not yet. */
function useBoard(): WindowBoard | null {
  const [board, setBoard] = useState<WindowBoard | null>(null);
  useEffect(() => {
    const read = (): void => {
      // That the board is away is said elsewhere; what was read last stays.
      if (!document.hidden) get<WindowBoard>('board').then(setBoard, () => {});
    };
    read();
    const timer = setInterval(read, readEveryMs);
    return () => clearInterval(timer);
  }, []);
  return board;
}
