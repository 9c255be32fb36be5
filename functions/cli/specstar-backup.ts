import process from 'node:process'
import { EXIT, isInterrupted } from './exit-codes.ts'
import { runCli } from './run-cli.ts'
import type { EndingSignal } from './terminal/io.ts'

const CODES = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hangup } as const
const SHOW_CURSOR = '\u001b[?25h'

const listeners = new Set<() => void>()
let endingSignal: EndingSignal | undefined

const endNow = (code: number): never => {
  // A progress bar may have hidden the cursor.
  if (process.stderr.isTTY) process.stderr.write(SHOW_CURSOR)
  process.exit(code)
}

const onSignal = (signal: keyof typeof CODES): void => {
  // A second SIGTERM does not wait for the first one.
  if (listeners.size === 0 || (endingSignal !== undefined && signal !== 'SIGINT')) endNow(CODES[signal])
  if (signal !== 'SIGINT') endingSignal = signal
  for (const listener of [...listeners]) listener()
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)

const code = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  onInterrupt: (listener) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
  endingSignal: () => endingSignal,
})
// A request that does not end must not keep an interrupted command alive.
if (isInterrupted(code)) endNow(code)
process.exitCode = code
