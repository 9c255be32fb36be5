import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { differencesAnswer, DifferencesAnswer } from '../../functions/http/differences-answer.ts'
import type { RestoreJob } from '../../shared/jobs/job.ts'
import { allResults } from '../../shared/jobs/pass.ts'
import { PREFLIGHT } from '../../shared/restore/messages/preflight.ts'
import { idHashOf } from '../../shared/resources/keys.ts'
import { targetOf } from '../../shared/throttling/call-target.ts'
import { buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'
import { throttledError } from './throttled-calls.ts'

const runner = await startRunner()
beforeEach(() => runner.freeLeases())
afterEach(async () => {
  vi.restoreAllMocks()
  await runner.wipe()
})

const IDS = Array.from({ length: 40 }, (_, k) => `city-${k}`).sort((a, b) => (idHashOf(a) < idHashOf(b) ? -1 : 1))
/** The archived cities. The store has 10 cities between them, and 20 after them. */
const ARCHIVED = IDS.slice(0, 20).filter((_, k) => k % 2 === 1)

const writeCities = (ids: readonly string[]): Promise<void> =>
  writeToStore(
    runner.clients,
    combine(...ids.map((id) => buildResource(runner.services.models, { model: 'city', id, payloads: [{ name: id }] }))),
  )

const writeMemo = (id: string, payload: object): Promise<void> =>
  writeToStore(runner.clients, buildResource(runner.services.models, { model: 'memo', id, payloads: [payload] }))

const listed = async ({ job_id }: RestoreJob): Promise<DifferencesAnswer['differences']> => {
  const { body } = await differencesAnswer({ jobId: job_id, detail: 'ids', limit: 1_000 }, runner.services)
  return DifferencesAnswer.parse(body).differences
}

/** Throws once, as if AWS throttled the read of the store after `count` rows until the time of the pass was used up. */
const throttleRows = (count: number): void => {
  const { resources } = runner.services
  let left = count
  async function* throttled<Row>(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
    for await (const row of rows) {
      if (left-- === 0) throw throttledError()
      yield row
    }
  }
  const [metadata, all] = [resources.metadata.bind(resources), resources.resources.bind(resources)]
  vi.spyOn(resources, 'metadata').mockImplementation((...args) => throttled(metadata(...args)))
  vi.spyOn(resources, 'resources').mockImplementation((...args) => throttled(all(...args)))
}

describe('the count of the resources that only the store has', () => {
  it.each([20, 23, 39])('counts each resource once if a dry run is throttled after row %i', async (rows) => {
    await writeCities(ARCHIVED)
    const { archive } = await runner.export(['city'])
    await writeCities(IDS)
    throttleRows(rows)
    const job = await runner.restore(archive, { dry_run: true })
    expect(await allResults(runner.services, job.job_id, PREFLIGHT)).toHaveLength(2)
    expect(job.result?.dry_run?.models['city']).toEqual({ new: 0, changed: 0, same: 10, target_only: 30 })
    expect(job.result?.differences).toEqual({ target_only: 30 })
    expect((await listed(job)).map(({ resource_id }) => resource_id)).toEqual(
      IDS.filter((id) => !ARCHIVED.includes(id)),
    )
  })

  it('counts each new resource once if a dry run is throttled after the last archived resource', async () => {
    await writeCities(ARCHIVED)
    const { archive } = await runner.export(['city'])
    await runner.wipe()
    await writeCities(IDS.filter((id) => id !== ARCHIVED.at(-1)))
    throttleRows(25)
    const job = await runner.restore(archive, { dry_run: true })
    expect(job.result?.dry_run?.models['city']).toEqual({ new: 1, changed: 0, same: 9, target_only: 30 })
    expect(job.result?.differences).toEqual({ new: 1, target_only: 30 })
  })

  it.each([
    ['after many digest buckets', ARCHIVED],
    ['in the first digest bucket of its pass', ARCHIVED.slice(0, 1)],
    ['and the archive has no resource of the model', []],
  ])('is unknown if a restore is throttled after its last archived resource, %s', async (_case, archived) => {
    await writeCities(archived)
    const { archive } = await runner.export(['city'])
    await writeCities(IDS)
    throttleRows(23)
    const job = await runner.restore(archive)
    expect(job).toMatchObject({ status: 'succeeded', result: { target_only_unknown: ['city'] } })
    expect(job.result).not.toHaveProperty('target_only')
    expect(await listed(job)).toEqual([])
    expect(await allResults(runner.services, job.job_id, PREFLIGHT)).toHaveLength(1)
    expect(await runner.services.jobs.failure(job.job_id, 'ThrottledError')).toBeUndefined()
  })

  it('is complete if a restore is throttled before its last archived resource', async () => {
    await writeCities(ARCHIVED)
    const { archive } = await runner.export(['city'])
    await writeCities(IDS)
    throttleRows(15)
    const job = await runner.restore(archive)
    expect(job).toMatchObject({ status: 'succeeded', result: { target_only: { city: 30 } } })
    expect(await listed(job)).toHaveLength(30)
  })

  it('is unknown if a filter cannot be evaluated for a resource that is not in the archive', async () => {
    await writeMemo('archived', { text: 'one', rank: 9 })
    await writeMemo('left', { text: 'two', rank: 7 })
    const { archive } = await runner.export(['memo'])
    for (let k = 0; k < 8; k++) await writeMemo(`number ${k}`, { text: 'three', rank: 8 })
    for (let k = 0; k < 4; k++) await writeMemo(`text ${k}`, { text: 'four', rank: 'many' })
    const data_conditions = JSON.stringify([{ field_path: 'rank', operator: 'gt', value: 5 }])
    const job = await runner.restore(archive, { filters: { data_conditions } })
    expect(job).toMatchObject({
      status: 'succeeded',
      result: { models: { memo: { loaded: 2 } }, target_only_unknown: ['memo'], verification: { proved: true } },
    })
    expect(job.result).not.toHaveProperty('target_only')
    expect(await listed(job)).toEqual([])
  })
})

/** The rows of the resource table that preflight reads, and its queries. */
const preflightReads = async (archive: Buffer): Promise<{ readonly rows: number; readonly queries: number }> => {
  const { clients } = runner
  const reads = { rows: 0, queries: 0 }
  let isCounting = false
  const setCounting = (value: boolean) => (): Promise<void> => {
    isCounting = value
    return Promise.resolve()
  }
  runner.beforeStage('preflight', setCounting(true))
  runner.beforeStage('plan-preflight-blobs', setCounting(false))
  const client: { send: (command: never) => Promise<unknown> } = clients.dynamo
  const send = client.send.bind(client) as (command: { readonly input: object }) => Promise<unknown>
  vi.spyOn(client, 'send').mockImplementation(async (command: { readonly input: object }) => {
    const result = await send(command)
    const isQuery = 'KeyConditionExpression' in command.input && targetOf(command.input)?.includes('resources') === true
    if (isCounting && isQuery) {
      reads.queries += 1
      reads.rows += z.object({ Items: z.array(z.unknown()).default([]) }).parse(result).Items.length
    }
    return result
  })
  expect(await runner.restore(archive)).toMatchObject({ status: 'succeeded' })
  vi.restoreAllMocks()
  return reads
}

describe('the reads of the count', () => {
  // Without the count, preflight reads the metadata of the store up to the last archived resource, with one query for
  // each shard.
  it('are none if the store has no further resource', async () => {
    await writeCities(IDS)
    const { archive } = await runner.export(['city'])
    const { shards } = runner.services.models.get('city')
    expect(await preflightReads(archive)).toEqual({ rows: IDS.length, queries: shards })
  })

  it('are one read of each further resource, without further queries', async () => {
    await writeCities(ARCHIVED)
    const { archive } = await runner.export(['city'])
    await writeCities(IDS)
    const { shards } = runner.services.models.get('city')
    expect(await preflightReads(archive)).toEqual({ rows: IDS.length, queries: shards })
  })
})
