import { GetObjectCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it } from 'vitest'
import { buildStream } from '../specstar/build-stream.ts'
import { SOUND_MEMOS, streamWithBadMemo, UNRESTORABLE_STREAMS } from './kinds/unrestorable-streams.ts'
import { startRunner } from './start-runner.ts'

const runner = await startRunner()
afterEach(() => runner.wipe())

describe('a resource of a stream that cannot be restored', () => {
  it.each(UNRESTORABLE_STREAMS)(
    'because $what fails a strict restore, and is left out with strict=false',
    async ({ bad, reason }) => {
      const resource_id = bad[0]?.id
      const stream = streamWithBadMemo(bad)
      const left_out = {
        count: 1,
        resources: [{ model: 'memo', resource_id, reason: expect.stringMatching(reason) as unknown }],
      }
      expect((await runner.restore(stream)).error).toMatchObject({
        type: 'archive-invalid',
        unrestorable_resources: left_out,
      })
      expect((await runner.contents()).items.size).toBe(0)
      expect(await runner.restore(stream, { strict: false, dry_run: true })).toMatchObject({
        result: { left_out, dry_run: { models: { memo: { new: 2 } } } },
      })
      const restored = await runner.restore(stream, { strict: false })
      expect(restored).toMatchObject({ status: 'partial', result: { left_out, models: { memo: { loaded: 2 } } } })
      expect(await runner.readReport(restored)).toMatchObject({ passed: true, left_out })
    },
  )

  it('does not make a restore of other ids or other models fail, even if the restore is strict', async () => {
    for (const { bad } of UNRESTORABLE_STREAMS) {
      const stream = buildStream({ memo: { resources: [...SOUND_MEMOS, ...bad] }, doc: { resources: SOUND_MEMOS } })
      expect(await runner.restore(stream, { filters: { ids: ['a'] }, models: ['memo'] })).toMatchObject({
        status: 'succeeded',
        result: { models: { memo: { loaded: 1 } } },
      })
      expect(await runner.restore(stream, { models: ['doc'] })).toMatchObject({
        status: 'succeeded',
        result: { models: { doc: { loaded: 2 } } },
      })
      await runner.wipe()
    }
  })

  it('is counted once for each record without an id', async () => {
    const nameless = { id: '', revisions: {}, currentRevisionId: ':1' }
    const sound = { id: 'a', revisions: { 'a:1': '{}' } }
    const stream = buildStream({ memo: { resources: [nameless, nameless, sound] } })
    expect(await runner.restore(stream, { strict: false })).toMatchObject({
      status: 'partial',
      result: { left_out: { count: 2 }, models: { memo: { loaded: 1 } } },
    })
  })

  it('is not selected by the ids of other resources, and is selected by its own id', async () => {
    const stream = buildStream({ memo: { resources: [{ id: 'x/y', revisions: { 'x/y:1': '{}' } }, ...SOUND_MEMOS] } })
    expect(await runner.restore(stream, { filters: { ids: ['x/y'] } })).toMatchObject({
      status: 'failed',
      error: { type: 'archive-invalid', unrestorable_resources: { count: 1 } },
    })
  })
})

it('restores a blob of a stream with the last of its content types', async () => {
  const bytes = Buffer.from('logo')
  const resources = [{ id: 'a', revisions: { 'a:1': '{"file":{"file_id":"blob 0","size":4}}' } }]
  const stream = buildStream({
    doc: { resources, blobs: [bytes], contentType: 'image/png' },
    memo: { blobs: [bytes], contentType: 'image/x-png' },
  })
  expect(await runner.restore(stream)).toMatchObject({ status: 'succeeded' })
  const { ContentType } = await runner.clients.s3.send(
    new GetObjectCommand({ Bucket: runner.services.config.buckets.blobs, Key: 'blobs/blob%200' }),
  )
  expect(ContentType).toBe('image/x-png')
})
