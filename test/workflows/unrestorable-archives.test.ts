import { GetObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { hashKeyOf } from '../../shared/resources/keys.ts'
import type { Item } from '../../shared/tables/item.ts'
import { stableContents } from '../contents.ts'
import { must } from '../../shared/values/must.ts'
import { craftItems } from '../archive/craft.ts'
import { buildStream, type ResourceSpec } from '../specstar/build-stream.ts'
import { buildResource } from './sample-store.ts'
import { WorkflowRunner } from './workflow-runner.ts'

let runner: WorkflowRunner
beforeAll(async () => {
  runner = await WorkflowRunner.start()
})
afterAll(() => runner.stop())
afterEach(() => runner.wipe())

const BAD = 'bad'
/** Resources whose hash keys are before and after that of `bad`. */
const SOUND = ['a', 'b', 'c', 'd', 'e', 'f']

const city = (id: string, ...names: string[]): Item[] => [
  ...buildResource(runner.services.models, { model: 'city', id, payloads: names.map((name) => ({ name })) }).items,
]
const soundCities = (): Item[][] => SOUND.map((id) => city(id, id, `${id} renamed`))

/** The resource `bad`: its metadata and two revisions. `change` makes it impossible to restore. */
const badCity = (change: (items: readonly [Item, Item, Item]) => readonly Item[]): readonly Item[] => {
  const [metadata = {}, first = {}, second = {}] = city(BAD, 'Bad', 'Worse')
  return change([metadata, first, second])
}
const without = (item: Item, name: string): Item =>
  Object.fromEntries(Object.entries(item).filter(([key]) => key !== name))

const slashed = (item: Item): Item => ({
  ...item,
  resource_id: { S: 'ba/d' },
  sk: { S: (item['sk']?.S ?? '').replace(`${hashKeyOf(BAD)}/bad`, `${hashKeyOf(BAD)}/ba/d`) },
})

const KINDS: readonly (readonly [
  what: string,
  change: (items: readonly [Item, Item, Item]) => readonly Item[],
  reason: string,
])[] = [
  ['its current revision is missing', ([metadata, first]) => [metadata, first], 'the current revision "bad:2" is miss'],
  ['its revisions are missing', ([metadata]) => [metadata], 'the current revision "bad:2" is missing'],
  ['its metadata are missing', ([, ...revisions]) => revisions, 'the metadata of the revision is missing'],
  ['its id contains a slash', (items) => items.map(slashed), 'contains "/"'],
  [
    'its metadata have no resource id',
    ([metadata, ...revisions]) => [without(metadata, 'resource_id'), ...revisions],
    'resource_id must be a string',
  ],
  [
    'a revision has no resource id',
    ([metadata, first, second]) => [metadata, without(first, 'resource_id'), second],
    'resource_id must be a string',
  ],
  [
    'a revision has the resource id of another resource',
    ([metadata, first, second]) => [metadata, { ...first, resource_id: { S: 'worse' } }, second],
    'sk is',
  ],
  [
    'its metadata have no current revision',
    ([metadata, ...revisions]) => [without(metadata, 'current_revision_id'), ...revisions],
    'current_revision_id must be a string',
  ],
  [
    'a payload does not match its hash',
    ([metadata, first, second]) => [metadata, { ...first, data: { S: '{}' } }, second],
    'the payload has sha256',
  ],
  [
    'a payload is missing',
    ([metadata, first, second]) => [metadata, without(first, 'data'), second],
    'neither data nor data_spilled',
  ],
  [
    'a spilled payload is missing',
    ([metadata, first, second]) => [metadata, { ...without(first, 'data'), data_spilled: { BOOL: true } }, second],
    'the archive has no entry payloads/',
  ],
  [
    'DynamoDB would reject an item',
    ([metadata, first, second]) => [metadata, { ...first, tags: { SS: [] } }, second],
    'SS must be an array that is not empty',
  ],
]

describe('a resource of an archive that cannot be restored', () => {
  it.each(KINDS)('because %s fails a strict restore, and is left out with strict=false', async (_, change, reason) => {
    const archive = craftItems('city', [...soundCities(), badCity(change)])
    const listed = { count: 1, resources: [{ model: 'city', reason: expect.stringContaining(reason) as unknown }] }
    const empty = await runner.contents()
    for (const dry_run of [true, false])
      expect((await runner.restore(archive, { dry_run })).error).toMatchObject({
        type: 'archive-invalid',
        status: 400,
        detail: expect.stringMatching(/1 resource cannot be restored: .* of model city .*line \d+ of entry/) as unknown,
        unrestorable_resources: listed,
      })
    expect(await runner.contents()).toEqual(empty)

    expect(await runner.restore(archive, { strict: false, dry_run: true })).toMatchObject({
      result: { left_out: listed, dry_run: { models: { city: { new: SOUND.length } } } },
    })
    const restored = await runner.restore(archive, { strict: false })
    expect(restored).toMatchObject({ status: 'partial', result: { left_out: listed } })
    expect(await runner.readReport(restored)).toMatchObject({
      passed: true,
      left_out: listed,
      models: { city: { loaded: SOUND.length, skipped: 0, total: SOUND.length } },
    })
    const lenient = stableContents(await runner.contents())
    await runner.wipe()
    await runner.restore(craftItems('city', soundCities()))
    expect(lenient).toEqual(stableContents(await runner.contents()))
  })

  it('does not block ids or filters that exclude it, even if the restore is strict', async () => {
    for (const [, change] of KINDS) {
      const archive = craftItems('city', [...soundCities(), badCity(change)])
      expect(await runner.restore(archive, { filters: { ids: ['a', 'f'] } })).toMatchObject({
        status: 'succeeded',
        result: { models: { city: { loaded: 2 } } },
      })
    }
  })

  it('leaves the stored resource untouched under overwrite', async () => {
    await runner.putItems(...city(BAD, 'Stored'))
    const before = await runner.contents()
    const archive = craftItems('city', [badCity(([metadata, first]) => [metadata, first])])
    expect(await runner.restore(archive, { strict: false, on_duplicate: 'overwrite' })).toMatchObject({
      status: 'partial',
      result: { models: { city: { loaded: 0 } }, left_out: { count: 1 } },
    })
    expect(await runner.contents()).toEqual(before)
  })

  it('does not weaken raise_error: a sound duplicate is still rejected', async () => {
    await runner.putItems(...city('a', 'Stored'))
    const archive = craftItems('city', [...soundCities(), badCity(([metadata]) => [metadata])])
    expect((await runner.restore(archive, { strict: false, on_duplicate: 'raise_error' })).error).toMatchObject({
      type: 'duplicates',
      duplicates: { count: 1, ids: ['a'] },
    })
  })

  it('is counted with all others, of which the first 100 are listed', async () => {
    const many = Array.from({ length: 150 }, (_, k) => city(`bad-${k}`, 'Bad').slice(0, 1))
    const archive = craftItems('city', [...soundCities(), ...many])
    const error = (await runner.restore(archive)).error
    expect(error).toMatchObject({ unrestorable_resources: { count: 150 } })
    const { unrestorable_resources } = error as unknown as { unrestorable_resources: { resources: unknown[] } }
    expect(unrestorable_resources.resources.length).toBeLessThanOrEqual(100)
    expect(Buffer.byteLength(JSON.stringify(unrestorable_resources))).toBeLessThanOrEqual(16 * 1024)
    const restored = await runner.restore(archive, { strict: false })
    expect(restored).toMatchObject({ status: 'partial', result: { left_out: { count: 150 } } })
    expect((await runner.readReport(restored))?.left_out?.resources).toHaveLength(150)
  })

  it('does not let strict=false weaken checksums', async () => {
    const archive = craftItems('city', soundCities())
    const at = archive.indexOf('models/city/s-00000.jsonl.zst') + 512 + 20
    archive[at] = (archive[at] ?? 0) ^ 1
    expect((await runner.restore(archive, { strict: false })).error).toMatchObject({ type: 'entry-corrupt' })
  })
})

/** Streams of the model `memo`: two sound resources, and `bad` with the fault. */
const STREAMS: readonly (readonly [what: string, bad: readonly ResourceSpec[], reason: RegExp])[] = [
  [
    'its current revision is missing',
    [{ id: 'bad', revisions: { 'bad:1': '{}' }, currentRevisionId: 'bad:2' }],
    /^record \d+ at byte \d+: the current revision "bad:2" is missing$/,
  ],
  [
    'its revisions are missing',
    [{ id: 'bad', revisions: {}, currentRevisionId: 'bad:1' }],
    /^record \d+ at byte \d+: the current revision "bad:1" is missing$/,
  ],
  [
    'its id contains a slash',
    [{ id: 'ba/d', revisions: { 'ba/d:1': '{}' } }],
    /^record \d+ at byte \d+: .* contains "\/"/,
  ],
  [
    'it occurs twice',
    [
      { id: 'bad', revisions: { 'bad:1': '{}' } },
      { id: 'bad', revisions: { 'bad:2': '{}' } },
    ],
    /^record \d+ at byte \d+: the resource occurs twice, first at byte \d+$/,
  ],
  [
    'a revision occurs twice with different content',
    [
      { id: 'bad', revisions: { 'bad:1': '{}' } },
      { id: 'bad', revisions: { 'bad:1': '{"text":"other"}' }, withoutMetadata: true },
    ],
    /^record \d+ at byte \d+: revision ".*" occurs twice with different content, first at byte \d+$/,
  ],
  [
    'its metadata are missing',
    [{ id: 'bad', revisions: { 'bad:1': '{}' }, withoutMetadata: true }],
    /^record \d+ at byte \d+: the stream contains no metadata of the resource of revision "bad:1"$/,
  ],
  [
    'its metadata would exceed the limit of DynamoDB',
    [{ id: 'bad', revisions: { 'bad:1': '{}' }, indexed: { text: 'x'.repeat(410_000) } }],
    /^record \d+ at byte \d+: as a DynamoDB item without its payload, the record has 41\d* bytes/,
  ],
]

describe('a resource of a stream that cannot be restored', () => {
  const sound = ['a', 'b'].map((id) => ({ id, revisions: { [`${id}:1`]: '{"text":"sound"}' } }))
  it.each(STREAMS)('because %s fails a strict restore, and is left out with strict=false', async (_, bad, reason) => {
    const resource_id = must(bad[0]).id
    const resources = [must(sound[0]), ...bad, must(sound[1])]
    const stream = buildStream({ memo: { resources } })
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
  })

  it('does not block other ids or other models, even if the restore is strict', async () => {
    for (const [, bad] of STREAMS) {
      const stream = buildStream({ memo: { resources: [...sound, ...bad] }, doc: { resources: sound } })
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

  it('is not selected by the ids of other resources, and is selected by its own id', async () => {
    const stream = buildStream({ memo: { resources: [{ id: 'x/y', revisions: { 'x/y:1': '{}' } }, ...sound] } })
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
