import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { must } from '../../shared/values/must.ts'
import { buildStream } from '../specstar/build-stream.ts'
import { TestProgram } from './program.ts'
import {
  readExactIndexes,
  type Inventory,
  inventoryOfListing,
  readListing,
  specstarFile,
  storedIndexes,
  storedInventory,
  payloadsWithWrongHash,
} from './specstar-listing.ts'

let test: TestProgram
beforeAll(async () => {
  test = await TestProgram.start()
})
afterAll(() => test.stop())
afterEach(() => test.wipe())

const restore = (bytes: Buffer, path = '/_backup/import', query = '') =>
  test.requestAndWait('POST', `${path}?wait=25${query}`, bytes)

const inventory = (): Promise<Inventory> => storedInventory(test)

describe.each([
  ['catalogue.acbak', 'catalogue.json', undefined],
  ['character.acbak', 'catalogue.json', ['character']],
  ['guild.acbak', 'catalogue.json', ['guild']],
  ['catalogue-msgpack.acbak', 'catalogue-msgpack.json', undefined],
  ['edge.acbak', 'edge.json', undefined],
])('%s, a stream that SpecStar wrote', (archive, json, only) => {
  it("is restored to the contents of SpecStar's own store, and verified", async () => {
    const restored = await restore(await specstarFile(archive))
    expect(restored).toMatchObject({ status: 200, body: { status: 'succeeded', verification: { passed: true } } })
    const expected = inventoryOfListing(await readListing(json), only)
    expect(await inventory()).toEqual(expected)
    const contents = await test.contents()
    expect(payloadsWithWrongHash(contents)).toEqual([])
    const indexes = await readExactIndexes(json)
    for (const [id, indexed] of storedIndexes(contents)) expect(indexed).toEqual(indexes.get(id))
  })
})

describe("a stream that SpecStar's predecessor wrote, with all metadata of a model before all revisions", () => {
  it('is restored and verified', async () => {
    const restored = await restore(await specstarFile('autocrud-0.4.6.acbak'))
    expect(restored).toMatchObject({
      status: 200,
      body: {
        status: 'succeeded',
        models: { memo: { loaded: 4 }, doc: { loaded: 2 } },
        verification: { passed: true },
      },
    })
    const { resources, revisions } = await inventory()
    expect(resources).toMatchObject({
      'memo memo-0': { current_revision_id: 'memo-0:2', total_revision_count: 2, is_deleted: false },
      'memo memo-2': { current_revision_id: 'memo-2:1', total_revision_count: 2, is_deleted: false },
      'memo memo-3': { current_revision_id: 'memo-3:1', is_deleted: true },
      'doc doc-4': { current_revision_id: 'doc-4:2' },
    })
    expect(Object.keys(revisions).sort()).toEqual(
      ['doc doc-4:1', 'doc doc-4:2', 'doc doc-5:1', 'memo memo-0:1', 'memo memo-0:2', 'memo memo-1:1']
        .concat(['memo memo-2:1', 'memo memo-2:2', 'memo memo-3:1'])
        .map((revision) => `${revision} -`),
    )
  })

  it('is rejected, with the record and the resource, if a current revision is missing', async () => {
    const [meta, ...rest] = ['a', 'b'].map((id) => ({ id, revisions: { [`${id}:1`]: '{}' } }))
    const resources = [{ ...must(meta), currentRevisionId: 'a:2' }, ...rest]
    const rejected = await restore(buildStream({ memo: { resources, metadataFirst: true } }))
    expect(rejected).toMatchObject({ status: 400, body: { type: 'archive-invalid' } })
    expect(rejected.body).toHaveProperty(
      'detail',
      expect.stringContaining('record 3 at byte 69: the current revision "a:2" is missing'),
    )
    expect((await test.contents()).items.size).toBe(0)
  })
})

describe('a stream of some resources of a model', () => {
  it.each([
    ['character-qb.acbak', 7],
    ['character-qb-all.acbak', 39],
    ['character-qb-deleted.acbak', 8],
  ])('%s restores %i resources', async (archive, count) => {
    const restored = await restore(await specstarFile(archive), '/character/import')
    expect(restored).toMatchObject({ status: 200, body: { loaded: count, verification: { passed: true } } })
    const all = inventoryOfListing(await readListing('catalogue.json'), ['character'])
    const stored = await inventory()
    expect(Object.keys(stored.resources)).toHaveLength(count)
    expect(all.resources).toMatchObject(stored.resources)
    expect(all.revisions).toMatchObject(stored.revisions)
  })
})

