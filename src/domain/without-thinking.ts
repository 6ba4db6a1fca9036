/** How models mark what they think before they answer; the last is Gemma 4's, of control tokens. */
const marks: readonly (readonly [open: string, close: string])[] = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['◁think▷', '◁/think▷'],
  ['<|channel>', '<channel|>'],
];
const allMarks = marks.flat();

/** Whether a control token marks thinking, so that it must be in the text given to {@link withoutThinking}. */
export function isThinkingMark(piece: string): boolean {
  return allMarks.includes(piece.trim());
}

/**
 * The text without what a model thought on the way to it. Unclosed, everything from the mark on is thinking: the answer was
 * never reached. A closing mark alone ends thinking that the prompt has begun.
 */
export function withoutThinking(text: string): string {
  let rest = text;
  for (const [open, close] of marks) {
    for (let end = rest.indexOf(close); end >= 0; end = rest.indexOf(close)) {
      const start = rest.indexOf(open);
      rest = (start >= 0 && start < end ? rest.slice(0, start) : '') + rest.slice(end + close.length);
    }
    const start = rest.indexOf(open);
    if (start >= 0) rest = rest.slice(0, start);
    else rest = withoutHalf(rest, open);
  }
  return rest;
}

/** Without the beginning of a mark at the end of a text that was cut off. */
function withoutHalf(text: string, mark: string): string {
  // A shorter one may be the text's own.
  for (let length = mark.length - 1; length >= 3; length--)
    if (text.endsWith(mark.slice(0, length))) return text.slice(0, -length);
  return text;
}

/**
 * A prompt's end that begins to think (Qwen3-VL Thinking's template) with the thinking ended at once, as models without
 * thinking are prompted.
 */
export function withThinkingClosed(promptEnd: string): string {
  const open = marks.find(([mark]) => promptEnd.trimEnd().endsWith(mark));
  return open ? `${promptEnd.trimEnd()}\n\n${open[1]}\n\n` : promptEnd;
}
