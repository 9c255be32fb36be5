import { beforeEach, describe, expect, it } from 'vitest'
import { handler as endStopped } from '../../functions/events/end-stopped.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import { cancelJob } from '../../shared/lifecycle/cancel.ts'
import type { JobEndedEvent } from '../../shared/jobs/job-events.ts'
import { openSlot } from '../../shared/restore/start/upload-slot.ts'
import { writeToStore, buildResource } from './sample-store.ts'
import { startRunnerWithSample } from './start-runner.ts'

const MODELS = ['city', 'country', 'memo']
const events: JobEndedEvent[] = []
/** How many of the next events cannot be delivered. */
let failingDeliveries = 0
const ended = (job: JobEndedEvent): Promise<void> => {
  if (failingDeliveries > 0) {
    failingDeliveries -= 1
    return Promise.reject(new Error('the event bus does not respond'))
  }
  events.push(job)
  return Promise.resolve()
}
const runner = await startRunnerWithSample({ events: { ended } })
beforeEach(() => {
  events.length = 0
})

describe('an event for a job that has ended', () => {
  it('contains the archive of a check', async () => {
    const { archive } = await runner.export(MODELS)
    events.length = 0
    const { job_id, request, created_at, ended_at } = await runner.check(archive)
    const { bucket, key, version_id } = request.archive
    expect(events).toEqual([
      {
        deployment: runner.services.config.deployment,
        job_id,
        created_at,
        ended_at,
        kind: 'check',
        status: 'succeeded',
        source: 'api',
        requested_by: 'test',
        archive: { bucket, key, version_id },
      },
    ])
  })

  it('contains the archive of an export', async () => {
    const { job } = await runner.export(MODELS)
    const { bucket, key, version_id } = job.result?.archive ?? {}
    const { job_id, created_at, ended_at } = job
    const common = { deployment: runner.services.config.deployment, job_id, created_at, ended_at }
    expect(events).toEqual([
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

  it('is sent again if the first delivery fails', async () => {
    failingDeliveries = 1
    await runner.export(MODELS)
    expect(events).toMatchObject([{ kind: 'export', status: 'succeeded' }])
  })

  it('is sent by the last stage of the workflow if all earlier deliveries failed', async () => {
    failingDeliveries = 5
    const { job } = await runner.export(MODELS)
    expect(job.status).toBe('succeeded')
    expect(events).toMatchObject([{ job_id: job.job_id, status: 'succeeded' }])
  })

  it('is sent for a restore that succeeds and for one that fails', async () => {
    const { archive } = await runner.export(MODELS)
    await runner.restore(archive)
    await runner.restore(archive, { on_duplicate: 'raise_error' })
    expect(events.slice(1)).toMatchObject([
      { kind: 'restore', status: 'succeeded', dry_run: false },
      { kind: 'restore', status: 'failed', error: { type: 'duplicates', title: expect.any(String) as string } },
    ])
  })

  it('is sent for a job that a caller cancels', async () => {
    const request = { filters: {}, on_duplicate: 'overwrite', dry_run: false } as const
    const { job_id } = await openSlot(runner.services, request, { requestedBy: 'test' })
    await cancelJob(runner.services, job_id)
    expect(events).toMatchObject([{ job_id, kind: 'restore', status: 'cancelled' }])
  })

  it('contains no payload and no signed URL', async () => {
    const { models } = runner.services
    await writeToStore(
      runner.clients,
      buildResource(models, { model: 'memo', id: 'odd', payloads: [{ text: 'only in a payload' }] }),
    )
    await runner.export(MODELS, { ids: ['odd'] })
    expect(JSON.stringify(events)).not.toMatch(/only in a payload|X-Amz-Signature/)
  })
})

describe('an execution that Step Functions ends', () => {
  const stopped = (name: string, status: 'ABORTED' | 'TIMED_OUT' | 'FAILED'): Promise<void> =>
    endStopped({ detail: { name, status } }, localContext('end-stopped', 'test', 60_000))

  it.each([
    ['ABORTED', 'was stopped from outside'],
    ['TIMED_OUT', 'exceeded its time limit'],
    ['FAILED', 'an internal error occurred'],
  ] as const)('with %s gets a failed job, an event, and free leases', async (status, detail) => {
    const { archive } = await runner.export(MODELS)
    const { job_id } = await runner.startRestoreAndLoseExecution(archive, 'apply-records')
    expect((await runner.services.jobs.get(job_id))?.status).toBe('running')
    events.length = 0
    await stopped(job_id, status)
    const job = await runner.services.jobs.get(job_id)
    expect(job).toMatchObject({
      status: 'failed',
      error: { status: 500, detail: expect.stringContaining(detail) as string },
    })
    expect(events).toMatchObject([{ job_id, status: 'failed' }])
    await runner.freeLeases()
    expect(await runner.services.leases.holderOf('city')).toBeUndefined()
  })

  it('gets a failed job and an event if the job is a check', async () => {
    const { archive } = await runner.export(MODELS)
    const { job_id } = await runner.loseExecution('decide', () => runner.startCheck(archive))
    expect((await runner.services.jobs.get(job_id))?.status).toBe('running')
    events.length = 0
    await stopped(job_id, 'ABORTED')
    expect(await runner.services.jobs.get(job_id)).toMatchObject({ status: 'failed', error: { status: 500 } })
    expect(events).toMatchObject([{ job_id, kind: 'check', status: 'failed' }])
  })

  it('does not change a job that has already ended, and is ignored if the job does not exist', async () => {
    const { job } = await runner.export(MODELS)
    const ended = await runner.services.jobs.get(job.job_id)
    await stopped(job.job_id, 'FAILED')
    await stopped('nobody', 'ABORTED')
    expect(await runner.services.jobs.get(job.job_id)).toEqual(ended)
  })

  it('leads to one event for a failed job, so that the metrics count the job once', async () => {
    const { archive } = await runner.export(MODELS)
    events.length = 0
    const { job_id } = await runner.restore(archive, { on_duplicate: 'raise_error' })
    await stopped(job_id, 'FAILED')
    expect(events).toMatchObject([{ job_id, status: 'failed', error: { type: 'duplicates' } }])
  })

  it('leads to the event of a job if the stage that ended the job could not send it', async () => {
    const { jobs } = runner.services
    const { archive } = await runner.export(MODELS)
    const { job_id } = await runner.startRestoreAndLoseExecution(archive, 'apply-records')
    events.length = 0
    await jobs.change(job_id, { status: 'failed' }, { from: ['running'] })
    await stopped(job_id, 'FAILED')
    await stopped(job_id, 'FAILED')
    expect(events).toMatchObject([{ job_id, status: 'failed' }])
    await runner.freeLeases()
  })
})
