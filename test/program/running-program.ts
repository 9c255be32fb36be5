import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'

const MAIN = new URL('../../infra/local/main.ts', import.meta.url).pathname

/** The environment that a process needs to run Node: no setting of the local program. */
export const nodeEnvironment = () => ({
  PATH: process.env['PATH'],
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
})

/** The local program in a separate process, as `npm start` runs it. */
export class RunningProgram {
  readonly child: ChildProcess
  /** The exit code, or null if a signal terminated the process. */
  readonly exited: Promise<number | null>
  #out = ''
  #err = ''

  /** Uses free ports by default; `env` can set others. `command` is run in the project's folder. */
  constructor(dir: string, env: Readonly<Record<string, string>> = {}, command = [process.execPath, MAIN]) {
    const [program = '', ...parameters] = command
    const child = spawn(program, parameters, {
      cwd: new URL('../..', import.meta.url),
      env: { ...nodeEnvironment(), PORT: '0', S3_PORT: '0', DYNAMODB_PORT: '0', DATA_DIR: dir, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', (bytes: Buffer) => (this.#out += bytes.toString()))
    child.stderr.on('data', (bytes: Buffer) => (this.#err += bytes.toString()))
    this.child = child
    this.exited = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : null))
  }

  get out(): string {
    return this.#out
  }

  get err(): string {
    return this.#err
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** Waits until the program is ready. Returns its URL. */
  async ready(): Promise<string> {
    const ended = this.exited.then(() => {
      throw new Error(`the program exited: ${this.#err}`)
    })
    // npm prints the command before the program's own output.
    const line = /^ready (http:\/\/127\.0\.0\.1:\d+)$/m
    while (!line.test(this.#out)) await Promise.race([once(this.child.stdout ?? this.child, 'data'), ended])
    return line.exec(this.#out)?.[1] ?? ''
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal)
    await this.exited
  }
}

/** Returns the ids of all descendants of a process. */
export const descendantsOf = async (pid: number): Promise<number[]> => {
  const ps = spawn('ps', ['-o', 'pid=', '--ppid', `${pid}`], { stdio: ['ignore', 'pipe', 'ignore'] })
  let out = ''
  ps.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()))
  await once(ps, 'close')
  const children = out.split('\n').filter(Boolean).map(Number)
  return [...children, ...(await Promise.all(children.map(descendantsOf))).flat()]
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Expects that all of these processes exit within five seconds. */
export const expectAllExited = async (pids: readonly number[]): Promise<void> => {
  for (let k = 0; k < 100 && pids.some(isRunning); k++) await sleep(50)
  expect(pids.filter(isRunning)).toEqual([])
}
