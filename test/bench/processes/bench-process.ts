import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'

const Reply = z.union([
  z.object({ ready: z.literal(true) }),
  z.object({ id: z.number(), result: z.unknown() }),
  z.object({
    id: z.number(),
    error: z.object({ name: z.string(), message: z.string(), stack: z.string().optional() }),
  }),
])

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

interface ProcessOptions {
  readonly entry: string | URL
  readonly args?: readonly string[]
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A process that has not stopped after this time hangs and is killed. */
const STOP_MS = 15_000

/** Another process of the benchmark, which calls `answerRequests`. */
export class BenchProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #next = 1

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  /** Starts a process, and resolves when it is ready. It ends if this process ends. */
  static async start({ entry, args = [], flags, env }: ProcessOptions): Promise<BenchProcess> {
    const child = fork(entry, args, {
      execArgv: [...flags],
      env: { ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const process = new BenchProcess(child)
    await process.#ready(String(entry))
    return process
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Runs a command in the process. Throws the error of the command, with its name. */
  async request<T>(command: string, input: unknown, schema: z.ZodType<T>): Promise<T> {
    const id = this.#next++
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#child.send({ id, command, input })
    return schema.parse(await waiting.promise)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    if (this.#child.connected) this.#child.disconnect()
    const timeout = new AbortController()
    const late = sleep(STOP_MS, undefined, { signal: timeout.signal }).then(
      () => this.#child.kill('SIGKILL'),
      () => undefined,
    )
    await exited
    timeout.abort()
    await late
  }

  #ready(entry: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#child.on('message', (message) => {
        const reply = Reply.parse(message)
        if ('ready' in reply) resolve()
        else this.#settle(reply)
      })
      this.#child.once('exit', (code, signal) => {
        const error = new Error(`the process ${entry} has exited (${signal ?? `code ${code ?? 0}`})`)
        reject(error)
        for (const waiting of this.#waiting.values()) waiting.reject(error)
        this.#waiting.clear()
      })
      this.#child.once('error', reject)
    })
  }

  #settle(reply: Exclude<z.output<typeof Reply>, { ready: true }>): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('error' in reply) waiting?.reject(Object.assign(new Error(), reply.error))
    else waiting?.resolve(reply.result)
  }
}
