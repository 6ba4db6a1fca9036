import type { BoardMessage } from '../../mqtt/board-messages.ts';
import { printable } from '../terminal/printable.ts';
import { alertId, alertWords, answerWords, ruleWords, secondsWords, troublesOf } from './words.ts';

interface News {
  /** '' if all is well. */
  readonly words: string;
  /** What has been said already is not said again; default: the words. */
  readonly key?: string;
  /** When it was so, in UTC; default: now. */
  readonly at?: string;
}

/** The lines of `scenecast watch` where there is no terminal: what has changed. */
export class PlainLines {
  /** By topic. */
  readonly #said = new Map<string, string>();

  /** @returns null: this message says nothing new */
  lineOf(message: BoardMessage): string | null {
    const { device, camera } = message;
    const news = newsOf(message);
    if (!news) return null;
    const topic = [device, camera, message.channel, message.name].join('/');
    const { words, key = words, at = new Date().toISOString() } = news;
    if (key === (this.#said.get(topic) ?? '')) return null;
    this.#said.set(topic, key);
    const where = printable(camera === '' ? device : `${device}/${camera}`);
    return `${at} ${where}: ${printable(words) || 'in order again'}\n`;
  }
}

function newsOf(message: BoardMessage): News | null {
  const { content, channel, name } = message;
  if (content?.fault) return { words: `cannot show ${`${channel} ${name}`.trim()}: ${content.fault}` };
  switch (message.channel) {
    case 'status':
      return message.content?.payload ? { words: message.content.payload.state } : null;
    case 'health':
      return message.content?.payload ? { words: troublesOf(message.content.payload).join(', ') } : null;
    case 'vision': {
      const { state, reason, since } = message.content?.payload ?? {};
      return state && since ? { words: `${state}${reason ? `: ${reason}` : ''}`, at: since } : null;
    }
    case 'description': {
      const { payload } = message.content ?? {};
      if (!payload) return null;
      const { id, description, captured_at, timing_ms } = payload;
      return { words: `${description} (${secondsWords(timing_ms.total)})`, key: id, at: captured_at };
    }
    case 'answer': {
      const { payload } = message.content ?? {};
      if (!payload) return null;
      const words = answerWords(name, payload);
      return { words, key: JSON.stringify(payload.value), at: payload.captured_at };
    }
    case 'rule': {
      const { payload } = message.content ?? {};
      if (!payload) return null;
      const { state, reason, since } = payload;
      const words = ruleWords(name, payload, '');
      return { words, key: `${state} ${reason}`, ...(since === null ? {} : { at: since }) };
    }
    case 'alert': {
      const { payload } = message.content ?? {};
      if (!payload) return null;
      return { words: alertWords(payload), key: alertId(payload), at: payload.at };
    }
    default:
      return null;
  }
}
