import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../processes/free-ports.ts'
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../processes/node-flags.ts'
import { DemoFailedError } from './check.ts'
import { peakMemory, type ProcessMemory } from './memory.ts'

/** The local program in a separate process, with free ports and a separate data folder. */
export interface DemoProgram {
  readonly url: string
  /** The environment variables of the program. `openLocalStores` needs them to connect to its services. */
  readonly env: Readonly<Record<string, string>>
  /** Everything that the program has written to stderr. */
  errors(): string
  peakMemory(): Promise<ProcessMemory[]>
  stop(): Promise<void>
}

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
/** The program stops within two seconds. A program that is still running after this time hangs and is killed. */
const STOP_MS = 15_000

/**
 * Starts the program as `npm start` does, and waits until it is ready. `main` is the file to run. Throws
 * `DemoFailedError` if the program exits before it is ready.
 */
export const startDemoProgram = async (folder: string, main = MAIN): Promise<DemoProgram> => {
  const [http, s3, dynamo] = await freePorts(3)
  const env = {
    PORT: String(http),
    S3_PORT: String(s3),
    DYNAMODB_PORT: String(dynamo),
    DATA_DIR: folder,
  }
  const child = spawn(process.execPath, [...NODE_FLAGS, main], {
    env: { ...inheritedEnvironment(), ...NODE_ENVIRONMENT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors.push(text)
  })
  const url = await readUrl(child, errors)
  return {
    url,
    env,
    errors: () => errors.join('').trim(),
    peakMemory: () => peakMemory(child.pid ?? 0),
    stop: () => stop(child),
  }
}

/**
 * Returns the environment without the variables that would make the program use other servers, tables, buckets or
 * models.
 */
const inheritedEnvironment = (): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^AWS_|^(DEPLOYMENT|MODELS_FILE)$|_(TABLE|BUCKET)$/.test(name)),
  )

const readUrl = async (child: ChildProcess, errors: readonly string[]): Promise<string> => {
  if (child.stdout === null) throw new DemoFailedError('the program has no stdout')
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^ready (http\S+)/.exec(line)?.[1]
    if (url !== undefined) {
      child.stdout.resume()
      return url
    }
  }
  throw new DemoFailedError(`the program did not start: ${errors.join('').trim()}`)
}

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await exited
  clearTimeout(timer)
}