/**
 * The first guild of the broken streams, in the order of id hashes. Faults that concern several records are found in
 * this order.
 */
const FIRST_BY_HASH = 'guild:9a2f79e6-0b1a-4bce-901b-a04516f81cdd'
const GUILD = 'guild:b1fca6de-884d-4803-b760-ebd7f8cac475'

/**
 * The problem with which the restore of each damaged copy fails. `broken/answers.json` contains the results of SpecStar
 * itself.
 */
const REJECTIONS: readonly (readonly [file: string, type: string, detail: string])[] = [
  [
    'cut-mid-record',
    'archive-truncated',
    'record 13 at byte 6682: the stream ends inside the record, after 342 of 688 bytes',
  ],
  [
    'cut-in-length',
    'archive-truncated',
    'record 13 at byte 6682: the stream ends inside the length of the record, after 2 of 4 bytes',
  ],
  ['cut-at-border', 'archive-truncated', 'the stream ends at byte 7374 after 13 records, without an EofRecord'],
  ['cut-before-eof', 'archive-truncated', 'the stream ends at byte 15027 after 29 records, without an EofRecord'],
  ['cut-header-only', 'archive-truncated', 'the stream ends at byte 29 after 1 record, without an EofRecord'],
  ['flip-payload', 'entry-corrupt', 'record 13 at byte 6682 (payload of revision'],
  ['flip-json-syntax', 'entry-corrupt', 'record 13 at byte 6682 (payload of revision'],
  ['flip-record-tag', 'archive-invalid', 'record 13 at byte 6682: t: there is no record type "SevisionRecord"'],
  ['flip-length', 'archive-invalid', 'record 13 at byte 6682: 4096 unexpected bytes follow the map of the record'],
  ['flip-meta', 'archive-invalid', 'record 8 at byte 3617: total_revision_count'],
  ['version-1', 'unsupported-version', 'has version 1'],
  ['version-3', 'unsupported-version', 'has version 3'],
  ['no-header', 'not-an-archive', 'without its header'],
  ['trailing-garbage', 'archive-invalid', '22 bytes follow the EofRecord, which ends at byte 15044'],
  ['not-an-archive', 'not-an-archive', 'the file is a zip file'],
  ['unknown-model', 'unknown-models', 'stranger'],
  ['meta-without-revisions', 'archive-invalid', 'record 4 at byte 641: the current revision'],
  [
    'revisions-without-meta',
    'archive-invalid',
    `record 7 at byte 3046: the stream contains no metadata of the resource of revision "${FIRST_BY_HASH}:1"`,
  ],
  ['blob-wrong-id', 'entry-corrupt', '(blob '],
  ['outside-section', 'archive-invalid', 'record 2 at byte 29: a MetaRecord must be inside the section of a model'],
  ['same-resource-twice', 'archive-invalid', 'record 10 at byte 4727: the resource occurs twice, first at byte 4188'],
]

describe('a damaged copy of a stream', () => {
  it.each(REJECTIONS)(
    '%s is rejected with the problem %s and the location, and nothing is written',
    async (file, type, detail) => {
      const rejected = await restore(await specstarFile(`broken/${file}.acbak`))
      expect(rejected).toMatchObject({ status: 400, body: { type } })
      expect(rejected.body).toHaveProperty('detail', expect.stringContaining(detail))
      expect(await test.contents()).toEqual({ items: new Map(), objects: new Map() })
    },
  )

  it('that is empty is rejected; only a request that opens an upload slot may have an empty body', async () => {
    const { services } = test.program
    const { bucket, key } = await services.objects.put(services.config.buckets.archives, 'empty', Buffer.alloc(0))
    const rejected = await test.requestAndWait('POST', '/_backup/import?wait=25', { from: { bucket, key } })
    expect(rejected).toMatchObject({ status: 400, body: { type: 'not-an-archive' } })
    expect((await test.request('POST', '/_backup/import')).body).toMatchObject({ status: 'awaiting_upload' })
  })

  it('is tested here if `broken/answers.json` contains the result of SpecStar for it', async () => {
    const answers: unknown = JSON.parse((await specstarFile('broken/answers.json')).toString())
    const files = Answers.parse(answers).rows.map(({ file }) => file.replace(/^.*?([\w-]+)\.acbak$/, '$1'))
    const others = ['good', 'empty', 'without-blobs']
    expect([...REJECTIONS.map(([file]) => file), ...others].sort()).toEqual(files.sort())
  })

  it('without its blobs is restored, and the missing blobs are listed', async () => {
    const restored = await restore(await specstarFile('broken/without-blobs.acbak'))
    expect(restored).toMatchObject({
      status: 200,
      body: { status: 'partial', missing_blobs: { count: 6 }, models: { guild: { loaded: 5 } } },
    })
    expect((await restore(await specstarFile('broken/good.acbak'))).body).toMatchObject({ status: 'succeeded' })
    expect(Object.keys((await inventory()).blobs)).toHaveLength(6)
  })
})

