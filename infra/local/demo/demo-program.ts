import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { NODE_ENVIRONMENT, NODE_FLAGS } from '../processes/node-flags.ts'
import { DemoFailedError } from './check.ts'
import { freePorts } from '../processes/free-ports.ts'
import { peakMemory, type ProcessMemory } from './memory.ts'

/** The local program in a process of its own, on ports and in a folder that nobody else uses. */
export interface DemoProgram {
  readonly url: string
  readonly env: Readonly<Record<string, string>>
  /** What it wrote to stderr. */
  errors(): string
  peakMemory(): Promise<ProcessMemory[]>
  stop(): Promise<void>
}

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
/** A stop takes a second or two; what still runs then hangs. */
const STOP_WITHIN_MS = 15_000

/**
 * Starts the program as `npm start` does, and waits until it says that it is ready. `main`: another file that starts it. Throws
 * `DemoFailedError`.
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
    env: { ...cleanEnvironment(), ...NODE_ENVIRONMENT, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors.push(text)
  })
  const url = await readyUrl(child, errors)
  return {
    url,
    env,
    errors: () => errors.join('').trim(),
    peakMemory: () => peakMemory(child.pid ?? 0),
    stop: () => stop(child),
  }
}

/** The demo shows the stand-ins: servers and names that the shell is set to stay outside. */
const cleanEnvironment = (): Record<string, string | undefined> =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^AWS_|^(DEPLOYMENT|MODELS_FILE)$|_(TABLE|BUCKET)$/.test(name)),
  )

const readyUrl = async (child: ChildProcess, errors: readonly string[]): Promise<string> => {
  if (child.stdout === null) throw new DemoFailedError('the program has no output')
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
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await exited
  clearTimeout(timer)
}
