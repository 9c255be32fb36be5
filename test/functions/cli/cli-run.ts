import { PassThrough } from 'node:stream'
import { runCli } from '../../../functions/cli/run-cli.ts'
import type { ExitCode } from '../../../functions/cli/exit-codes.ts'
import type { TerminalStream } from '../../../functions/cli/terminal/io.ts'

interface CliOptions {
  readonly env?: Readonly<Record<string, string>>
  /** True if the standard streams are a terminal. */
  readonly tty?: boolean
  /** True if stdin is a terminal. By default, it is one if the other streams are. */
  readonly ttyStdin?: boolean
  /** Called when stderr has been written to. Returns what the user types. `ctrl-c` interrupts the command. */
  readonly onNote?: (all: string) => string | undefined
  /** Called when stdout has been written to. The command is interrupted when the returned promise is fulfilled. */
  readonly onResult?: (all: string) => Promise<'ctrl-c'>
  /** The command is interrupted when this promise is fulfilled. */
  readonly interruptWhen?: Promise<unknown>
  readonly interruptAgainWhen?: Promise<unknown>
}

interface CliRun {
  readonly code: ExitCode
  readonly stdout: string
  readonly stderr: string
}

/** Runs `specstar-backup` in this process, with streams of its own. */
export const cli = async (
  args: readonly string[],
  { env = {}, tty = false, ttyStdin = tty, onNote, onResult, interruptWhen, interruptAgainWhen }: CliOptions = {},
): Promise<CliRun> => {
  const listeners = new Set<() => void>()
  const stdin = Object.assign(new PassThrough(), { isTTY: ttyStdin })
  const stdout = captured(tty)
  const stderr = captured(tty)
  const interrupt = (): void => {
    for (const listener of [...listeners]) listener()
  }
  void interruptWhen?.then(interrupt)
  void interruptAgainWhen?.then(interrupt)
  stdout.stream.on('written', () => void onResult?.(stdout.text()).then(interrupt))
  stderr.stream.on('written', () => {
    const typed = onNote?.(stderr.text())
    if (typed === 'ctrl-c') interrupt()
    else if (typed !== undefined) stdin.write(typed)
  })
  const code = await runCli(args, {
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    // No settings file of the user.
    env: { XDG_CONFIG_HOME: '/nonexistent', ...env },
    onInterrupt: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  })
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}

/** Parses the lines of `--json`. */
export const jsonLines = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))

const captured = (isTTY: boolean): { readonly stream: TerminalStream; readonly text: () => string } => {
  const chunks: string[] = []
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 100 })
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk.toString())
    stream.emit('written')
  })
  return { stream, text: () => chunks.join('') }
}
