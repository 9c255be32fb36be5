import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { hashKeyOf } from '../../shared/resources/keys.ts'
import type { Item } from '../../shared/tables/item.ts'
import { stableContents } from '../contents.ts'
import { craftItems } from '../archive/craft.ts'
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
