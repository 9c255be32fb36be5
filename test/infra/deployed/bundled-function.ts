import { Worker } from 'node:worker_threads'
import type { Call, Outcome } from './messages.ts'

const WORKER = new URL('lambda-worker.ts', import.meta.url)

/** An error of a function, with the name that Step Functions reports. */
class FunctionError extends Error {
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** Runs a synthesized bundle in a worker thread, with the environment of its function. */
export class BundledFunction {
  readonly name: string
  readonly calls: Call[] = []
  /** Everything that the function wrote to its log. */
  log = ''
  /** Milliseconds that loading the bundle took. */
  readonly loaded: Promise<number>
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #next = 1

  constructor(name: string, bundle: string, environment: Readonly<Record<string, string>>) {
    this.name = name
    const loaded = Promise.withResolvers<number>()
    this.loaded = loaded.promise
    this.#worker = new Worker(WORKER, {
      workerData: { bundle, name },
      env: { ...environment },
      execArgv: ['--no-warnings'],
      stdout: true,
      stderr: true,
    })
    for (const stream of [this.#worker.stdout, this.#worker.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.log += text
      })
    const failAll = (error: Error): void => {
      loaded.reject(error)
      for (const waiting of this.#waiting.values()) waiting.reject(error)
      this.#waiting.clear()
    }
    this.#worker.on('error', failAll)
    this.#worker.on('message', (outcome: Outcome) => {
      if (outcome.kind === 'loaded') loaded.resolve(outcome.ms)
      else if (outcome.kind === 'call') this.calls.push(outcome.call)
      else if (outcome.kind === 'died') failAll(new Error(`${name}: ${outcome.message}`))
      else this.#settle(outcome)
    })
  }

  /**
   * Calls the handler with the event as JSON. `timeoutMs` is the time limit that the handler can read from its context.
   */
  async invoke(event: unknown, timeoutMs: number): Promise<unknown> {
    await this.loaded
    const id = this.#next++
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    this.#worker.postMessage({ id, event: JSON.parse(JSON.stringify(event)) as unknown, timeoutMs })
    return waiting.promise
  }

  async stop(): Promise<void> {
    await this.#worker.terminate()
  }

  #settle(outcome: Outcome & { readonly id: number }): void {
    const waiting = this.#waiting.get(outcome.id)
    this.#waiting.delete(outcome.id)
    if (outcome.kind === 'result') waiting?.resolve(JSON.parse(outcome.json))
    else if (outcome.kind === 'error') waiting?.reject(new FunctionError(outcome.name, outcome.message))
  }
}
