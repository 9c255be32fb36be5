import type { Readable, Writable } from 'node:stream'

/** The environment of a command. Tests replace it. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: TerminalStream
  readonly stderr: TerminalStream
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Calls `listener` for each Ctrl-C, until the returned function is called. Without a listener, Ctrl-C ends the
   * process.
   */
  readonly onInterrupt: (listener: () => void) => () => void
}

export type TerminalStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }
