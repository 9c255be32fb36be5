import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type StoreContents, stableContents } from '../contents.ts'
import { startRunnerWithSample } from './start-runner.ts'

let archive: Buffer
let original: StoreContents
const runner = await startRunnerWithSample()
beforeAll(async () => {
  original = await runner.contents()
  archive = (await runner.export(['city', 'country', 'memo'])).archive
  await runner.wipe()
})
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
})

/** Overwrites the archive that the restore reads with zeros. */
const replaceArchive = async (jobId: string): Promise<void> => {
  const job = await runner.services.jobs.get(jobId)
  const { bucket = '', key = '' } = (job?.kind === 'restore' ? job.request.archive : undefined) ?? {}
  await runner.services.objects.put(bucket, key, Buffer.alloc(archive.length))
}
/** Deletes the archive that the restore reads. */
const removeArchive = async (jobId: string): Promise<void> => {
  const job = await runner.services.jobs.get(jobId)
  const { bucket = '', key = '' } = (job?.kind === 'restore' ? job.request.archive : undefined) ?? {}
  await runner.services.objects.delete(bucket, [key])
}

describe('an archive that changes during its restore', () => {
  it.each([
    ['replaced', 'inspect', replaceArchive],
    ['replaced', 'preflight', replaceArchive],
    ['removed', 'preflight', removeArchive],
    ['replaced', 'preflight-blobs', replaceArchive],
    ['removed', 'decide', removeArchive],
  ])('makes the restore fail before anything is written if it is %s before %s', async (_how, stage, change) => {
    runner.beforeStage(stage, change)
    const job = await runner.restore(archive)
    expect(job).toMatchObject({ status: 'failed', error: { type: 'source-changed', status: 409 } })
    expect(await runner.contents()).toEqual({ items: new Map(), objects: new Map() })
    for (const model of ['city', 'country', 'memo'])
      expect(await runner.services.leases.holderOf(model)).toBeUndefined()
  })

  it.each([
    ['replaced', 'apply-blobs', replaceArchive],
    ['removed', 'apply-records', removeArchive],
    ['replaced', 'verify', replaceArchive],
  ])(
    'makes the restore fail if it is %s before %s, and the next restore completes the store',
    async (_how, stage, change) => {
      runner.beforeStage(stage, change)
      const job = await runner.restore(archive)
      expect(job).toMatchObject({ status: 'failed', error: { type: 'source-changed', status: 409 } })
      await runner.freeLeases()
      expect(await runner.restore(archive)).toMatchObject({
        status: 'succeeded',
        result: { verification: { passed: true } },
      })
      expect(stableContents(await runner.contents())).toEqual(stableContents(original))
    },
  )
})
