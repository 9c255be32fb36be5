import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { fill, worldWith, joinWorlds, type World } from './small-world.ts'
import { StagedWorkflows } from './staged.ts'

let staged: StagedWorkflows
let models: readonly string[]
beforeAll(async () => {
  staged = await StagedWorkflows.start()
  models = staged.services.models.names
})
afterAll(() => staged.stop())
afterEach(async () => {
  await staged.settle()
  await staged.wipe()
})

/** Resources of every model, with ids of almost the maximum length. */
const worldWithLongIds = (name: string): World =>
  joinWorlds(
    ...models.flatMap((model) =>
      Array.from({ length: 120 }, (_, k) =>
        worldWith(staged.services.models, { model, id: `${k}`.padEnd(250, 'x'), payloads: [{ name }] }),
      ),
    ),
  )

// An item of the job table holds 400 KB at most.
describe('a restore with many findings', () => {
  it('lists the first duplicates and counts all of them', async () => {
    await fill(staged.outside, worldWithLongIds('one'))
    const { archive } = await staged.export(models)
    const job = await staged.restore(archive, { on_duplicate: 'raise_error' })
    expect(job).toMatchObject({
      status: 'failed',
      error: { type: 'duplicates', duplicates: { count: models.length * 120 } },
    })
  })

  it('lists the first differences of a dry run and counts all of them', async () => {
    await fill(staged.outside, worldWithLongIds('one'))
    const { archive } = await staged.export(models)
    await fill(staged.outside, worldWithLongIds('other'))
    const job = await staged.restore(archive, { dry_run: true })
    expect(job).toMatchObject({ status: 'succeeded', result: { dry_run: { models: { city: { changed: 120 } } } } })
    expect(job.result?.dry_run?.findings).toHaveLength(100)
  })

  it('restores an archive that lacks thousands of blobs, and lists the first of them', async () => {
    const all = Array.from({ length: 12_000 }, (_, k) => ({ file_id: k.toString(16).padStart(32, '0') }))
    await fill(
      staged.outside,
      worldWith(staged.services.models, { model: 'memo', id: 'm', payloads: [{ text: 't', all }] }),
    )
    const { archive } = await staged.export(['memo'], {}, false)
    await staged.wipe()
    const job = await staged.restore(archive)
    expect(job).toMatchObject({ status: 'partial', result: { missing_blobs: { count: 12_000 } } })
    expect(job.result?.missing_blobs?.ids).toHaveLength(100)
  })
})
