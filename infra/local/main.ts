import '../../functions/cli/check-node.ts'
import process from 'node:process'
import { type ProgramOptions, programOptions, startProgram } from './program/start-program.ts'
import { errorMessage } from '../../shared/values/error-message.ts'

export { type Program, type ProgramOptions, startProgram } from './program/start-program.ts'

const fail = (error: unknown): never => {
  process.stderr.write(`${errorMessage(error)}\n`)
  process.exit(1)
}

/** Runs the program: one line when everything answers; Ctrl-C or SIGTERM stops it, a second one at once. */
export const runProgram = async (options: ProgramOptions): Promise<void> => {
  const state = { stopping: false }
  const starting = startProgram(options)
  const stop = async (): Promise<void> => {
    if (state.stopping) process.exit(130)
    state.stopping = true
    // What is starting is let start first: its processes are then known, and ended.
    await (await starting).stop()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
      stop().catch(fail)
    })
  const { url, died } = await starting
  if (!state.stopping) process.stdout.write(`ready ${url}\n`)
  died.catch((error: unknown) => {
    if (!state.stopping) fail(error)
  })
}

const main = async (): Promise<void> => runProgram(programOptions(process.env))

if (import.meta.main) main().catch(fail)
