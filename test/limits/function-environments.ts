import { AsyncLocalStorage } from 'node:async_hooks'
import type { Services } from '../../shared/runtime/services.ts'

/**
 * Runs each function with services of its own, as Lambda does: an environment runs one invocation at a time, and later
 * invocations of the same function reuse it. Otherwise, all functions of the test would share the clients of one
 * process, and with them everything that the clients learn about throttling.
 */
export class FunctionEnvironments {
  readonly #create: () => Promise<Services>
  readonly #idle = new Map<string, Services[]>()
  readonly #current = new AsyncLocalStorage<Services>()

  constructor(create: () => Promise<Services>) {
    this.#create = create
  }

  /** Returns services that, inside of `run`, are the services of the environment, and otherwise `base`. */
  services(base: Services): Services {
    return new Proxy(base, {
      get: (target, member): unknown => Reflect.get(this.#current.getStore() ?? target, member),
    })
  }

  /** Calls `work` in an idle environment of a function, or in a new one. */
  async run<Output>(name: string, work: () => Promise<Output>): Promise<Output> {
    const idle = this.#idle.get(name) ?? []
    this.#idle.set(name, idle)
    const environment = idle.pop() ?? (await this.#create())
    try {
      return await this.#current.run(environment, work)
    } finally {
      idle.push(environment)
    }
  }
}
