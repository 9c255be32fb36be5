import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { ArchiveCatalogue } from '../../shared/catalogue/aws/archive-catalogue.ts'
import {
  latestArchive,
  listArchives,
  type ListArchivesOptions,
  type ListArchivesServices,
} from '../../shared/catalogue/list-archives.ts'
import { JobStore } from '../../shared/jobs/aws/job-store.ts'
import { ArchiveJudgements } from '../../shared/schedules/aws/archive-judgements.ts'
import { useServices, type TestServers } from '../services.ts'
import { writeManyArchives } from './many-archives.ts'

/** The environment variable `ARCHIVES` sets another number, with which the figures are printed and not compared. */
const COUNT = Number(process.env['ARCHIVES'] ?? 1_000)

const Capacity = z.object({ CapacityUnits: z.number() })
const Output = z.object({ ConsumedCapacity: z.union([Capacity, z.array(Capacity)]) })

interface Cost {
  /** The number of calls of each operation of DynamoDB. */
  readonly calls: Readonly<Record<string, number>>
  readonly units: number
  /** The number of objects that were looked up in S3. */
  readonly heads: number
}

let servers: TestServers
let services: ListArchivesServices
let newest: string
let calls: Record<string, number> = {}
let units = 0
let heads = 0
beforeAll(async () => {
  servers = await useServices()
  const { dynamo, config } = servers
  const { key } = await writeManyArchives(dynamo, config.tables.jobs, COUNT)
  newest = key
  const client = servers.newDynamo()
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (request) => {
        calls[commandName] = (calls[commandName] ?? 0) + 1
        const answer = await next({ ...request, input: { ...request.input, ReturnConsumedCapacity: 'TOTAL' } })
        const { ConsumedCapacity: consumed } = Output.parse(answer.output)
        for (const { CapacityUnits } of Array.isArray(consumed) ? consumed : [consumed]) units += CapacityUnits
        return answer
      },
    { step: 'initialize' },
  )
  services = {
    jobs: new JobStore(client, config.tables.jobs),
    catalogue: new ArchiveCatalogue(client, config.tables.jobs),
    archiveJudgements: new ArchiveJudgements(client, config.tables.jobs),
    objects: {
      head: (bucket, object) => {
        heads++
        return Promise.resolve({
          ...{ bucket, key: object, size: 1000, etag: 'e1', version_id: 'v1' },
          ...{ headers: {}, metadata: {}, missing_metadata: 0 },
        })
      },
    },
    clock: () => new Date(),
  }
}, 600_000)
afterAll(() => servers.stop())

const costOf = async (name: string, work: () => Promise<unknown>): Promise<Cost> => {
  ;[calls, units, heads] = [{}, 0, 0]
  const started = performance.now()
  await work()
  const cost = { calls, units, heads }
  if (COUNT !== 1_000) console.info(name, JSON.stringify({ ...cost, ms: Math.round(performance.now() - started) }))
  return cost
}

/** Returns the keys of all pages. */
const keysOf = async (options: ListArchivesOptions): Promise<string[]> => {
  const page = await listArchives(services, options)
  const keys = page.archives.map(({ archive }) => archive.key)
  return page.cursor === undefined ? keys : [...keys, ...(await keysOf({ ...options, cursor: page.cursor }))]
}

describe(`a catalogue of ${COUNT} archives of two years`, () => {
  const expectCost = (cost: Cost, expected: Cost): void => {
    if (COUNT === 1_000) expect(cost).toEqual(expected)
  }

  it('returns the first page by reading only its archives', async () => {
    const cost = await costOf('first page of 50', async () => {
      const { archives, cursor } = await listArchives(services, { limit: 50 })
      expect([archives.length, archives[0]?.archive.key, typeof cursor]).toEqual([50, newest, 'string'])
    })
    expectCost(cost, { calls: { QueryCommand: 4, BatchGetItemCommand: 4 }, units: 139, heads: 51 })
  })

  it('skips the months without an archive of the schedule', async () => {
    const cost = await costOf('filter by the schedule of the oldest archive', async () => {
      expect(await keysOf({ limit: 50, schedule: 'rare' })).toHaveLength(1)
    })
    expectCost(cost, { calls: { QueryCommand: 5, BatchGetItemCommand: 2 }, units: 6, heads: 1 })
  })

  it('reads every entry once if only the oldest archive matches', async () => {
    const cost = await costOf('filter by complete=false, which only the oldest archive matches', async () => {
      expect(await keysOf({ limit: 50, complete: false })).toHaveLength(1)
    })
    expectCost(cost, { calls: { QueryCommand: 28, BatchGetItemCommand: 2 }, units: 52, heads: 1 })
  })

  it('returns the newest archive without reading further entries', async () => {
    const cost = await costOf('latest', async () => {
      expect((await latestArchive(services, {}))?.archive.key).toBe(newest)
    })
    expectCost(cost, { calls: { QueryCommand: 3, BatchGetItemCommand: 2 }, units: 6, heads: 2 })
  })

  it('returns the newest complete archive with one query of 200 entries', async () => {
    const cost = await costOf('latest?complete=true', async () => {
      expect((await latestArchive(services, { complete: true }))?.archive.key).toBe(newest)
    })
    expectCost(cost, { calls: { QueryCommand: 3, BatchGetItemCommand: 2 }, units: 7, heads: 2 })
  })
})
