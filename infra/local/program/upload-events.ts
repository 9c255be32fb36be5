import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from 'aws-lambda'
import type { UploadEvent } from '../../../functions/events/upload.ts'
import { localContext } from './local-context.ts'

/** As EventBridge does with a target that fails: again, and later each time. The last try is after half a minute. */
const RETRY_MS = [500, 2_000, 8_000, 20_000]

type UploadHandler = (event: UploadEvent, context: Context) => Promise<void>

/** What the handler may take on Lambda. */
const MAX_MS = 60_000

/** Delivers the events of uploads to their handler: those that come before the program is ready wait for it. */
export class UploadEvents {
  readonly #handler: UploadHandler
  readonly #underWay = new Set<Promise<void>>()
  readonly #waiting: UploadEvent[] = []
  #state: 'waiting' | 'open' | 'closed' = 'waiting'

  constructor(handler: UploadHandler) {
    this.#handler = handler
  }

  take(event: UploadEvent): void {
    if (this.#state === 'waiting') this.#waiting.push(event)
    if (this.#state === 'open') this.#deliver(event)
  }

  open(): void {
    this.#state = 'open'
    for (const event of this.#waiting.splice(0)) this.#deliver(event)
  }

  /** ResourceFilter no more; resolves when those under way are handled. What is lost here is found at the next start. */
  async close(): Promise<void> {
    this.#state = 'closed'
    await Promise.all(this.#underWay)
  }

  #deliver(event: UploadEvent): void {
    const work = this.#tries(event).finally(() => this.#underWay.delete(work))
    this.#underWay.add(work)
  }

  async #tries(event: UploadEvent): Promise<void> {
    for (const [tried, pause] of RETRY_MS.entries()) {
      try {
        await this.#handler(event, localContext('upload', randomUUID(), MAX_MS))
        return
      } catch (error) {
        console.error(`an upload's event failed (try ${tried + 1})`, error)
        if (this.#closed()) return
        await sleep(pause)
      }
    }
  }

  #closed(): boolean {
    return this.#state === 'closed'
  }
}
