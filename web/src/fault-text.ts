import { ApiError } from './api.ts';
import { reasonIn } from './reason.ts';
import type { Texts } from './text/en.ts';

/** That a request failed and why, in words. */
export function faultText(error: unknown, texts: Texts): string {
  const { actions } = texts;
  if (error instanceof ApiError && error.status === 0) return actions.failed(actions.unreachable);
  const { text, original } = reasonIn(texts, error instanceof ApiError ? error.message : String(error));
  return actions.failed(original === null ? text : `${text} (${original})`);
}
