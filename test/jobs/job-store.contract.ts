import * as z from 'zod'
import { QueryCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import type { ExportJob } from '../../shared/jobs/job.ts'
import { IdempotencyMismatchError } from '../../shared/jobs/errors.ts'
import { JobStore } from '../../shared/jobs/aws/job-store.ts'
import type { ResultName } from '../../shared/jobs/stage.ts'
import { injectFaults } from '../faults/fault-middleware.ts'
import type { TestServers } from '../services.ts'
import { allResults } from '../../shared/jobs/pass.ts'

const IN_ACTIVE = {
  KeyConditionExpression: 'pk = :pk',
  ExpressionAttributeValues: { ':pk': { S: 'jobs#active' } },
  ConsistentRead: true,
}

/** A stage whose results may have any members. */
const stage = (name: ResultName) => ({ name, result: z.looseObject({}) })

/** What every job store must do, whatever server it uses. */
export const jobStoreContract = (start: () => Promise<TestServers>): void => {
  describe('a job store', () => {
    let servers: TestServers
    let jobs: JobStore
    let now: Date
    let made = 0
    const job = (more: Partial<ExportJob> = {}): ExportJob => ({
      job_id: `job-${++made}`,
      kind: 'export',
      status: 'queued',
      source: 'api',
      requested_by: 'alice',
      created_at: now.toISOString(),
      request: { models: ['country'], filters: { ids: ['a'] }, strict: true, format: 'acbak' },
      ...more,
    })

    beforeAll(async () => {
      servers = await start()
      jobs = new JobStore(servers.dynamo, servers.config.tables.jobs, () => now)
    })
    beforeEach(() => {
      // The time is in the future, because DynamoDB Local deletes jobs that have expired.
      now = new Date('2126-03-05T10:00:00.000Z')
    })
    afterAll(async () => {
      await servers.stop()
    })

    it('returns a job as it was created', async () => {
      const one = job()
      expect(await jobs.create(one)).toEqual({ job: one, created: true })
      expect(await jobs.get(one.job_id)).toEqual({ ...one, planned: {} })
      expect(await jobs.get('nobody')).toBeUndefined()
    })

    it('creates a job once', async () => {
      const one = job()
      await jobs.create(one)
      const again = await jobs.create({ ...one, requested_by: 'bob' })
      expect([again.created, again.job.requested_by]).toEqual([false, 'alice'])
    })

    it('returns the first job to a repeated request with the same key, and rejects the key with other parameters', async () => {
      const once = { key: 'k1', fingerprint: 'f', expires: now.getTime() / 1000 + 60 }
      const first = await jobs.create(job(), once)
      const again = await jobs.create(job(), once)
      expect([again.created, again.job.job_id]).toEqual([false, first.job.job_id])
      await expect(jobs.create(job(), { ...once, fingerprint: 'other' })).rejects.toThrow(IdempotencyMismatchError)
    })

    it('ignores an expired key', async () => {
      const once = { key: 'k2', fingerprint: 'f', expires: now.getTime() / 1000 + 60 }
      const first = await jobs.create(job(), once)
      now = new Date(now.getTime() + 61_000)
      const second = await jobs.create(job(), { ...once, fingerprint: 'other', expires: once.expires + 600 })
      expect([second.created, second.job.job_id === first.job.job_id]).toEqual([true, false])
    })

    it('returns the owner of a key until the key expires, and rejects the key with other parameters', async () => {
      const once = { key: 'k-owner', fingerprint: 'f', expires: now.getTime() / 1000 + 60 }
      expect(await jobs.idempotencyKeys.ownerOf(once)).toBeUndefined()
      const { job_id } = (await jobs.create(job(), once)).job
      expect(await jobs.idempotencyKeys.ownerOf(once)).toBe(job_id)
      await expect(jobs.idempotencyKeys.ownerOf({ ...once, fingerprint: 'other' })).rejects.toThrow(
        IdempotencyMismatchError,
      )
      now = new Date(now.getTime() + 61_000)
      expect(await jobs.idempotencyKeys.ownerOf({ ...once, fingerprint: 'other' })).toBeUndefined()
    })

    it('keeps the time of the first call with a key', async () => {
      expect(await jobs.seenAt('seen')).toBeUndefined()
      const first = now
      expect(await jobs.firstSeen('seen')).toEqual(first)
      now = new Date(now.getTime() + 1_000)
      expect(await jobs.firstSeen('seen')).toEqual(first)
      expect(await jobs.seenAt('seen')).toEqual(first)
    })

    it('replaces the job of a key once if several requests name the same job', async () => {
      const once = { key: 'k3', fingerprint: 'f', expires: now.getTime() / 1000 + 60 }
      const first = await jobs.create(job(), once)
      const replacing = { ...once, replaces: first.job.job_id }
      const created = await Promise.all(Array.from({ length: 3 }, () => jobs.create(job(), replacing)))
      const ids = created.map(({ job: { job_id } }) => job_id)
      expect([new Set(ids).size, ids.includes(first.job.job_id)]).toEqual([1, false])
      expect(created.filter((each) => each.created)).toHaveLength(1)
      const late = await jobs.create(job(), replacing)
      expect([late.created, late.job.job_id]).toEqual([false, ids[0]])
      await expect(jobs.create(job(), { ...replacing, fingerprint: 'other' })).rejects.toThrow(IdempotencyMismatchError)
    })

    it('creates a job that replaces the job of a key if the key does not exist', async () => {
      const once = { key: 'k4', fingerprint: 'f', expires: now.getTime() / 1000 + 60, replaces: 'deleted' }
      expect((await jobs.create(job(), once)).created).toBe(true)
    })

    it('completes the creation of a job when a request is repeated after a crash at any call', async () => {
      for (let dies = 1; dies <= 5; dies++) {
        const client = servers.newDynamo()
        injectFaults(client, (n) => (n === dies ? { kind: 'fail-after' } : undefined))
        const once = { key: `dying-${dies}`, fingerprint: 'f', expires: now.getTime() / 1000 + 60 }
        const one = job()
        const dying = new JobStore(client, servers.config.tables.jobs, () => now)
        await expect(dying.create(one, once)).rejects.toThrow('injected')
        now = new Date(now.getTime() + 1)
        const { job: kept } = await jobs.create(job(), once)
        expect(kept.job_id).toBe(one.job_id)
        const listed = await jobs.list({ limit: 200 })
        expect(listed.jobs.filter(({ job_id }) => job_id === one.job_id)).toHaveLength(1)
        expect((await jobs.runningJobs()).some(({ job_id }) => job_id === one.job_id)).toBe(true)
      }
    })

    it('adds up the throttled attempts of several workers, and begins anew after two minutes', async () => {
      const { job_id } = job()
      const attempt = { by: 'S3 bucket blobs', operation: 'HeadObject' }
      const [first, second, third] = [0, 110_000, 300_000].map((ms) => new Date(now.getTime() + ms)) as [
        Date,
        Date,
        Date,
      ]
      await jobs.throttled.add(job_id, [{ ...attempt, since: first, last_at: first, attempts: 2 }])
      await jobs.throttled.add(job_id, [{ ...attempt, since: second, last_at: second, attempts: 3 }])
      expect(await jobs.throttled.recent(job_id)).toEqual([{ ...attempt, since: first, last_at: second, attempts: 5 }])
      now = third
      expect(await jobs.throttled.recent(job_id)).toEqual([])
      await jobs.throttled.add(job_id, [{ ...attempt, since: third, last_at: third, attempts: 1 }])
      expect(await jobs.throttled.recent(job_id)).toEqual([{ ...attempt, since: third, last_at: third, attempts: 1 }])
    })

    it('changes a job only if it has one of the given statuses', async () => {
      const one = job()
      await jobs.create(one)
      const running = await jobs.change(one.job_id, { status: 'running', started_at: 'now' }, { from: ['queued'] })
      expect(running).toMatchObject({ status: 'running', started_at: 'now', request: one.request })
      expect(await jobs.change(one.job_id, { status: 'running' }, { from: ['queued'] })).toBeUndefined()
      expect(await jobs.change('nobody', { status: 'running' }, { from: ['queued'] })).toBeUndefined()
      await jobs.plan(one.job_id, 'export-records', 12, { resources: 40 })
      expect(await jobs.get(one.job_id)).toMatchObject({ expected: { resources: 40 } })
      await jobs.plan(one.job_id, 'export-blobs', 3)
      expect(await jobs.get(one.job_id)).toMatchObject({
        phase: 'export-blobs',
        planned: { 'export-records': 12, 'export-blobs': 3 },
        expected: {},
      })
    })

    it('lists each large job once, in pages that fit into a response of 6 MB', async () => {
      now = new Date(now.getTime() + 1000)
      const { request, ...rest } = job()
      // A quotation mark takes four bytes in a response, because it is escaped in the body and in the response.
      const large = { ...request, filters: { ids: ['"'.repeat(180_000)] } }
      const made = Array.from({ length: 12 }, (_, k) => `large-${k}`)
      for (const job_id of made) await jobs.create({ ...rest, job_id, request: large })
      const listed: string[] = []
      let cursor: string | undefined
      do {
        const page = await jobs.list({ limit: 200, ...(cursor === undefined ? {} : { cursor }) })
        expect(Buffer.byteLength(JSON.stringify(JSON.stringify(page.jobs)))).toBeLessThan(6_000_000)
        listed.push(...page.jobs.map(({ job_id }) => job_id))
        cursor = page.cursor
      } while (cursor !== undefined)
      expect(listed.filter((id) => id.startsWith('large-')).sort()).toEqual(made.sort())
    })

    it('removes ended jobs from the list of running jobs', async () => {
      const one = job()
      await jobs.create(one)
      expect((await jobs.runningJobs()).map(({ job_id }) => job_id)).toContain(one.job_id)
      await jobs.change(one.job_id, { status: 'succeeded' }, { from: ['queued'] })
      expect((await jobs.runningJobs()).map(({ job_id }) => job_id)).not.toContain(one.job_id)
    })

    it('removes expired slots and jobs whose entry a crash left behind from the list of active jobs', async () => {
      const listed = async (): Promise<unknown[]> => {
        const query = { ...IN_ACTIVE, TableName: servers.config.tables.jobs }
        const { Items } = await servers.dynamo.send(new QueryCommand(query))
        return (Items ?? []).map(({ sk }) => sk?.S)
      }
      const client = servers.newDynamo()
      injectFaults(client, (_n, command) => (command === 'DeleteItemCommand' ? { kind: 'fail-before' } : undefined))
      const dying = new JobStore(client, servers.config.tables.jobs, () => now)
      const [ended, slot] = [job(), job({ status: 'awaiting_upload', slot_expires_at: now.toISOString() })]
      await dying.create(ended)
      await dying.create(slot)
      await expect(dying.change(ended.job_id, { status: 'cancelled' }, { from: ['queued'] })).rejects.toThrow(
        'injected',
      )
      expect(await listed()).toEqual(expect.arrayContaining([ended.job_id, slot.job_id]))
      // This read lists only jobs that have not ended, and removes nothing.
      const queued = job()
      await jobs.create(queued)
      const recent = await jobs.recent({ since: now, limit: 10 })
      const notEnded = recent.notEnded.map(({ job_id }) => job_id)
      expect([ended, slot, queued].map(({ job_id }) => notEnded.includes(job_id))).toEqual([false, false, true])
      expect(await listed()).toEqual(expect.arrayContaining([ended.job_id, slot.job_id]))
      // The read succeeds even if the removal fails.
      await dying.runningJobs()
      expect(await listed()).toContain(ended.job_id)
      await jobs.runningJobs()
      expect(await listed()).not.toContain(ended.job_id)
      // The clock of another function may be behind, so the slot may still be filled.
      expect(await listed()).toContain(slot.job_id)
      now = new Date(now.getTime() + 3_600_001)
      await jobs.runningJobs()
      expect(await listed()).not.toContain(slot.job_id)
    })

    it('keeps the first result of a pass, and returns all results in order', async () => {
      const { job_id } = job()
      expect(await jobs.keepResult(job_id, stage('compose-parts'), 0, 0, { done: false, big: 2 ** 53 })).toMatchObject({
        done: false,
      })
      expect(await jobs.keepResult(job_id, stage('compose-parts'), 0, 0, { done: true })).toEqual({
        done: false,
        big: 2 ** 53,
      })
      await jobs.keepResult(job_id, stage('compose-parts'), 0, 1, { done: true })
      await jobs.keepResult(job_id, stage('compose-parts'), 11, 0, { done: true })
      await jobs.keepResult(job_id, stage('compose-parts'), 2, 0, { done: false })
      await jobs.keepResult(job_id, stage('compose-parts-join-2'), 0, 0, { done: true })
      const results = await Array.fromAsync(jobs.results(job_id, stage('compose-parts')))
      expect(results.map(({ n, pass }) => [n, pass])).toEqual([
        [0, 0],
        [0, 1],
        [2, 0],
        [11, 0],
      ])
      expect((await Array.fromAsync(jobs.results(job_id, stage('compose-parts'), 0))).map(({ pass }) => pass)).toEqual([
        0, 1,
      ])
      expect(await jobs.getResult(job_id, stage('compose-parts'), 9, 0)).toBeUndefined()
    })

    it('returns the results of a map item with more than a thousand passes in the order of its passes', async () => {
      const { job_id } = job()
      for (const pass of [1000, 2, 100, 1001, 99])
        await jobs.keepResult(job_id, stage('export-blobs'), 0, pass, { done: false, pass })
      await jobs.keepResult(job_id, stage('export-blobs'), 1, 0, { done: true, pass: 0 })
      const results = await allResults({ jobs }, job_id, stage('export-blobs'))
      expect(results.map(({ pass }) => pass)).toEqual([2, 99, 100, 1000, 1001, 0])
    })

    it('returns the problem of an error by its name, and the latest problem', async () => {
      const { job_id } = job()
      expect(await jobs.failure(job_id, 'DuplicatesError')).toBeUndefined()
      expect(await jobs.lastFailure(job_id)).toBeUndefined()
      const problem = (type: string) => ({ type, title: type, status: 400, detail: 'x', duplicates: { count: 2 } })
      await jobs.keepFailure(job_id, 'RecordInvalidError', problem('archive-invalid'))
      now = new Date(now.getTime() + 1_000)
      await jobs.keepFailure(job_id, 'EntryCorruptError', problem('entry-corrupt'))
      expect(await jobs.failure(job_id, 'EntryCorruptError')).toEqual(problem('entry-corrupt'))
      expect(await jobs.failure(job_id, 'RecordInvalidError')).toEqual(problem('archive-invalid'))
      expect(await jobs.failure(job_id, 'TypeError')).toBeUndefined()
      expect(await jobs.lastFailure(job_id)).toEqual(problem('entry-corrupt'))
    })

    it('lists jobs of several months in pages, newest first, by kind and status', async () => {
      const list = new JobStore(servers.dynamo, servers.config.tables.jobs, () => now)
      const times = [
        '2126-05-31T23:59:59.000Z',
        '2126-06-30T10:00:00.000Z',
        '2126-07-01T00:00:00.000Z',
        '2126-07-31T01:00:00.000Z',
      ]
      const ids: string[] = []
      for (const time of times) {
        now = new Date(time)
        for (const status of ['failed', 'succeeded'] as const) {
          const one = job({ status, requested_by: 'lister', created_at: now.toISOString() })
          ids.unshift(one.job_id)
          await list.create(one)
        }
      }
      const pages: string[][] = []
      let cursor: string | undefined
      do {
        const page = await list.list({ kind: 'export', limit: 3, ...(cursor === undefined ? {} : { cursor }) })
        pages.push(page.jobs.map(({ job_id }) => job_id))
        cursor = page.cursor
      } while (cursor !== undefined && pages.length < 20)
      const newest = pages.flat().slice(0, 8)
      // The order of jobs that were created at the same moment does not matter.
      expect(newest.length).toBe(8)
      expect([...newest].sort()).toEqual([...ids].sort())
      expect(new Set(pages.flat()).size).toBe(pages.flat().length)
      const failed = await list.list({ status: 'failed', limit: 100 })
      expect(failed.jobs).toHaveLength(4)
      expect((await list.list({ kind: 'restore', limit: 5 })).jobs).toEqual([])
      await expect(list.list({ limit: 5, cursor: 'nonsense' })).rejects.toThrow(InvalidRequestError)
    })

    const fail = ({ job_id }: ExportJob): Promise<unknown> =>
      jobs.change(job_id, { status: 'failed', ended_at: now.toISOString() }, { from: ['queued', 'failed'] })
    const minutesLater = (minutes: number): void => {
      now = new Date(now.getTime() + minutes * 60_000)
    }

    it('returns the jobs that failed since a time, newest first, even if they were created long before', async () => {
      const [early, late, succeeded] = [job(), job(), job()]
      for (const one of [early, late, succeeded]) await jobs.create(one)
      minutesLater(92 * 60)
      await fail(early)
      minutesLater(1)
      const since = now
      await jobs.change(succeeded.job_id, { status: 'succeeded', ended_at: now.toISOString() }, { from: ['queued'] })
      await fail(late)
      const failedSince = async (time: Date, limit: number): Promise<unknown> => {
        const { failed, allFailed } = await jobs.recent({ since: time, limit })
        return { failed: failed.map(({ job_id }) => job_id), allFailed }
      }
      expect(await failedSince(since, 10)).toEqual({ failed: [late.job_id], allFailed: true })
      const before = new Date(since.getTime() - 60_000)
      expect(await failedSince(before, 2)).toEqual({ failed: [late.job_id, early.job_id], allFailed: true })
      expect(await failedSince(before, 1)).toEqual({ failed: [late.job_id], allFailed: false })
      // A stage that fails a job that has already failed ends the job again. It is still one failure.
      minutesLater(1)
      await fail(late)
      expect(await failedSince(before, 3)).toEqual({ failed: [late.job_id, early.job_id], allFailed: true })
    })

    it.each(['PutItemCommand', 'DeleteItemCommand'])(
      'returns a failed job whose %s failed after the change of its status',
      async (broken) => {
        // No other test has jobs in this year.
        now = new Date(`${broken === 'PutItemCommand' ? '2301' : '2302'}-01-01T00:00:00.000Z`)
        const since = now
        const one = job()
        await jobs.create(one)
        const client = servers.newDynamo()
        injectFaults(client, (_n, command) => (command === broken ? { kind: 'fail-before' } : undefined))
        const dying = new JobStore(client, servers.config.tables.jobs, () => now)
        const ending = { status: 'failed', ended_at: now.toISOString() } as const
        await expect(dying.change(one.job_id, ending, { from: ['queued'] })).rejects.toThrow('injected')
        const failed = async (): Promise<unknown> =>
          (await jobs.recent({ since, limit: 10 })).failed.map(({ job_id }) => job_id)
        expect(await failed()).toEqual([one.job_id])
        // This read removes the job from the list of active jobs.
        await jobs.runningJobs()
        expect(await failed()).toEqual([one.job_id])
      },
    )
  })
}
