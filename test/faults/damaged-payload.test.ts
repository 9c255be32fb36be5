import { afterAll, beforeAll, expect, it } from 'vitest'
import { startExport } from '../../shared/export/start-export.ts'
import type { Job } from '../../shared/jobs/job.ts'
import { unfinishedUploads } from '../contents.ts'
import { sampleContents } from './sample-contents.ts'
import { FaultHarness } from './fault-harness.ts'

let harness: FaultHarness
beforeAll(async () => {
  harness = await FaultHarness.start()
})
afterAll(() => harness.stop())

it('a spilled payload that does not match its SHA-256 makes a strict export fail, and its resource is left out otherwise', async () => {
  const { items, objects } = await sampleContents(harness)
  const payload = [...objects.keys()].find((key) => key.startsWith('payloads/')) ?? ''
  const other = Buffer.alloc(Buffer.from(objects.get(payload) ?? '', 'base64').length, 'y').toString('base64')
  await harness.putContents({ items, objects: new Map([...objects, [payload, other]]) })
  const runExport = (strict: boolean): Promise<Job> =>
    harness.run((services) =>
      startExport(
        services,
        { models: ['guild', 'item'], filters: {}, strict, format: 'acbak' },
        { requestedBy: 'test' },
      ),
    )
  const failed = await runExport(true)
  expect(failed).toMatchObject({ status: 'failed', error: { type: 'blobs-missing', status: 409 } })
  expect(failed.error?.detail).toContain(payload)
  expect(await runExport(false)).toMatchObject({
    status: 'partial',
    result: { left_out: { resources: [{ reason: 'the bytes of the spilled payload do not match its SHA-256' }] } },
  })
  expect(await unfinishedUploads(harness.clients)).toEqual([])
})
