import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { handler as endStopped } from '../../functions/events/end-stopped.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import type { JobEndedEvent } from '../../shared/jobs/job-events.ts'
import { openSlot } from '../../shared/restore/start/upload-slot.ts'
import { fill, smallWorld, worldWith } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

const MODELS = ['city', 'country', 'memo']
const told: JobEndedEvent[] = []
/** How many of the next events are lost on their way. */
let lost = 0
let staged: StagedWorkflows

beforeAll(async () => {
  const ended = (job: JobEndedEvent): Promise<void> => {
    if (lost > 0) {
      lost -= 1
      return Promise.reject(new Error('the bus does not answer'))
    }
    told.push(job)
    return Promise.resolve()
  }
  staged = await StagedWorkflows.start({ events: { ended } })
  await fill(staged.outside, smallWorld(staged.services.models))
})
afterAll(() => staged.stop())
beforeEach(() => {
  told.length = 0
})

describe('a job that ends is told of', () => {
  it('where an export has its archive', async () => {
    const { job } = await staged.export(MODELS)
    const { bucket, key, version_id } = job.result?.archive ?? {}
    const { job_id, created_at, ended_at } = job
    const common = { deployment: staged.services.config.deployment, job_id, created_at, ended_at }
    expect(told).toEqual([
      {
        ...common,
        kind: 'export',
        status: 'succeeded',
        source: 'api',
        requested_by: 'test',
        archive: { bucket, key, version_id },
      },
    ])
  })

  it('again where the bus did not take it at first', async () => {
    lost = 1
    await staged.export(MODELS)
    expect(told).toMatchObject([{ kind: 'export', status: 'succeeded' }])
  })

  it('by the last stage of its workflow, where the bus took it at no try of its own', async () => {
    lost = 5
    const { job } = await staged.export(MODELS)
    expect(job.status).toBe('succeeded')
    expect(told).toMatchObject([{ job_id: job.job_id, status: 'succeeded' }])
  })

  it('where a restore is proved, and where it fails', async () => {
    const { archive } = await staged.export(MODELS)
    await staged.restore(archive)
    await staged.restore(archive, { on_duplicate: 'raise_error' })
    expect(told.slice(1)).toMatchObject([
      { kind: 'restore', status: 'succeeded', dry_run: false },
      { kind: 'restore', status: 'failed', error: { type: 'duplicates', title: expect.any(String) as string } },
    ])
  })

  it('where a caller cancels it', async () => {
    const request = { filters: {}, on_duplicate: 'overwrite', dry_run: false } as const
    const { job_id } = await openSlot(staged.services, request, { requestedBy: 'test' })
    await cancelJob(staged.services, job_id)
    expect(told).toMatchObject([{ job_id, kind: 'restore', status: 'cancelled' }])
  })

  it('without a payload of it', async () => {
    const { models } = staged.services
    await fill(
      staged.outside,
      worldWith(models, { model: 'memo', id: 'odd', payloads: [{ text: 'only in a payload' }] }),
    )
    await staged.export(MODELS, { ids: ['odd'] })
    expect(JSON.stringify(told)).not.toMatch(/only in a payload|X-Amz-Signature/)
  })
})

describe('an execution that is stopped from outside', () => {
  const stopped = (name: string, status: 'ABORTED' | 'TIMED_OUT' | 'FAILED'): Promise<void> =>
    endStopped({ detail: { name, status } }, localContext('end-stopped', 'test', 60_000))

  it.each([
    ['ABORTED', 'was stopped from outside'],
    ['TIMED_OUT', 'exceeded its time limit'],
    ['FAILED', 'an internal error occurred'],
  ] as const)('leaves a job that %s failed, told of, with its leases given back', async (status, detail) => {
    const { archive } = await staged.export(MODELS)
    const { job_id } = await staged.abandon(archive, 'apply-records')
    expect((await staged.services.jobs.get(job_id))?.status).toBe('running')
    told.length = 0
    await stopped(job_id, status)
    const job = await staged.services.jobs.get(job_id)
    expect(job).toMatchObject({
      status: 'failed',
      error: { status: 500, detail: expect.stringContaining(detail) as string },
    })
    expect(told).toMatchObject([{ job_id, status: 'failed' }])
    await staged.settle()
    expect(await staged.services.leases.holderOf('city')).toBeUndefined()
  })

  it('changes nothing of a job that has ended, or that is not there', async () => {
    const { job } = await staged.export(MODELS)
    told.length = 0
    await stopped(job.job_id, 'FAILED')
    await stopped('nobody', 'ABORTED')
    expect(await staged.services.jobs.get(job.job_id)).toEqual(job)
    // Whether it was told of, nobody knows.
    expect(told).toMatchObject([{ job_id: job.job_id, status: 'succeeded' }])
  })
})
