/** Threads of llama.cpp's own programs. */
export interface PeerThreads {
  /** Of the tower and of generation. */
  readonly generate: number;
  readonly prefill: number;
}

/** As given on the command line: `-t 1 -tb 2`. */
export function threadArguments({ generate, prefill }: PeerThreads): string[] {
  return ['-t', `${generate}`, '-tb', `${prefill}`];
}

/** All that are worth a try beside an engine with this number of threads. */
export function threadChoices(threads: number): PeerThreads[] {
  const all = { generate: threads, prefill: threads };
  if (threads === 1) return [all];
  return [all, { generate: 1, prefill: threads }, { generate: 1, prefill: 1 }];
}
