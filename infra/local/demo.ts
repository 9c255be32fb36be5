import '../../functions/cli/check-node.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { DemoFailedError } from './demo/check.ts'
import { startDemoProgram } from './demo/demo-program.ts'
import { tellStory } from './demo/story.ts'
import { runCommand } from '../../functions/cli/run-command.ts'
import { seedOptions } from './seed/options.ts'

/** `npm run demo`: the whole story on free ports and in a temporary folder, which goes again however it ends. */
const demo = async (): Promise<void> => {
  const { cities } = seedOptions()
  const interrupted = Promise.withResolvers<never>()
  const interrupt = (): void => {
    interrupted.reject(new DemoFailedError('interrupted'))
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const folder = await mkdtemp(join(tmpdir(), 'specstar-demo-'))
  const program = startDemoProgram(join(folder, 'data'))
  try {
    await Promise.race([interrupted.promise, program.then((running) => tellStory(running, folder, cities))])
  } catch (error) {
    const said = await program.then((running) => running.errors()).catch(() => '')
    if (said !== '') process.stderr.write(`the program said:\n${said}\n`)
    throw error
  } finally {
    // A second Ctrl-C finds no listener and ends this at once.
    await program.then((running) => running.stop()).catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  }
}

await runCommand('demo', demo)
process.exit()
