import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from 'aws-lambda'
import type { UploadEvent } from '../../../functions/events/upload.ts'
import { localContext } from './local-context.ts'

/** Delays after failed attempts. They grow as those of EventBridge do; the last attempt is after half a minute. */
const RETRY_DELAYS_MS = [500, 2_000, 8_000, 20_000]

type UploadHandler = (event: UploadEvent, context: Context) => Promise<void>

/** The timeout of the handler on Lambda. */
const TIMEOUT_MS = 60_000

/**
 * Delivers the events of uploaded objects to their handler. Events that arrive before `open` are delivered by `open`.
 */
export class UploadEvents {
  readonly #handler: UploadHandler
  readonly #retryDelaysMs: readonly number[]
  readonly #deliveries = new Set<Promise<void>>()
  readonly #waiting: UploadEvent[] = []
  #state: 'waiting' | 'open' | 'closed' = 'waiting'

  constructor(handler: UploadHandler, retryDelaysMs: readonly number[] = RETRY_DELAYS_MS) {
    this.#handler = handler
    this.#retryDelaysMs = retryDelaysMs
  }

  receive(event: UploadEvent): void {
    if (this.#state === 'waiting') this.#waiting.push(event)
    if (this.#state === 'open') this.#startDelivery(event)
  }

  open(): void {
    this.#state = 'open'
    for (const event of this.#waiting.splice(0)) this.#startDelivery(event)
  }

  /**
   * Ignores further events. Resolves when the active deliveries have ended. The next start of the program finds uploads
   * whose events were not delivered.
   */
  async close(): Promise<void> {
    this.#state = 'closed'
    await Promise.all(this.#deliveries)
  }

  #startDelivery(event: UploadEvent): void {
    const delivery = this.#deliver(event).finally(() => this.#deliveries.delete(delivery))
    this.#deliveries.add(delivery)
  }

  async #deliver(event: UploadEvent): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#handler(event, localContext('upload', randomUUID(), TIMEOUT_MS))
        return
      } catch (error) {
        console.error(`upload events: attempt ${attempt} of ${this.#retryDelaysMs.length + 1} failed`, error)
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
