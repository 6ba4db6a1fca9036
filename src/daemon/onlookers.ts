import type { Publisher } from '../pipeline/ports.ts';
import type { RecentWarnings } from './recent-warnings.ts';

/** What shows a person how the daemon does; null: it is not there. */
export interface Onlookers {
  /** For the window. */
  readonly warnings: RecentWarnings | null;
  /** Gets the pipeline's results after MQTT. */
  readonly display: Publisher | null;
}
