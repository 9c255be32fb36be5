import { afterAll, beforeAll, expect, it } from 'vitest'
import { startExport } from '../../shared/export/start-export.ts'
import { unfinishedUploads } from '../contents.ts'
import { sampleContents } from './sample-contents.ts'
import { FaultHarness } from './fault-harness.ts'

let harness: FaultHarness
beforeAll(async () => {
  harness = await FaultHarness.start()
})
afterAll(() => harness.stop())

it('a spilled payload that does not match its SHA-256 makes strict and non-strict exports fail with its key in the error', async () => {
  const { items, objects } = await sampleContents(harness)
  const payload = [...objects.keys()].find((key) => key.startsWith('payloads/')) ?? ''
  const other = Buffer.alloc(Buffer.from(objects.get(payload) ?? '', 'base64').length, 'y').toString('base64')
  await harness.putContents({ items, objects: new Map([...objects, [payload, other]]) })
  for (const strict of [true, false]) {
    const job = await harness.run((services) =>
      startExport(
        services,
        { models: ['guild', 'item'], filters: {}, strict, format: 'acbak' },
        { requestedBy: 'test' },
      ),
    )
    expect(job).toMatchObject({ status: 'failed', error: { type: 'blobs-missing', status: 409 } })
    expect(job.error?.detail).toContain(payload)
  }
  expect(await unfinishedUploads(harness.clients)).toEqual([])
})
