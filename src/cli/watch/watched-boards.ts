import type { HealthPayload } from '../../contract/health-payload.ts';
import type { InfoPayload } from '../../contract/info.ts';
import type { AnswerPayload, CameraStatusPayload, DescriptionPayload } from '../../contract/payloads.ts';
import type { RulePayload } from '../../contract/rule-payloads.ts';
import type { VisionPayload } from '../../contract/vision-payload.ts';
import type { BoardMessage } from '../../mqtt/board-messages.ts';
import { alertId, alertWords } from './words.ts';

/** What is known of a camera; null: nothing yet. */
export interface WatchedCamera {
  status: CameraStatusPayload | null;
  vision: VisionPayload | null;
  description: DescriptionPayload | null;
  /** By question. */
  readonly answers: Map<string, AnswerPayload>;
  /** By name. */
  readonly rules: Map<string, RulePayload>;
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

/** A description or an alert, for the list of the newest ones of all cameras. */
export interface News {
  readonly device: string;
  readonly camera: string;
  /** The same one can arrive again. */
  readonly id: string;
  /** UTC, ISO 8601. */
  readonly at: string;
  readonly words: string;
  readonly isAlert: boolean;
}

const maxNews = 100;
/** Whoever may publish could invent any number of them. */
const maxBoards = 100;
const maxCameras = 500;
/** Questions of a camera, and rules. */
const maxNames = 200;

/** The state of the boards, as their messages make it. */
export class WatchedBoards {
  readonly boards = new Map<string, WatchedBoard>();
  /** The newest first. */
  news: readonly News[] = [];
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
    const news = newsOf(message);
    if (news) this.#addNews(news);
    if (message.content === null && isForgotten(board)) this.boards.delete(device);
  }

  #addNews(added: News): void {
    const others = this.news.filter(({ id }) => id !== added.id);
    const newer = others.findLastIndex(({ at }) => at > added.at) + 1;
    this.news = [...others.slice(0, newer), added, ...others.slice(newer)].slice(0, maxNews);
  }
}

function newsOf(message: BoardMessage): News | null {
  const { device, camera, content } = message;
  if (!content?.payload) return null;
  if (message.channel === 'description') {
    const { id, captured_at, description } = message.content!.payload!;
    return { device, camera, id, at: captured_at, words: description, isAlert: false };
  }
  if (message.channel !== 'alert') return null;
  const alert = message.content!.payload!;
  return { device, camera, id: alertId(alert), at: alert.at, words: alertWords(alert), isAlert: true };
}

function applyToBoard(board: WatchedBoard, message: BoardMessage): void {
  noteFault(board.faults, message.channel, message);
  if (message.channel === 'status')
    board.isOnline = message.content?.payload ? message.content.payload.state === 'online' : null;
  if (message.channel === 'info') board.info = message.content?.payload ?? null;
  if (message.channel === 'health') board.health = message.content?.payload ?? null;
}

function applyToCamera(camera: WatchedCamera, message: BoardMessage): void {
  const { channel, name } = message;
  noteFault(camera.faults, name === '' ? channel : `${channel} ${name}`, message);
  if (channel === 'cameraStatus') camera.status = message.content?.payload ?? null;
  if (channel === 'vision') camera.vision = message.content?.payload ?? null;
  if (channel === 'description') camera.description = message.content?.payload ?? null;
  if (channel === 'answer') setNamed(camera.answers, name, message.content?.payload);
  if (channel === 'rule') setNamed(camera.rules, name, message.content?.payload);
}

function setNamed<Payload>(
  named: Map<string, Payload>,
  name: string,
  payload: Payload | null | undefined,
): void {
  if (!payload) named.delete(name);
  else if (named.has(name) || named.size < maxNames) named.set(name, payload);
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
  rules: new Map(),
  faults: new Map(),
});

function isEmpty({ status, vision, description, answers, rules, faults }: WatchedCamera): boolean {
  return !status && !vision && !description && answers.size + rules.size + faults.size === 0;
}

function isForgotten({ isOnline, info, health, cameras, faults }: WatchedBoard): boolean {
  return isOnline === null && !info && !health && cameras.size + faults.size === 0;
}