describe('a stream', () => {
  it('is named in the report, which also lists wrong and missing data hashes', async () => {
    const { services } = test.program
    const bytes = await specstarFile('edge.acbak')
    const { bucket, key } = await services.objects.put(services.config.buckets.archives, 'edge.acbak', bytes)
    const restored = await test.requestAndWait('POST', '/_backup/import?wait=25', { from: { bucket, key } })
    const { job_id } = Started.parse(restored.body)
    const report = (await test.request('GET', `/_backup/jobs/${job_id}/report`)).body
    expect(report).toMatchObject({ passed: true, archive: { bucket, key, size: bytes.length, format: 'specstar' } })
    const whats = Report.parse(report).checks.content.findings.map(({ what }) => what)
    expect(whats).toEqual([
      'revision old-hash:1: without a data_hash, the payload cannot be verified',
      expect.stringContaining('after a migration, data_hash does not match the payload'),
    ])
  })

  it('with unknown keys or without a data hash is restored, with findings', async () => {
    const bytes = await specstarFile('broken/good.acbak')
    for (const [key, flipped] of [
      ['is_deleted', 'is_deletee'],
      ['data_hash', 'data_hasi'],
    ] as const)
      bytes.write(flipped, bytes.indexOf(key))
    const { job_id } = Started.parse((await restore(bytes)).body)
    const findings = [
      { resource_id: GUILD, what: 'metadata: keys that SpecStar does not have', actual: '"is_deletee"' },
      { what: `revision ${GUILD}:1: keys that SpecStar does not have`, actual: '"data_hasi"' },
      { what: `revision ${GUILD}:1: without a data_hash, the payload cannot be verified` },
    ]
    expect((await test.request('GET', `/_backup/jobs/${job_id}/report`)).body).toMatchObject({
      passed: true,
      checks: { content: { passed: true, findings } },
    })
  })

  it('is accepted by a dry run and by an upload to the bucket', async () => {
    const bytes = await specstarFile('broken/good.acbak')
    expect((await restore(bytes, '/_backup/import', '&dry_run=true')).body).toMatchObject({
      models: { guild: { new: 5, changed: 0, same: 0 } },
    })
    expect((await test.contents()).items.size).toBe(0)
    const { restores } = test.program.services.config.buckets
    await test.putObject('overwrite/guild/good.acbak', bytes, restores)
    const report = await reportOf(restores, 'overwrite/guild/good.acbak.report.json')
    expect(report).toMatchObject({ passed: true, models: { guild: { loaded: 5, skipped: 0, total: 5 } } })
  })

  it('restores only the resource that the filter selects', async () => {
    const bytes = await specstarFile('broken/good.acbak')
    const one = await restore(bytes, '/guild/import', `&ids=${encodeURIComponent(GUILD)}`)
    expect(one).toMatchObject({
      status: 200,
      body: { loaded: 1, skipped: 0, total: 1, verification: { passed: true } },
    })
  })
})

const Answers = z.object({ rows: z.array(z.object({ file: z.string() })) })
const Started = z.object({ job_id: z.string() })
const Report = z.object({
  checks: z.object({ content: z.object({ findings: z.array(z.object({ what: z.string() })) }) }),
})

/** Waits for the report that is written next to an upload. */
const reportOf = async (bucket: string, key: string): Promise<unknown> => {
  for (;;) {
    const report = await test.program.services.objects.getJson(bucket, key)
    if (report !== undefined && 'passed' in Object(report)) return report
    await sleep(100)
  }
}
