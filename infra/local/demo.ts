import '../../functions/cli/check-node.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { runCommand } from '../../functions/cli/run-command.ts'
import { DemoFailedError } from './demo/check.ts'
import { startDemoProgram } from './demo/demo-program.ts'
import { runScenario } from './demo/scenario.ts'
import { demoOptions } from './seed/options.ts'

/**
 * Runs the demo on free ports, with its data in a temporary folder. Deletes the folder even if the demo fails.
 */
const demo = async (): Promise<void> => {
  const options = demoOptions()
  const interrupted = Promise.withResolvers<never>()
  const interrupt = (): void => {
    interrupted.reject(new DemoFailedError('interrupted'))
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const folder = await mkdtemp(join(tmpdir(), 'specstar-demo-'))
  const starting = startDemoProgram(join(folder, 'data'))
  try {
    await Promise.race([interrupted.promise, starting.then((program) => runScenario(program, folder, options))])
  } catch (error) {
    const log = await starting.then((program) => program.errors()).catch(() => '')
    if (log !== '') process.stderr.write(`Error output of the local program:\n${log}\n`)
    throw error
  } finally {
    // `once` has removed the handler of the first signal, so a second Ctrl-C ends the process immediately.
    await starting.then((program) => program.stop()).catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  }
}

await runCommand('demo', demo)
process.exit()
