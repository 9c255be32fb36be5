import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import type { Item } from '../../shared/tables/item.ts'
import { fixture, TestProgram } from './program.ts'

const Job = z.object({ job_id: z.string() })
const Index = z.object({ level: z.number(), tags: z.array(z.string()), title: z.string().nullable() })

/** The fields that the test reads of a character. */
interface Character {
  readonly id: string
  readonly isDeleted: boolean
  readonly createdBy: string
  readonly index: z.output<typeof Index>
}

const characterIn = (metadata: Item): Character => ({
  id: metadata['resource_id']?.S ?? '',
  isDeleted: metadata['is_deleted']?.BOOL ?? false,
  createdBy: metadata['created_by']?.S ?? '',
  index: Index.parse(JSON.parse(metadata['indexed_data']?.S ?? '{}')),
})

/** Filters in requests, workflows and the store. Other tests check what each filter selects. */
describe('filters', () => {
  let test: TestProgram
  let everything: string
  let characters: Character[]

  beforeAll(async () => {
    test = await TestProgram.start()
    await test.requestAndWait('POST', '/_backup/import?wait=25', await fixture('catalogue-v3.acbak'))
    everything = Job.parse((await test.requestAndWait('GET', '/character/export?wait=25')).body).job_id
    characters = (await metadata('character')).map(characterIn)
    expect(characters).toHaveLength(47)
  })

  afterAll(() => test.stop())

  const metadata = async (model: string): Promise<Item[]> =>
    [...(await test.contents()).items.values()].filter((item) => item['pk']?.S?.startsWith(`${model}#m#`) === true)

  const idsWhere = (accepts: (character: Character) => boolean): string[] => {
    const ids = characters.filter(accepts).map(({ id }) => id)
    expect(ids.length).toBeGreaterThan(0)
    expect(ids.length).toBeLessThan(characters.length)
    return ids.sort()
  }

  /** Restores into an empty store. Returns the ids of the characters that it then contains. */
  const restored = async (path: string, job_id: string): Promise<string[]> => {
    await test.wipe()
    const answer = await test.requestAndWait('POST', path, { from: { job_id } })
    expect(answer).toMatchObject({ status: 200, body: { status: 'succeeded', verification: { passed: true } } })
    return (await metadata('character')).map((item) => item['resource_id']?.S ?? '').sort()
  }

  const QB = '(QB["level"] >= 10) & QB["tags"].any().contains("p")'
  const byQb = ({ index }: Character): boolean => index.level >= 10 && index.tags.some((tag) => tag.includes('p'))

  it('select the resources of an export: qb in the query', async () => {
    const path = `/character/export?wait=25&qb=${encodeURIComponent(QB)}`
    await restoreAll()
    const { body } = await test.requestAndWait('GET', path)
    const expected = idsWhere(byQb)
    expect(body).toMatchObject({ models: { character: { resources: expected.length } } })
    expect(await restored('/character/import?wait=25', Job.parse(body).job_id)).toEqual(expected)
  })

  it('select the resources of an export: conditions in a JSON body', async () => {
    await restoreAll()
    const conditions = [
      { field_path: 'title', operator: 'ne', value: 'Sir' },
      { field_path: 'created_by', operator: 'in', value: ['alice', 'bob'] },
    ]
    const { body } = await test.requestAndWait('POST', '/character/export', { conditions, is_deleted: false, wait: 25 })
    const expected = idsWhere(
      ({ index, createdBy, isDeleted }) =>
        !isDeleted && index.title !== null && index.title !== 'Sir' && ['alice', 'bob'].includes(createdBy),
    )
    expect(await restored('/_backup/import?wait=25', Job.parse(body).job_id)).toEqual(expected)
  })

  it('select the resources of an import', async () => {
    const byQuery = `/character/import?wait=25&is_deleted=false&qb=${encodeURIComponent(QB)}`
    expect(await restored(byQuery, everything)).toEqual(idsWhere((one) => !one.isDeleted && byQb(one)))
    const data_conditions = '[{"field_path": "tags", "operator": "contains", "value": "pvp"}]'
    const byConditions = `/_backup/import?wait=25&data_conditions=${encodeURIComponent(data_conditions)}`
    expect(await restored(byConditions, everything)).toEqual(idsWhere(({ index }) => index.tags.includes('pvp')))
  })

  it('make the job fail if they compare values that have no order; the error names the field and the resource', async () => {
    await restoreAll()
    const qb = encodeURIComponent('QB["level"] > "10"')
    const rejected = {
      status: 400,
      body: {
        type: 'invalid-request',
        detail: expect.stringMatching(/^qb: level of character \S.*'int' and 'str'/) as string,
      },
    }
    expect(await test.requestAndWait('GET', `/character/export?wait=25&qb=${qb}`)).toMatchObject(rejected)
    const before = await test.contents()
    const from = { from: { job_id: everything } }
    expect(await test.requestAndWait('POST', `/character/import?wait=25&qb=${qb}`, from)).toMatchObject(rejected)
    expect(await test.contents()).toEqual(before)
  })

  it('are rejected with the name of the parameter if they are not valid', async () => {
    const exportWith = (query: string) => test.request('GET', `/character/export?${query}`)
    expect(await exportWith(`qb=${encodeURIComponent('QB["level"] ** 2')}`)).toMatchObject({
      status: 400,
      body: { type: 'invalid-request', errors: [{ field: 'qb', message: '`**` is not supported in qb (column 13)' }] },
    })
    expect(await exportWith('conditions=7')).toMatchObject({ status: 400, body: { errors: [{ field: 'conditions' }] } })
    expect(await exportWith(`qb=${encodeURIComponent('QB["tags"].regex("p")')}`)).toMatchObject({
      status: 400,
      body: { type: 'invalid-request', errors: [{ field: 'qb' }] },
    })
    expect(await exportWith('qb=QB.all()&created_bys=bob')).toMatchObject({
      status: 422,
      body: { type: 'filters-exclusive', errors: [{ field: 'created_bys' }] },
    })
  })

  /** Restores all resources, so that exports can read them. */
  const restoreAll = async (): Promise<void> => {
    expect(await restored('/character/import?wait=25', everything)).toHaveLength(characters.length)
  }
})
