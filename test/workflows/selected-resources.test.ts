import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { Item } from '../../shared/tables/item.ts'
import { type StoreContents, stableContents } from '../contents.ts'
import { TestProgram } from './program.ts'
import { writeToStore, sampleStore, buildResource, combine, type StoreData } from './sample-store.ts'

const Exported = z.object({
  job_id: z.string(),
  status: z.string(),
  models: z.record(z.string(), z.object({ resources: z.number(), blobs: z.number() })),
  missing_blobs: z.object({ count: z.number(), ids: z.array(z.string()) }),
})

let test: TestProgram
let sample: StoreData
let complete: StoreContents
/** The job id of an export of all resources. */
let everything: string
beforeAll(async () => {
  test = await TestProgram.start()
  const { models } = test.program.services
  const memo = (id: string, meta: object): StoreData =>
    buildResource(models, { model: 'memo', id, payloads: [{ text: id }, { text: `${id} again` }], meta })
  sample = combine(
    sampleStore(models),
    memo('early', { created_time: '2025-12-31T23:59:59.999999Z', created_by: 'carol' }),
    memo('on the boundary', { created_time: '2026-01-01T08:00:00+08:00', updated_by: 'dave' }),
    memo('late', { updated_time: '2026-03-01T00:00:00.000001Z', updated_by: 'carol', is_deleted: true }),
  )
  await writeToStore(clients(), sample)
  complete = await test.contents()
  everything = Exported.parse(
    (await test.requestAndWait('GET', '/_backup/export?models=city,country,memo&wait=25')).body,
  ).job_id
})
afterAll(() => test.stop())
beforeEach(() => test.wipe())

const clients = () => ({ dynamo: test.dynamo, s3: test.s3, config: test.program.services.config })
const idOf = (item: Item): string => item['resource_id']?.S ?? ''
const isMetadata = (item: Item): boolean => item['pk']?.S?.includes('#m#') === true

