import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hashKeyOf, metadataPartition, revisionPartition, shardOf } from '../../shared/resources/keys.ts'
import { itemBytes, MAX_ITEM_BYTES } from '../../shared/resources/item-size.ts'
import type { Item } from '../../shared/tables/item.ts'
import { stableContents } from '../contents.ts'
import { buildResource, sampleStore, type StoreData, writeToStore } from './sample-store.ts'
import { JobFailedError, WorkflowRunner } from './workflow-runner.ts'

let runner: WorkflowRunner
let sample: StoreData
beforeAll(async () => {
  runner = await WorkflowRunner.start()
  sample = sampleStore(runner.services.models)
})
afterAll(() => runner.stop())
beforeEach(() => writeToStore(runner.clients, sample))
afterEach(() => runner.wipe())

const sha256 = (data: string): string => createHash('sha256').update(data).digest('hex')

/** The metadata and the only revision of city `bad`. */
const cityWith = (payload: string | object = { name: 'Bad' }, id = 'bad'): { metadata: Item; revision: Item } => {
  const [metadata = {}, revision = {}] = buildResource(runner.services.models, {
    model: 'city',
    id,
    payloads: [payload],
  }).items
  return { metadata, revision }
}
/** Changes of attributes. Undefined removes the attribute. */
type Changes = Readonly<Record<string, Item[string] | undefined>>
const changed = (item: Item, changes: Changes): Item =>
  Object.fromEntries(
    Object.entries({ ...item, ...changes }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
const metadata = (changes: Changes) => (): Item[] => {
  const city = cityWith()
  return [changed(city.metadata, changes), city.revision]
}
const revision = (changes: Changes) => (): Item[] => {
  const city = cityWith()
  return [city.metadata, changed(city.revision, changes)]
}
const payload = (text: string) => (): Item[] => Object.values(cityWith(text))

/** A resource whose id no key may contain, with the keys that a careless writer would use. */
const withId = (id: string) => (): Item[] => {
  const city = cityWith()
  const h = hashKeyOf(id)
  const shard = shardOf(h, runner.services.models.get('city').shards)
  return [
    {
      ...city.metadata,
      pk: { S: metadataPartition('city', shard) },
      sk: { S: `${h}/${id}` },
      resource_id: { S: id },
      current_revision_id: { S: `${id}:1` },
    },
    {
      ...city.revision,
      pk: { S: revisionPartition('city', shard) },
      sk: { S: `${h}/${id}/0000000001/-` },
      resource_id: { S: id },
      revision_id: { S: `${id}:1` },
    },
  ]
}

/** A metadata item that fits into DynamoDB, but not with the attribute that a restore adds. */
const almostTooLarge = (): Item[] => {
  const city = cityWith()
  const note = MAX_ITEM_BYTES - itemBytes(city.metadata) - 'note'.length - 20
  return [changed(city.metadata, { note: { S: 'n'.repeat(note) } }), city.revision]
}

const KINDS: readonly (readonly [what: string, items: () => Item[], reason: string])[] = [
  ['an id with a slash', withId('ba/d'), 'contains "/"'],
  ['an id with a tab', withId('ba\td'), 'contains "/"'],
  ['an id of 300 characters', withId('b'.repeat(300)), 'more than 255 characters'],
  ['no resource_id in the metadata', metadata({ resource_id: undefined }), 'resource_id must be a string'],
  ['another resource_id than the key', metadata({ resource_id: { S: 'worse' } }), 'sk is'],
  ['another resource_id in a revision', revision({ resource_id: { S: 'worse' } }), 'sk is'],
  ['a schema version that the sort key does not encode', revision({ schema_version: { S: '1.0' } }), 'sk is'],
  ['metadata that applied_by makes too large', almostTooLarge, 'applied_by'],
  ['a payload that is not its data_sha256', revision({ data: { S: '{"name":"Rotten"}' } }), 'the payload has sha256'],
  ['no data_sha256', revision({ data_sha256: undefined }), 'data_sha256 is missing'],
  ['data_sha256 in upper case', revision({ data_sha256: { S: sha256('x').toUpperCase() } }), 'lower case'],
  ['no data', revision({ data: undefined }), 'neither data nor data_spilled'],
  ['data of the wrong type', revision({ data: { N: '1' } }), 'data must be a string or binary'],
  ['a wrong data_size', revision({ data_size: { N: '1' } }), 'data_size is 1'],
  ['a time that is no time', metadata({ created_time: { S: 'yesterday' } }), 'created_time must be a time'],
  ['a user that is a number', metadata({ updated_by: { N: '1' } }), 'updated_by must be a string'],
  ['a deletion mark that is a string', metadata({ is_deleted: { S: 'no' } }), 'is_deleted must be a Boolean'],
  ['a count with a fraction', metadata({ total_revision_count: { N: '1.5' } }), 'must be a whole number'],
  ['indexed_data that is not JSON', metadata({ indexed_data: { S: '{' } }), 'indexed_data must be a JSON object'],
  ['a payload with NaN', payload('{"name":NaN}'), 'neither JSON nor MessagePack'],
  ['a payload with a byte order mark', payload('\uFEFF{"name":"Bad"}'), 'neither JSON nor MessagePack'],
  ['a payload that NUL follows', payload('{"name":"Bad"}\0'), 'neither JSON nor MessagePack'],
  ['a payload that is cut short', payload('{"arms":{"file_id":"flag-n"'), 'neither JSON nor MessagePack'],
  ['a line of more than 1 MiB', metadata({ note: { S: '\u0001'.repeat(200_000) } }), 'at most 1048576'],
]

const strictFailure = async (): Promise<unknown> => {
  try {
    await runner.export(['city', 'country', 'memo'])
  } catch (error) {
    return error instanceof JobFailedError ? error.error : error
  }
  return undefined
}

describe('a resource that no restore could write or verify', () => {
  it.each(KINDS)(
    'because of %s makes a strict export fail, and is left out with strict=false',
    async (_what, items, reason) => {
      const bad = items()
      await runner.putItems(...bad)
      const keys = bad.map(({ pk, sk }) => ({ pk: pk?.S, sk: sk?.S }))
      const listed = { model: 'city', reason: expect.stringContaining(reason) as unknown }
      const error = await strictFailure()
      expect(error).toMatchObject({
        type: 'unrestorable-resources',
        status: 409,
        unrestorable_resources: { count: 1, resources: [listed] },
      })
      const { unrestorable_resources } = error as { unrestorable_resources: { resources: [{ key: object }] } }
      expect(keys).toContainEqual(unrestorable_resources.resources[0].key)

      const { job } = await runner.export(['city', 'country', 'memo'], {}, false)
      expect(job).toMatchObject({ status: 'partial' })
      expect(job.result).toMatchObject({
        complete: false,
        missing_blobs: { count: 0 },
        left_out: { count: 1, resources: [listed] },
        models: { city: { resources: 6, revisions: 11 } },
      })
    },
  )

  it('does not prevent the restore of the others, and the report lists it', async () => {
    const before = stableContents(await runner.contents())
    await runner.putItems(...withId('ba/d')(), ...payload('{"arms":{"file_id":"lost"}')())
    const { archive } = await runner.export(['city', 'country', 'memo'], {}, false)
    await runner.wipe()
    expect(await runner.restore(archive, { dry_run: true })).toMatchObject({ result: { left_out: { count: 2 } } })
    const restored = await runner.restore(archive)
    expect(restored).toMatchObject({ status: 'partial', result: { left_out: { count: 2 } } })
    expect(await runner.readReport(restored)).toMatchObject({ passed: true, left_out: { count: 2 } })
    expect(stableContents(await runner.contents())).toEqual(before)
  })

  it('is left out with strict=false if its current revision or its spilled payload is missing', async () => {
    const torn = cityWith()
    await runner.putItems(torn.metadata)
    const spilled = changed(cityWith('{}', 'gone').revision, { data: undefined, data_spilled: { BOOL: true } })
    await runner.putItems(cityWith('{}', 'gone').metadata, spilled)
    const { job } = await runner.export(['city'], {}, false)
    expect(job.result?.left_out?.resources.map(({ resource_id, reason }) => [resource_id, reason]).sort()).toEqual([
      ['bad', 'the current revision is missing'],
      ['gone', 'the spilled payload is missing'],
    ])
  })

  it('does not affect an export whose filters exclude it', async () => {
    await runner.putItems(...revision({ data_size: { N: '1' } })())
    const { job } = await runner.export(['city'], { ids: ['a', 'b'] })
    expect(job).toMatchObject({ status: 'succeeded', result: { complete: true, models: { city: { resources: 2 } } } })
  })

  it('is left out even if a part of it is already written', async () => {
    const long = 'long '.repeat(60_000)
    const payloads = Array.from({ length: 60 }, (_, n) => ({ name: `${n}`, long }))
    const time = '2026-01-05T08:30:00Z'
    const { items, objects } = buildResource(runner.services.models, {
      model: 'city',
      id: 'deep',
      payloads,
      meta: { updated_time: time, rev_updated_time: time },
      info: { created_time: time, updated_time: time },
    })
    await writeToStore(runner.clients, { items, objects })
    const last = items.at(-1) ?? {}
    await runner.putItems(changed(last, { data_size: { N: '1' } }))
    const { job, archive } = await runner.export(['city'], {}, false)
    expect(job.result).toMatchObject({
      left_out: { count: 1, resources: [{ resource_id: 'deep', key: { sk: last['sk']?.S } }] },
      models: { city: { resources: 6, revisions: 11 } },
    })
    expect(await runner.restore(archive)).toMatchObject({ status: 'partial' })
  })
})
