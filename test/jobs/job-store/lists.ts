import { QueryCommand } from '@aws-sdk/client-dynamodb'
import { expect, it } from 'vitest'
import { InvalidRequestError } from '../../../shared/requests/errors.ts'
import type { ExportJob } from '../../../shared/jobs/job.ts'
import { injectFaults } from '../../faults/fault-middleware.ts'
import type { ContractStore } from './contract-store.ts'

const IN_ACTIVE = {
  KeyConditionExpression: 'pk = :pk',
  ExpressionAttributeValues: { ':pk': { S: 'jobs#active' } },
  ConsistentRead: true,
}

/** The lists of all jobs, of active jobs and of failed jobs. */
export const listsContract = (store: ContractStore): void => {
  const fail = ({ job_id }: ExportJob): Promise<unknown> =>
    store.jobs.change(job_id, { status: 'failed', ended_at: store.now.toISOString() }, { from: ['queued', 'failed'] })
  const minutesLater = (minutes: number): void => {
    store.now = new Date(store.now.getTime() + minutes * 60_000)
  }

  it('lists each large job once, in pages that fit into a response of 6 MB', async () => {
    store.now = new Date(store.now.getTime() + 1000)
    const { request, ...rest } = store.job()
    // A quotation mark takes four bytes in a response, because it is escaped in the body and in the response.
    const large = { ...request, filters: { ids: ['"'.repeat(180_000)] } }
    const made = Array.from({ length: 12 }, (_, k) => `large-${k}`)
    for (const job_id of made) await store.jobs.create({ ...rest, job_id, request: large })
    const listed: string[] = []
    let cursor: string | undefined
    do {
      const page = await store.jobs.list({ limit: 200, ...(cursor === undefined ? {} : { cursor }) })
      expect(Buffer.byteLength(JSON.stringify(JSON.stringify(page.jobs)))).toBeLessThan(6_000_000)
      listed.push(...page.jobs.map(({ job_id }) => job_id))
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(listed.filter((id) => id.startsWith('large-')).sort()).toEqual(made.sort())
  })

  it('removes ended jobs from the list of running jobs', async () => {
    const one = store.job()
    await store.jobs.create(one)
    expect((await store.jobs.runningJobs()).map(({ job_id }) => job_id)).toContain(one.job_id)
    await store.jobs.change(one.job_id, { status: 'succeeded' }, { from: ['queued'] })
    expect((await store.jobs.runningJobs()).map(({ job_id }) => job_id)).not.toContain(one.job_id)
  })

  it('removes expired slots and jobs whose entry a crash left behind from the list of active jobs', async () => {
    const listed = async (): Promise<unknown[]> => {
      const query = { ...IN_ACTIVE, TableName: store.servers.config.tables.jobs }
      const { Items } = await store.servers.dynamo.send(new QueryCommand(query))
      return (Items ?? []).map(({ sk }) => sk?.S)
    }
    const client = store.servers.newDynamo()
    injectFaults(client, (_n, command) => (command === 'DeleteItemCommand' ? { kind: 'fail-before' } : undefined))
    const dying = store.open(client)
    const [ended, slot] = [
      store.job(),
      store.job({ status: 'awaiting_upload', slot_expires_at: store.now.toISOString() }),
    ]
    await dying.create(ended)
    await dying.create(slot)
    await expect(dying.change(ended.job_id, { status: 'cancelled' }, { from: ['queued'] })).rejects.toThrow('injected')
    expect(await listed()).toEqual(expect.arrayContaining([ended.job_id, slot.job_id]))
    // This read lists only jobs that have not ended, and removes nothing.
    const queued = store.job()
    await store.jobs.create(queued)
    const recent = await store.jobs.recent({ since: store.now, limit: 10 })
    const notEnded = recent.notEnded.map(({ job_id }) => job_id)
    expect([ended, slot, queued].map(({ job_id }) => notEnded.includes(job_id))).toEqual([false, false, true])
    expect(await listed()).toEqual(expect.arrayContaining([ended.job_id, slot.job_id]))
    // The read succeeds even if the removal fails.
    await dying.runningJobs()
    expect(await listed()).toContain(ended.job_id)
    await store.jobs.runningJobs()
    expect(await listed()).not.toContain(ended.job_id)
    // The clock of another function may be behind, so the slot may still be filled.
    expect(await listed()).toContain(slot.job_id)
    store.now = new Date(store.now.getTime() + 3_600_001)
    await store.jobs.runningJobs()
    expect(await listed()).not.toContain(slot.job_id)
  })

  it('lists jobs of several months in pages, newest first, by kind and status', async () => {
    const list = store.open(store.servers.dynamo)
    const times = [
      '2126-05-31T23:59:59.000Z',
      '2126-06-30T10:00:00.000Z',
      '2126-07-01T00:00:00.000Z',
      '2126-07-31T01:00:00.000Z',
    ]
    const ids: string[] = []
    for (const time of times) {
      store.now = new Date(time)
      for (const status of ['failed', 'succeeded'] as const) {
        const one = store.job({ status, requested_by: 'lister', created_at: store.now.toISOString() })
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

  it('returns the jobs that failed since a time, newest first, even if they were created long before', async () => {
    const [early, late, succeeded] = [store.job(), store.job(), store.job()]
    for (const one of [early, late, succeeded]) await store.jobs.create(one)
    minutesLater(92 * 60)
    await fail(early)
    minutesLater(1)
    const since = store.now
    await store.jobs.change(
      succeeded.job_id,
      { status: 'succeeded', ended_at: store.now.toISOString() },
      { from: ['queued'] },
    )
    await fail(late)
    const failedSince = async (time: Date, limit: number): Promise<unknown> => {
      const { failed, allFailed } = await store.jobs.recent({ since: time, limit })
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
      store.now = new Date(`${broken === 'PutItemCommand' ? '2301' : '2302'}-01-01T00:00:00.000Z`)
      const since = store.now
      const one = store.job()
      await store.jobs.create(one)
      const client = store.servers.newDynamo()
      injectFaults(client, (_n, command) => (command === broken ? { kind: 'fail-before' } : undefined))
      const dying = store.open(client)
      const ending = { status: 'failed', ended_at: store.now.toISOString() } as const
      await expect(dying.change(one.job_id, ending, { from: ['queued'] })).rejects.toThrow('injected')
      const failed = async (): Promise<unknown> =>
        (await store.jobs.recent({ since, limit: 10 })).failed.map(({ job_id }) => job_id)
      expect(await failed()).toEqual([one.job_id])
      // This read removes the job from the list of active jobs.
      await store.jobs.runningJobs()
      expect(await failed()).toEqual([one.job_id])
    },
  )
}
