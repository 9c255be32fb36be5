import type { Readable, Writable } from 'node:stream'

/** The environment of a command. Tests replace it. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: TerminalStream
  readonly stderr: TerminalStream
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Calls `listener` for each Ctrl-C, SIGTERM and SIGHUP, until the returned function is called. Without a listener,
   * they end the process.
   */
  readonly onInterrupt: (listener: () => void) => () => void
  /** The signal other than that of Ctrl-C which has asked the command to end. Nobody can answer a question then. */
  readonly endingSignal?: () => EndingSignal | undefined
}

export type EndingSignal = 'SIGTERM' | 'SIGHUP'

export type TerminalStream = Writable & { readonly isTTY?: boolean; readonly columns?: number }
