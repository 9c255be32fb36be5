import '../../functions/cli/check-node.ts'
import process from 'node:process'
import { errorMessage } from '../../shared/values/error-message.ts'
import { type ProgramOptions, programOptions } from './program/program-options.ts'
import { startProgram } from './program/start-program.ts'

const exitWithError = (error: unknown): never => {
  process.stderr.write(`${errorMessage(error)}\n`)
  process.exit(1)
}

/**
 * Runs the program and prints `ready` with its URL when it accepts requests. Ctrl-C or SIGTERM stops it; a second
 * signal exits immediately.
 */
export const runProgram = async (options: ProgramOptions): Promise<void> => {
  const state = { stopping: false }
  const starting = startProgram(options)
  const stop = async (): Promise<void> => {
    if (state.stopping) process.exit(130)
    state.stopping = true
    // Only a program that has started completely can stop all of its child processes.
    await (await starting).stop()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
      stop().catch(exitWithError)
    })
  const { url, died } = await starting
  if (!state.stopping) process.stdout.write(`ready ${url}\n`)
  died.catch((error: unknown) => {
    if (!state.stopping) exitWithError(error)
  })
}

const main = async (): Promise<void> => runProgram(programOptions(process.env))

if (import.meta.main) main().catch(exitWithError)
