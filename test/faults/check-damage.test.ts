import process from 'node:process'
import { expect, it } from 'vitest'
import { writeArchive } from '../archive/sample.ts'
import { startRunner } from '../workflows/start-runner.ts'
import { SEED, tally } from './seeded.ts'

/**
 * The distance between two changed bytes. In `npm test`, each run changes other bytes of an archive, depending on the
 * seed. With the distance 1, a run changes every byte, which takes some minutes.
 */
const DISTANCE = Number(process.env['CHECK_DISTANCE'] ?? 193)

const runner = await startRunner()

/** An archive with each kind of entry: records, indexes, a blob, the list of left-out resources, and the tail. */
const archive = await writeArchive({
  models: {
    city: [{ id: 'city:1', revisions: [{ n: 1, data: '{"name":"a"}' }] }],
    memo: [],
  },
  blobs: { unused: Buffer.from('a blob to which no resource refers') },
  leftOut: [
    { model: 'city', resource_id: 'city:2', key: { pk: 'city#m#0', sk: 'x' }, reason: 'data_size must be a number' },
  ],
})

const DAMAGE = ['entry-corrupt', 'archive-invalid', 'archive-truncated', 'not-an-archive', 'unsupported-version']

it('a check fails if any byte of an archive differs', { timeout: 3_600_000 }, async ({ task }) => {
  expect(await runner.check(archive)).toMatchObject({ status: 'partial', result: { verification: { passed: true } } })
  const undetected: string[] = []
  let flips = 0
  for (let at = SEED % DISTANCE; at < archive.length; at += DISTANCE) {
    const damaged = Buffer.from(archive)
    damaged.writeUInt8(damaged.readUInt8(at) ^ (1 + ((at * 7) % 255)), at)
    const { status, error } = await runner.check(damaged)
    flips += 1
    if (status !== 'failed' || !DAMAGE.includes(error?.type ?? '')) undetected.push(`${at}: ${status} ${error?.type}`)
  }
  expect(undetected).toEqual([])
  tally(task, { 'changed bytes of a checked archive': flips })
})
