import type { CameraAim } from '../domain/camera-aim.ts';
import type { Picture } from '../domain/frame.ts';
import type { Gate, Look } from '../pipeline/ports.ts';

/**
 * A gate that follows a camera's aim. With another aim it begins again, and every picture counts as a change until one has been
 * described: what was described before cannot be compared with.
 */
export class AimedGate implements Gate {
  readonly #aim: () => CameraAim;
  readonly #create: (aim: CameraAim) => Gate;
  #current: { readonly aim: CameraAim; readonly gate: Gate };
  #mustDescribe = false;

  /** @param aim gives the same object until it changes */
  constructor(aim: () => CameraAim, create: (aim: CameraAim) => Gate) {
    this.#aim = aim;
    this.#create = create;
    this.#current = { aim: aim(), gate: create(aim()) };
  }

  async look(picture: Picture): Promise<Look> {
    const aim = this.#aim();
    if (aim !== this.#current.aim) {
      this.#current = { aim, gate: this.#create(aim) };
      this.#mustDescribe = true;
    }
    const current = this.#current;
    const look = await current.gate.look(picture);
    return {
      problem: look.problem,
      compare: () => {
        const { changed, reading } = look.compare();
        return { changed: changed || this.#mustDescribe, reading };
      },
      changedArea: () => look.changedArea(),
      described: () => {
        look.described();
        // A picture from before the change says nothing about the new aim.
        if (current === this.#current) this.#mustDescribe = false;
      },
    };
  }
}
