import { afterEach, describe, expect, it } from 'vitest'
import { writeToStore, buildResource, combine, type StoreData } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const runner = await startRunner()
const models = runner.services.models.names
afterEach(async () => {
  await runner.freeLeases()
  await runner.wipe()
})

/** Resources of every model, with ids of almost the maximum length. */
const worldWithLongIds = (name: string): StoreData =>
  combine(
    ...models.flatMap((model) =>
      Array.from({ length: 120 }, (_, k) =>
        buildResource(runner.services.models, { model, id: `${k}`.padEnd(250, 'x'), payloads: [{ name }] }),
      ),
    ),
  )

// The result of a job must fit into an item of the job table, which has at most 400 KB.
describe('a restore with many findings', () => {
  it('lists the first duplicates and counts all of them', async () => {
    await writeToStore(runner.clients, worldWithLongIds('one'))
    const { archive } = await runner.export(models)
    const job = await runner.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({
      status: 'failed',
      error: { type: 'duplicates', duplicates: { count: models.length * 120 } },
    })
  })

  it('lists the first differences of a dry run and counts all of them', async () => {
    await writeToStore(runner.clients, worldWithLongIds('one'))
    const { archive } = await runner.export(models)
    await writeToStore(runner.clients, worldWithLongIds('other'))
    const job = await runner.restore(archive, { dry_run: true })
    expect(job).toMatchObject({ status: 'succeeded', result: { dry_run: { models: { city: { changed: 120 } } } } })
    expect(job.result?.dry_run?.findings).toHaveLength(100)
  })

  it('restores an archive that lacks thousands of blobs, and lists the first of them', async () => {
    const all = Array.from({ length: 12_000 }, (_, k) => ({ file_id: k.toString(16).padStart(32, '0') }))
    await writeToStore(
      runner.clients,
      buildResource(runner.services.models, { model: 'memo', id: 'm', payloads: [{ text: 't', all }] }),
    )
    const { archive } = await runner.export(['memo'], {}, false)
    await runner.wipe()
    const job = await runner.restore(archive)
    expect(job).toMatchObject({ status: 'partial', result: { missing_blobs: { count: 12_000 } } })
    expect(job.result?.missing_blobs?.ids).toHaveLength(100)
  })
})
