import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from 'aws-lambda'
import type { UploadEvent } from '../../../functions/events/upload.ts'
import { localContext } from './local-context.ts'

/** The delay after each failed attempt. Like those of EventBridge, the delays grow. They add up to half a minute. */
const RETRY_DELAYS_MS = [500, 2_000, 8_000, 20_000]

type UploadHandler = (event: UploadEvent, context: Context) => Promise<void>

/** The time limit of the handler on Lambda. */
const TIMEOUT_MS = 60_000

/** Delivers the events of uploaded objects to the handler. Keeps events that arrive before `open` is called. */
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

  /** Delivers the events that have arrived, and all further events when they arrive. */
  open(): void {
    this.#state = 'open'
    for (const event of this.#waiting.splice(0)) this.#startDelivery(event)
  }

  /**
   * Ignores further events. Resolves when the active deliveries have ended. No upload is lost: the next start of the
   * program looks for uploads that have no job (`sweepUploads`).
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
        console.error(
          `upload events: attempt ${attempt} of ${this.#retryDelaysMs.length + 1} to deliver an event failed`,
          error,
        )
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
