import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Contents, lasting } from '../contents.ts'
import { fill, smallWorld } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

let staged: StagedWorkflows
let archive: Buffer
let original: Contents
beforeAll(async () => {
  staged = await StagedWorkflows.start()
  await fill(staged.outside, smallWorld(staged.services.models))
  original = await staged.contents()
  archive = (await staged.export(['city', 'country', 'memo'])).archive
  await staged.wipe()
})
afterAll(() => staged.stop())
afterEach(async () => {
  await staged.settle()
  await staged.wipe()
})

/** Replaces the object that the restore reads, or deletes it. */
const replaced = async (jobId: string): Promise<void> => {
  const job = await staged.services.jobs.get(jobId)
  const { bucket = '', key = '' } = (job?.kind === 'restore' ? job.request.archive : undefined) ?? {}
  await staged.services.objects.put(bucket, key, Buffer.alloc(archive.length))
}
const removed = async (jobId: string): Promise<void> => {
  const job = await staged.services.jobs.get(jobId)
  const { bucket = '', key = '' } = (job?.kind === 'restore' ? job.request.archive : undefined) ?? {}
  await staged.services.objects.delete(bucket, [key])
}

describe('an archive that changes while it is restored', () => {
  it.each([
    ['replaced', 'inspect', replaced],
    ['replaced', 'preflight', replaced],
    ['removed', 'preflight', removed],
    ['replaced', 'preflight-blobs', replaced],
    ['removed', 'decide', removed],
  ])('fails the restore before anything is written if it is %s before %s', async (_how, stage, change) => {
    staged.before(stage, change)
    const job = await staged.restore(archive)
    expect(job).toMatchObject({ status: 'failed', error: { type: 'source-changed', status: 409 } })
    expect(await staged.contents()).toEqual({ items: new Map(), objects: new Map() })
    for (const model of ['city', 'country', 'memo'])
      expect(await staged.services.leases.holderOf(model)).toBeUndefined()
  })

  it.each([
    ['replaced', 'apply-blobs', replaced],
    ['removed', 'apply-records', removed],
    ['replaced', 'verify', replaced],
  ])('fails the restore if it is %s before %s, and the next restore completes it', async (_how, stage, change) => {
    staged.before(stage, change)
    const job = await staged.restore(archive)
    expect(job).toMatchObject({ status: 'failed', error: { type: 'source-changed', status: 409 } })
    await staged.settle()
    expect(await staged.restore(archive)).toMatchObject({
      status: 'succeeded',
      result: { verification: { passed: true } },
    })
    expect(lasting(await staged.contents())).toEqual(lasting(original))
  })
})
