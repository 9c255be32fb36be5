import { QueryCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { JobList } from '../../shared/jobs/aws/job-list.ts'
import { JobStore } from '../../shared/jobs/aws/job-store.ts'
import { JobTable } from '../../shared/jobs/aws/job-table.ts'
import type { ExportJob } from '../../shared/jobs/job.ts'
import { useServices, type TestServers } from '../services.ts'

const COUNT = 250

let servers: TestServers
let list: JobList
let now: Date
let calls: string[] = []
beforeAll(async () => {
  servers = await useServices()
  const client = servers.newDynamo()
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (request) => {
        calls.push(commandName)
        return next(request)
      },
    { step: 'initialize' },
  )
  const table = servers.config.tables.jobs
  list = new JobList(new JobTable(client, table, () => now))
  now = new Date('2126-03-05T10:00:00.000Z')
  const jobs = new JobStore(servers.dynamo, table, () => now)
  for (let n = 0; n < COUNT; n++) await jobs.create(job(n))
}, 300_000)
beforeEach(() => {
  calls = []
})
afterAll(() => servers.stop())

/** Only the oldest job has failed. The newest job has the largest number. */
const job = (n: number): ExportJob => ({
  job_id: `job-${n}`,
  kind: 'export',
  status: n === 0 ? 'failed' : 'succeeded',
  source: 'api',
  requested_by: 'alice',
  created_at: new Date(Date.parse('2126-03-05T09:00:00.000Z') + n * 1000).toISOString(),
  request: { models: ['city'], filters: {}, strict: true, format: 'acbak' },
})

describe('a page of jobs with a rare status', () => {
  it('ends when its time is over, and the next page continues after the last entry that was read', async () => {
    const found: string[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const page = await list.page({ status: 'failed', limit: 10, ...(cursor === undefined ? {} : { cursor }) }, 0)
      found.push(...page.jobs.map(({ job_id }) => job_id))
      cursor = page.cursor
      pages++
    } while (cursor !== undefined && pages < 10)
    expect(found).toEqual(['job-0'])
    expect(pages).toBe(3)
  })

  it('is complete if there is enough time', async () => {
    const { jobs, cursor } = await list.page({ status: 'failed', limit: 10 })
    expect(jobs.map(({ job_id }) => job_id)).toEqual(['job-0'])
    expect(cursor).toBeUndefined()
  })
})

describe('a page of jobs of another kind', () => {
  it('reads no job whose entry names its kind', async () => {
    expect(await list.page({ kind: 'check', limit: 10 })).toEqual({ jobs: [] })
    expect(calls.filter((name) => name !== QueryCommand.name)).toEqual([])
  })
})
