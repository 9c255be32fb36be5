import { beforeAll, describe, expect, it } from 'vitest'
import { STRATEGIES } from '../../shared/jobs/job-request.ts'
import { type Item, sortKeyOf } from '../../shared/tables/item.ts'
import { must } from '../../shared/values/must.ts'
import { buildResource } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

let archive: Buffer
let items: readonly Item[]
const runner = await startRunner()
beforeAll(async () => {
  items = buildResource(runner.services.models, { model: 'city', id: 'a', payloads: [{ name: 'A' }] }).items
  await runner.putItems(...items)
  archive = (await runner.export(['city'])).archive
})

/** Changes of attributes. Undefined removes the attribute. */
type Changes = Readonly<Record<string, Item[string] | undefined>>

/** Metadata in an inconsistent state, so that the restore reads them again. */
const stale = (changes: Changes): Item => {
  const changed: Changes = { ...must(items[0]), total_revision_count: { N: '0' }, ...changes }
  return Object.fromEntries(
    Object.entries(changed).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** Damaged metadata under the key of the archived resource `a`. */
const UNDER_ITS_KEY: readonly (readonly [what: string, changes: Changes])[] = [
  ['without resource_id', { resource_id: undefined }],
  ['with the resource_id of another resource', { resource_id: { S: 'b' } }],
  ['with a resource_id that is not valid', { resource_id: { S: 'a/b' } }],
  ['without resource_id and without a current revision', { resource_id: undefined, current_revision_id: { S: 'x' } }],
]

describe('a store with damaged metadata', () => {
  it.each(UNDER_ITS_KEY)(
    '%s is counted as changed by a dry run, and is overwritten by a restore',
    async (_, changes) => {
      for (const filters of [{}, { ids: ['a'] }]) {
        await runner.wipe()
        await runner.putItems(stale(changes), ...items.slice(1))
        const rejected = { error: { type: 'duplicates', duplicates: { ids: ['a'] } } }
        for (const dry_run of [true, false])
          expect(await runner.restore(archive, { filters, dry_run, on_duplicate: 'raise_error' })).toMatchObject(
            rejected,
          )
        expect(await runner.restore(archive, { filters, dry_run: true })).toMatchObject({
          result: { dry_run: { models: { city: { new: 0, changed: 1, same: 0 } } } },
        })
        expect(await runner.restore(archive, { filters, on_duplicate: 'skip' })).toMatchObject({
          status: 'succeeded',
          result: { models: { city: { loaded: 0, skipped: 1 } } },
        })
        expect(await runner.restore(archive, { filters })).toMatchObject({
          status: 'succeeded',
          result: { models: { city: { loaded: 1 } } },
        })
      }
    },
  )

  it('under the key of no resource does not affect a restore', async () => {
    const sk = { S: `${sortKeyOf(must(items[0]))}/b` }
    for (const on_duplicate of STRATEGIES) {
      await runner.wipe()
      await runner.putItems(stale({ sk, resource_id: { S: 'a/b' } }))
      expect(await runner.restore(archive, { dry_run: true, on_duplicate })).toMatchObject({
        result: { dry_run: { models: { city: { new: 1, changed: 0, same: 0 } } } },
      })
      expect(await runner.restore(archive, { on_duplicate })).toMatchObject({
        status: 'succeeded',
        result: { models: { city: { loaded: 1 } } },
      })
    }
  })
})
