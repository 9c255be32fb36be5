import { createInterface } from 'node:readline'
import type { Io } from './io.ts'

/** Asks a question on the terminal. Returns the line that the user types, or undefined after Ctrl-C or Ctrl-D. */
export const ask = ({ stdin, stderr }: Pick<Io, 'stdin' | 'stderr'>, question: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const lines = createInterface({ input: stdin, output: stderr })
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