/** The contents of a store with these resources only: their items, their blobs and their spilled payloads. */
const only = (accepts: (metadata: Item) => boolean): ReturnType<typeof stableContents> => {
  const items = [...complete.items.values()]
  const accepted = new Set(items.filter((item) => isMetadata(item) && accepts(item)).map((item) => keyOf(item)))
  const { items: all, objects } = stableContents(complete)
  const own = all.filter(([, item]) => accepted.has(keyOf(item)))
  const texts = own.map(([, item]) => {
    const spilled = complete.objects.get(`payloads/${item['data_sha256']?.S ?? ''}`)
    return item['data']?.S ?? (spilled === undefined ? '' : Buffer.from(spilled, 'base64').toString())
  })
  const names = new Set([
    ...texts.flatMap((text) => [...text.matchAll(/"file_id":"([^"]+)"/g)].map(([, id]) => `blobs/${id ?? ''}`)),
    ...own.flatMap(([, { data, data_sha256 }]) => (data === undefined ? [`payloads/${data_sha256?.S ?? ''}`] : [])),
  ])
  return { items: own, objects: objects.filter(([key]) => names.has(key)) }
}
const keyOf = (item: Item): string => `${item['pk']?.S?.split('#')[0] ?? ''}/${idOf(item)}`

const at = (item: Item, name: string): number => Date.parse(item[name]?.S ?? '')
const NEW_YEAR = '2026-01-01T00:00:00Z'
const MARCH = '2026-03-01T00:00:00.000Z'

const FILTERS: [query: string, accepts: (metadata: Item) => boolean, matches: number][] = [
  ['is_deleted=true', (item) => item['is_deleted']?.BOOL === true, 2],
  ['is_deleted=false', (item) => item['is_deleted']?.BOOL !== true, 11],
  [`created_time_start=${NEW_YEAR}`, (item) => idOf(item) !== 'early', 12],
  [`created_time_end=${NEW_YEAR}`, (item) => ['early', 'on the boundary'].includes(idOf(item)), 2],
  [`created_time_start=${NEW_YEAR}&created_time_end=${NEW_YEAR}`, (item) => idOf(item) === 'on the boundary', 1],
  [`updated_time_start=${MARCH}`, (item) => idOf(item) === 'late', 1],
  ['updated_time_end=2026-01-05T08:30:00Z', (item) => at(item, 'updated_time') <= Date.UTC(2026, 0, 5, 8, 30), 5],
  ['created_bys=carol', (item) => item['created_by']?.S === 'carol', 1],
  ['updated_bys=carol&updated_bys=dave', (item) => ['carol', 'dave'].includes(item['updated_by']?.S ?? ''), 2],
  ['ids=a&ids=north&ids=e&ids=nobody', (item) => ['a', 'north', 'e'].includes(idOf(item)), 3],
  ['ids=late&ids=a&is_deleted=true&updated_bys=carol', (item) => idOf(item) === 'late', 1],
  ['ids=nobody', () => false, 0],
]

describe.each(FILTERS)('%s', (query, accepts, matches) => {
  const scope = 'models=city,country,memo'

  it('selects exactly these resources for an export, complete and with their blobs', async () => {
    await writeToStore(clients(), sample)
    const answer = await test.requestAndWait('GET', `/_backup/export?${scope}&wait=25&${query.replaceAll('+', '%2B')}`)
    expect(answer).toMatchObject({ status: 200 })
    const { job_id, models } = Exported.parse(answer.body)
    expect(Object.values(models).reduce((sum, { resources }) => sum + resources, 0)).toBe(matches)
    await test.wipe()
    expect(await test.requestAndWait('POST', '/_backup/import?wait=25', { from: { job_id } })).toMatchObject({
      status: 200,
      body: { status: 'succeeded', verification: { passed: true } },
    })
    expect(stableContents(await test.contents())).toEqual(only(accepts))
  })

  it('selects the same resources from a complete archive on import', async () => {
    const answer = await test.requestAndWait('POST', `/_backup/import?wait=25&${query}`, {
      from: { job_id: everything },
    })
    const status = query.includes('nobody') ? 'partial' : 'succeeded'
    expect(answer).toMatchObject({ status: 200, body: { status, verification: { passed: true } } })
    expect(stableContents(await test.contents())).toEqual(only(accepts))
  })
})

describe('an import of some resources into a store in which all resources were changed', () => {
  const changed = async (): Promise<StoreContents> => {
    await writeToStore(clients(), sample)
    const edited = sample.items.filter(isMetadata).map((item) => ({ ...item, note: { S: 'edited' } }))
    await test.putItems(edited)
    return test.contents()
  }
  const isNamed = ([, item]: [string, Item]): boolean => ['a', 'e'].includes(idOf(item))

  it('overwrites these resources and no others', async () => {
    const before = await changed()
    const answer = await test.requestAndWait('POST', '/city/import?ids=a&ids=e&wait=25', {
      from: { job_id: everything },
    })
    expect(answer).toMatchObject({ status: 200, body: { loaded: 2, skipped: 0, total: 2 } })
    const after = stableContents(await test.contents())
    expect(after.items.filter(isNamed)).toEqual(stableContents(complete).items.filter(isNamed))
    const others = ({ items }: StoreContents): unknown[] => [...items].filter((entry) => !isNamed(entry))
    expect(others(await test.contents())).toEqual(others(before))
  })

  it('counts only these resources as duplicates, as skipped, and in a dry run', async () => {
    const before = await changed()
    const answers = []
    for (const option of ['on_duplicate=raise_error', 'on_duplicate=skip', 'dry_run=true'])
      answers.push(
        await test.requestAndWait('POST', `/city/import?ids=a&ids=e&wait=25&${option}`, {
          from: { job_id: everything },
        }),
      )
    expect(answers).toMatchObject([
      {
        status: 409,
        body: { type: 'duplicates', duplicates: { count: 2, ids: expect.arrayContaining(['a', 'e']) as unknown } },
      },
      { status: 200, body: { loaded: 0, skipped: 2, total: 2 } },
      { status: 200, body: { models: { city: { new: 0, changed: 2, same: 0, target_only: 0 } } } },
    ])
    expect(await test.contents()).toEqual(before)
  })
})

describe('an export that is not strict', () => {
  it('lists the blobs that it omitted, in the response and in the job', async () => {
    await writeToStore(clients(), {
      items: sample.items,
      objects: new Map([...sample.objects].filter(([key]) => key !== 'blobs/arms-d')),
    })
    const { status, body } = await test.requestAndWait('GET', '/city/export?strict=false&wait=25')
    const expected = { status: 'partial', complete: false, missing_blobs: { count: 1, ids: ['arms-d'] } }
    expect({ status, body }).toMatchObject({ status: 200, body: expected })
    const job = await test.request('GET', `/_backup/jobs/${Exported.parse(body).job_id}`)
    expect(job.body).toMatchObject({ status: 'partial', result: expected })
  })
})
