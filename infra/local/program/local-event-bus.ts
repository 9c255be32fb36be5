import { setTimeout as sleep } from 'node:timers/promises'
import type { DeployedNames } from '../../../functions/events.ts'
import { type LocalEvent, patternMatcher } from './event-pattern.ts'
import type { LocalTrigger } from './triggers.ts'

/**
 * The delay after each failed attempt. As in EventBridge, each delay is longer than the previous delay. Together, the
 * delays last half a minute.
 */
const RETRY_DELAYS_MS = [500, 2_000, 8_000, 20_000]

/** A rule passes every event that matches its pattern to a function. */
interface Rule extends Pick<LocalTrigger, 'name' | 'invoke'> {
  readonly matches: (event: LocalEvent) => boolean
}

/** An event that arrived before the bus was opened. */
interface WaitingEvent {
  readonly event: LocalEvent
  readonly delivered: () => void
}

/** Replaces the rules of EventBridge. Keeps events that arrive before `open` is called. */
export class LocalEventBus {
  readonly #rules: readonly Rule[]
  readonly #retryDelaysMs: readonly number[]
  readonly #deliveries = new Set<Promise<void>>()
  readonly #waiting: WaitingEvent[] = []
  #state: 'waiting' | 'open' | 'closed' = 'waiting'

  /**
   * Creates a rule for each trigger of type `rule`. Throws `EventPatternError` if the program does not support its
   * pattern.
   */
  constructor(
    triggers: readonly LocalTrigger[],
    names: DeployedNames,
    retryDelaysMs: readonly number[] = RETRY_DELAYS_MS,
  ) {
    this.#rules = triggers.flatMap(({ name, trigger, invoke }) =>
      trigger.type === 'rule' ? [{ name, invoke, matches: patternMatcher(trigger.pattern(names)) }] : [],
    )
    this.#retryDelaysMs = retryDelaysMs
  }

  /** Resolves when the event was delivered to the functions of all matching rules, or when no attempt is left. */
  async receive(event: LocalEvent): Promise<void> {
    if (this.#state === 'waiting')
      await new Promise<void>((delivered) => {
        this.#waiting.push({ event, delivered })
      })
    else await this.#deliverToRules(event)
  }

  /** Delivers the events that have arrived, and all further events when they arrive. */
  open(): void {
    this.#state = 'open'
    for (const { event, delivered } of this.#waiting.splice(0)) void this.#deliverToRules(event).then(delivered)
  }

  /**
   * Ignores further events. Resolves when the active deliveries have ended. No upload is lost, because the next start
   * of the program looks for uploads that have no job (`sweepUploads`).
   */
  async close(): Promise<void> {
    this.#state = 'closed'
    for (const { delivered } of this.#waiting.splice(0)) delivered()
    await Promise.all(this.#deliveries)
  }

  async #deliverToRules(event: LocalEvent): Promise<void> {
    if (this.#isClosed()) return
    const rules = this.#rules.filter(({ matches }) => matches(event))
    await Promise.all(
      rules.map((rule) => {
        const delivery = this.#deliver(rule, event).finally(() => this.#deliveries.delete(delivery))
        this.#deliveries.add(delivery)
        return delivery
      }),
    )
  }

  async #deliver({ name, invoke }: Rule, event: LocalEvent): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await invoke(event)
        return
      } catch (error) {
        const attempts = this.#retryDelaysMs.length + 1
        console.error(`local event bus: attempt ${attempt} of ${attempts} to deliver an event to ${name} failed`, error)
        const delay = this.#retryDelaysMs[attempt - 1]
        if (delay === undefined || this.#isClosed()) return
        await sleep(delay)
      }
    }
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }
}
