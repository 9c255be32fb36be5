import '../../functions/cli/check-node.ts'
import process from 'node:process'
import { errorMessage } from '../../shared/values/error-message.ts'
import { localCommand } from './local-command.ts'
import { describeProgram } from './program/describe-program.ts'
import { type ProgramOptions, programOptions } from './program/program-options.ts'
import { startProgram } from './program/start-program.ts'

const exitWithError = (error: unknown): never => {
  process.stderr.write(`${errorMessage(error)}\n`)
  process.exit(1)
}

/**
 * Runs the program. Prints `ready` and the URL of the API as soon as the program accepts requests. Ctrl-C and SIGTERM
 * stop the program. A second signal ends the process immediately.
 */
export const runProgram = async (options: ProgramOptions): Promise<void> => {
  const state = { stopping: false }
  const starting = startProgram(options)
  const stop = async (): Promise<void> => {
    if (state.stopping) process.exit(130)
    state.stopping = true
    // `startProgram` returns `stop` only after the start, so a signal during the start waits for its end.
    await (await starting).stop()
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => {
      stop().catch(exitWithError)
    })
  const program = await starting
  const { url, died } = program
  if (!state.stopping) process.stdout.write(`${describeProgram(program, options)}\nready ${url}\n`)
  died.catch((error: unknown) => {
    if (!state.stopping) exitWithError(error)
  })
}

const main = async (): Promise<void> => {
  localCommand('start', {
    description:
      'Starts the local program: the API, the workflows, the schedules, and local services for DynamoDB and S3. ' +
      'Its settings are environment variables, which infra/local/README.md lists.',
    examples: ['npm start', 'PORT=4000 DATA_DIR=backup-data npm start'],
  }).parse()
  await runProgram(programOptions(process.env))
}

if (import.meta.main) main().catch(exitWithError)
