interface Timer {
  readonly at: number
  readonly order: number
  readonly resolve: () => void
}

/** Turns of the event loop after each time, in which code that was waiting can run until it waits again. */
const TURNS = 2
/** Turns without any timer before a simulation counts as blocked. Planners hash and compress in other threads. */
const IDLE_TURNS = 100_000

/** A clock whose time passes only when all simulated code waits. Times are in seconds since the start. */
export class VirtualClock {
  #now = 0
  #order = 0
  /** A binary heap: no timer is later than the timers at `2 k + 1` and `2 k + 2`. */
  readonly #heap: Timer[] = []

  get now(): number {
    return this.#now
  }

  wait(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#push({ at: this.#now + Math.max(0, seconds), order: this.#order++, resolve })
    })
  }

  /**
   * Lets the time pass until `work` has ended, and returns its result. Returns `late` if it has not ended after
   * `limitSeconds`.
   */
  async run<T>(work: Promise<T>, limitSeconds = Infinity): Promise<T | 'late'> {
    const state = { running: true }
    const end = (): void => {
      state.running = false
    }
    work.then(end, end)
    let idle = 0
    while (state.running) {
      for (let turn = 0; turn < TURNS; turn++) await nextTurn()
      const timer = this.#pop()
      if (timer === undefined) {
        idle += 1
        if (idle > IDLE_TURNS) throw new Error('the simulation is blocked: nothing waits for a time')
        continue
      }
      idle = 0
      if (timer.at > limitSeconds) return 'late'
      this.#now = timer.at
      timer.resolve()
      // All timers of the same time fire together.
      while (this.#heap[0] !== undefined && this.#heap[0].at <= this.#now) this.#pop()?.resolve()
    }
    return work
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    heap.push(timer)
    for (let k = heap.length - 1; k > 0;) {
      const parent = (k - 1) >> 1
      if (!this.#swapIfEarlier(k, parent)) break
      k = parent
    }
  }

  #pop(): Timer | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    heap[0] = last
    for (let k = 0; ;) {
      const [left, right] = [2 * k + 1, 2 * k + 2]
      const child = right < heap.length && isEarlier(heap[right], heap[left]) ? right : left
      if (child >= heap.length || !this.#swapIfEarlier(child, k)) break
      k = child
    }
    return first
  }

  #swapIfEarlier(child: number, parent: number): boolean {
    const heap = this.#heap
    const [one, other] = [heap[child], heap[parent]]
    if (one === undefined || other === undefined || !isEarlier(one, other)) return false
    heap[parent] = one
    heap[child] = other
    return true
  }
}

const isEarlier = (one: Timer | undefined, other: Timer | undefined): boolean =>
  one !== undefined && other !== undefined && (one.at < other.at || (one.at === other.at && one.order < other.order))

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
