import type { HealthPayload } from '../../contract/health-payload.ts';
import type { InfoPayload } from '../../contract/info.ts';
import type { AnswerPayload, CameraStatusPayload, DescriptionPayload } from '../../contract/payloads.ts';
import type { VisionPayload } from '../../contract/vision-payload.ts';
import type { BoardMessage } from '../../mqtt/board-messages.ts';

/** What is known of a camera; null: nothing yet. */
export interface WatchedCamera {
  status: CameraStatusPayload | null;
  vision: VisionPayload | null;
  description: DescriptionPayload | null;
  /** By question. */
  readonly answers: Map<string, AnswerPayload>;
  /** By topic below the camera's: why its payload cannot be shown. */
  readonly faults: Map<string, string>;
}

export interface WatchedBoard {
  /** null: not known. */
  isOnline: boolean | null;
  info: InfoPayload | null;
  health: HealthPayload | null;
  readonly cameras: Map<string, WatchedCamera>;
  /** By topic below the board's. */
  readonly faults: Map<string, string>;
}

/** A description, for the list of the newest ones of all cameras. */
interface Sentence {
  readonly device: string;
  readonly camera: string;
  readonly description: DescriptionPayload;
}

const maxSentences = 100;
/** Whoever may publish could invent any number of them. */
const maxBoards = 100;
const maxCameras = 500;

/** The state of the boards, as their messages make it. */
export class WatchedBoards {
  readonly boards = new Map<string, WatchedBoard>();
  /** The newest first. */
  sentences: readonly Sentence[] = [];
  /** null: not connected yet. */
  isConnected: boolean | null = null;
  /** Why there is no connection, if `isConnected` is false. */
  lost = '';

  /** The broker sends what it retains: what it no longer retains is gone. */
  connected(): void {
    this.isConnected = true;
    this.boards.clear();
  }

  disconnected(reason: string): void {
    this.isConnected = false;
    this.lost = reason;
  }

  apply(message: BoardMessage): void {
    const { device, camera } = message;
    const board = entryOf(this.boards, device, maxBoards, newBoard);
    if (!board) return;
    if (camera === '') applyToBoard(board, message);
    else {
      const watched = entryOf(board.cameras, camera, maxCameras, newCamera);
      if (watched) applyToCamera(watched, message);
      if (watched && isEmpty(watched)) board.cameras.delete(camera);
    }
    const description = message.channel === 'description' ? message.content?.payload : null;
    if (description) this.#addSentence({ device, camera, description });
    if (message.content === null && isForgotten(board)) this.boards.delete(device);
  }

  #addSentence(sentence: Sentence): void {
    const { id, captured_at } = sentence.description;
    const others = this.sentences.filter(({ description }) => description.id !== id);
    const isNewer = ({ description }: Sentence): boolean => description.captured_at > captured_at;
    const newer = others.findLastIndex(isNewer) + 1;
    this.sentences = [...others.slice(0, newer), sentence, ...others.slice(newer)].slice(0, maxSentences);
  }
}

function applyToBoard(board: WatchedBoard, message: BoardMessage): void {
  noteFault(board.faults, message.channel, message);
  if (message.channel === 'status')
    board.isOnline = message.content?.payload ? message.content.payload.state === 'online' : null;
  if (message.channel === 'info') board.info = message.content?.payload ?? null;
  if (message.channel === 'health') board.health = message.content?.payload ?? null;
}

function applyToCamera(camera: WatchedCamera, message: BoardMessage): void {
  const { channel, question } = message;
  noteFault(camera.faults, question === '' ? channel : `${channel} ${question}`, message);
  if (channel === 'cameraStatus') camera.status = message.content?.payload ?? null;
  if (channel === 'vision') camera.vision = message.content?.payload ?? null;
  if (channel === 'description') camera.description = message.content?.payload ?? null;
  if (channel !== 'answer') return;
  if (message.content?.payload) camera.answers.set(question, message.content.payload);
  else camera.answers.delete(question);
}

function noteFault(faults: Map<string, string>, topic: string, { content }: BoardMessage): void {
  if (content?.fault) faults.set(topic, content.fault);
  else faults.delete(topic);
}

function entryOf<Entry>(
  entries: Map<string, Entry>,
  name: string,
  maxEntries: number,
  create: () => Entry,
): Entry | null {
  const found = entries.get(name);
  if (found || entries.size >= maxEntries) return found ?? null;
  const created = create();
  entries.set(name, created);
  return created;
}

const newBoard = (): WatchedBoard => ({
  isOnline: null,
  info: null,
  health: null,
  cameras: new Map(),
  faults: new Map(),
});

const newCamera = (): WatchedCamera => ({
  status: null,
  vision: null,
  description: null,
  answers: new Map(),
  faults: new Map(),
});

function isEmpty({ status, vision, description, answers, faults }: WatchedCamera): boolean {
  return !status && !vision && !description && answers.size + faults.size === 0;
}

function isForgotten({ isOnline, info, health, cameras, faults }: WatchedBoard): boolean {
  return isOnline === null && !info && !health && cameras.size + faults.size === 0;
}
