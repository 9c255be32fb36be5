import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildBlobs, buildResource, combine, writeToStore } from './sample-store.ts'
import { startRunner } from './start-runner.ts'

const BYTES = Buffer.from('the bytes of a blob')

const runner = await startRunner()
let damaged: Buffer

beforeAll(async () => {
  const { models } = runner.services
  const city = { model: 'city', id: 'a', payloads: [{ flag: { file_id: 'blob', size: BYTES.length } }] }
  const memo = { model: 'memo', id: 'b', payloads: [{ text: 'no blob' }] }
  await writeToStore(
    runner.clients,
    combine(buildResource(models, city), buildResource(models, memo), buildBlobs({ blob: BYTES })),
  )
  const { archive } = await runner.export(['city', 'memo'])
  damaged = Buffer.from(archive)
  const at = damaged.indexOf(BYTES)
  damaged[at] = (damaged[at] ?? 0) ^ 1
})
beforeEach(() => runner.wipe())

describe('a damaged blob', () => {
  it('fails an import of everything, and nothing is written', async () => {
    expect(await runner.restore(damaged, { models: ['city', 'memo'] })).toMatchObject({
      status: 'failed',
      error: { type: 'entry-corrupt' },
    })
    expect((await runner.contents()).items.size).toBe(0)
  })

  it('does not fail an import of another model, with and without filters', async () => {
    for (const filters of [{}, { qb: 'QB.all()' }])
      expect(await runner.restore(damaged, { models: ['memo'], on_duplicate: 'overwrite', filters })).toMatchObject({
        status: 'succeeded',
        result: { models: { memo: { loaded: 1 } } },
      })
  })

  it('fails an import of its own model, with and without filters', async () => {
    for (const filters of [{}, { qb: 'QB.all()' }])
      expect(await runner.restore(damaged, { models: ['city'], filters })).toMatchObject({
        status: 'failed',
        error: { type: 'entry-corrupt' },
      })
  })
})
