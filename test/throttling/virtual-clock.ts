import { vi } from 'vitest'

interface Timer {
  readonly at: number
  readonly run: () => void
}

/**
 * A clock that replaces `setTimeout`, `clearTimeout`, `performance.now` and `Date.now`. It advances to the next timer
 * as soon as no other work is pending, so hours pass in milliseconds. Create it at the start of a test, and call
 * `uninstall` at its end.
 */
export class VirtualClock {
  readonly #timers = new Map<number, Timer>()
  /** The ids of the timers by the time in ms at which they run. */
  readonly #heap: { readonly at: number; readonly id: number }[] = []
  #id = 0
  #now = 0

  static install(): VirtualClock {
    const clock = new VirtualClock()
    const startedAt = Date.now()
    vi.stubGlobal('setTimeout', (run: () => void, ms = 0) => clock.#add(run, ms))
    vi.stubGlobal('clearTimeout', (id: number | undefined) => {
      if (id !== undefined) clock.#timers.delete(id)
    })
    vi.spyOn(performance, 'now').mockImplementation(() => clock.#now)
    vi.spyOn(Date, 'now').mockImplementation(() => startedAt + clock.#now)
    return clock
  }

  get now(): number {
    return this.#now
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#add(resolve, ms)
    })
  }

  /** Advances the clock until the promise has settled, and returns its result. */
  async run<Output>(promise: Promise<Output>): Promise<Output> {
    const settled = promise.then(
      () => true,
      () => true,
    )
    // All microtasks run before the next turn of the event loop.
    const nextTurn = (): Promise<boolean> =>
      new Promise((resolve) => {
        setImmediate(() => {
          resolve(false)
        })
      })
    while (!(await Promise.race([settled, nextTurn()]))) this.#advance()
    return promise
  }

  uninstall(): void {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  }

  #add(run: () => void, ms: number): number {
    this.#id += 1
    const at = this.#now + Math.max(0, ms)
    this.#timers.set(this.#id, { at, run })
    this.#push({ at, id: this.#id })
    return this.#id
  }

  #advance(): void {
    for (let next = this.#pop(); next !== undefined; next = this.#pop()) {
      const timer = this.#timers.get(next.id)
      if (timer === undefined) continue
      this.#timers.delete(next.id)
      this.#now = Math.max(this.#now, timer.at)
      timer.run()
      return
    }
  }

  #push(entry: { readonly at: number; readonly id: number }): void {
    let low = 0
    let high = this.#heap.length
    while (low < high) {
      const middle = (low + high) >>> 1
      // Sorted from the last to the first, so that the first timer is at the end.
      const other = this.#heap[middle]
      if (other !== undefined && other.at > entry.at) low = middle + 1
      else high = middle
    }
    this.#heap.splice(low, 0, entry)
  }

  #pop(): { readonly at: number; readonly id: number } | undefined {
    return this.#heap.pop()
  }
}
