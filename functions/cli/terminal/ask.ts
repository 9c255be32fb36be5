import { createInterface } from 'node:readline'
import type { Io } from './io.ts'
import type { Output } from './output.ts'

/** Returns true if the user can see a question and answer it. With `--json`, all output is JSON, so nothing is asked. */
export const canAsk = ({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>, { json }: Pick<Output, 'json'>): boolean =>
  stdin.isTTY === true && stderr.isTTY === true && !json

/**
 * Asks a question on the terminal. Returns the line that the user types, or undefined after Ctrl-C or Ctrl-D, or if
 * `signal` is aborted.
 */
export const ask = (
  { stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>,
  question: string,
  signal?: AbortSignal,
): Promise<string | undefined> =>
  new Promise((resolve) => {
    const lines = createInterface({ input: stdin, output: stderr, ...(signal === undefined ? {} : { signal }) })
    lines.once('SIGINT', () => {
      lines.close()
    })
    lines.once('close', () => {
      stderr.write('\n')
      resolve(undefined)
    })
    lines.question(question, (answer) => {
      resolve(answer.trim())
      lines.removeAllListeners('close')
      lines.close()
    })
  })
