import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { handler as checkHandler } from '../../functions/events/check-schedules.ts'
import { handler } from '../../functions/events/prune.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import type { PinnedObject } from '../../shared/objects/object.ts'
import type { ExplainedObject, ExplainedPage } from '../../shared/schedules/explain-prune.ts'
import { startTestApi, type TestApi } from './test-api.ts'

export const DAY_MS = 86_400_000

const SCHEDULES = JSON.stringify([
  { name: 'nightly', cron: '0 3 * * ? *', keep_days: 30 },
  { name: 'weekly', rate: '7 days', keep_days: 60 },
])
const RETENTION = JSON.stringify({ exports: 10, slots: 2, uploads: 5, reports: 20 })

type Bucket = 'archives' | 'restores'

/** All routes, with two schedules and with days after which other objects are deleted. */
export class PruneApi {
  readonly #api: TestApi

  private constructor(api: TestApi) {
    this.#api = api
  }

  static async start(): Promise<PruneApi> {
    return new PruneApi(await startTestApi({ SCHEDULES, RETENTION }))
  }

  get services(): TestApi['services'] {
    return this.#api.services
  }
  get dynamo(): TestApi['dynamo'] {
    return this.#api.dynamo
  }
  get s3(): TestApi['s3'] {
    return this.#api.s3
  }
  get clock(): TestApi['clock'] {
    return this.#api.clock
  }
  get url(): string {
    return this.#api.gateway.url
  }

  stop(): Promise<void> {
    return this.#api.stop()
  }

  /** Deletes all objects and the judgements of the schedule `nightly`, and sets the clock to the real time. */
  async reset(): Promise<void> {
    const { objects, archiveJudgements } = this.services
    for (const bucket of ['archives', 'restores'] as const)
      await objects.delete(this.#bucket(bucket), await this.keysIn(bucket))
    for (const judgement of await archiveJudgements.list('nightly'))
      await archiveJudgements.delete('nightly', judgement)
    this.clock.ahead = 0
  }

  put(bucket: Bucket, key: string, body: Buffer | object = Buffer.from('x')): Promise<PinnedObject> {
    const { objects } = this.services
    return Buffer.isBuffer(body)
      ? objects.put(this.#bucket(bucket), key, body)
      : objects.putJson(this.#bucket(bucket), key, body)
  }

  async keysIn(bucket: Bucket): Promise<string[]> {
    return (await Array.fromAsync(this.services.objects.list(this.#bucket(bucket)))).map(({ key }) => key)
  }

  prune(): ReturnType<typeof handler> {
    return handler({}, localContext('prune', randomUUID(), 60_000))
  }

  checkSchedules(): ReturnType<typeof checkHandler> {
    return checkHandler({}, localContext('check-schedules', randomUUID(), 60_000))
  }

  request(query: string): Promise<Response> {
    return fetch(`${this.url}/_backup/prune${query}`)
  }

  /** Returns a page of the explanation of the next run. */
  async page(query = ''): Promise<ExplainedPage> {
    const response = await this.request(query)
    expect(response.status).toBe(200)
    return (await response.json()) as ExplainedPage
  }

  /** Returns the objects of all pages of the explanation. */
  async explain(limit = 200): Promise<ExplainedObject[]> {
    const objects: ExplainedObject[] = []
    let cursor: string | undefined
    do {
      const next = await this.page(`?limit=${limit}${cursor === undefined ? '' : `&cursor=${cursor}`}`)
      expect(next.objects.length).toBeLessThanOrEqual(limit)
      objects.push(...next.objects)
      cursor = next.cursor
    } while (cursor !== undefined)
    return objects
  }

  #bucket(bucket: Bucket): string {
    return this.services.config.buckets[bucket]
  }
}

/** The key of an archive of the schedule `nightly` that was due some days ago. */
export const keyOf = (daysAgo: number): string => {
  const at = new Date(Date.now() - daysAgo * DAY_MS).toISOString()
  const [day, time] = [at.slice(0, 10), at.slice(0, 19).replaceAll(/[-:]/g, '')]
  return `scheduled/nightly/${day.replaceAll('-', '/')}/s-nightly-${time}Z.acbak`
}
