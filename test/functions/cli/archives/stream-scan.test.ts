import { describe, expect, it, vi } from 'vitest'
import { openContents } from '../../../../functions/cli/archives/contents/open-contents.ts'
import { scanStream, type Selection } from '../../../../functions/cli/archives/contents/stream-scan.ts'
import { TemporaryFile } from '../../../../functions/cli/archives/temporary/temporary-file.ts'
import { memorySource } from '../../../archive/memory.ts'
import { buildStream } from '../../../specstar/build-stream.ts'

const resource = (id: string) => ({ id, revisions: { [`${id}:1`]: `"${'x'.repeat(1_000)}"`, [`${id}:2`]: '{}' } })
/**
 * The resource `b` occurs twice, as in streams of SpecStar's memory store. The resources `bad` and `worse` are not
 * sound.
 */
const stream = buildStream({
  city: { resources: ['a', 'b', 'b', 'c'].map(resource) },
  land: { resources: [resource('a'), ...['bad', 'worse'].map((id) => ({ ...resource(id), dataHash: 'xxh3_128:0' }))] },
})
const selectionOf = (isCounted: boolean): Selection => ({
  resources: [
    { model: 'city', id: 'a' },
    { model: 'land', id: 'bad' },
  ],
  isCounted,
})

const sizesOf = async (selection?: Selection): Promise<{ entries: number; bodies: number }> => {
  const { lines, contents } = await scanStream(memorySource(stream), { selection })
  const sizes = { entries: 0, bodies: 0 }
  for await (const { body } of (await lines.merge()).entries()) {
    sizes.entries += 1
    sizes.bodies += body.length
  }
  await lines.close()
  await contents.close()
  return sizes
}

describe('a stream of which only some resources are needed', () => {
  it('is counted as a whole', async () => {
    const whole = await openContents(memorySource(stream))
    const some = await openContents(memorySource(stream), selectionOf(true))
    const { models } = await whole.describe()
    expect(models).toEqual({ city: { resources: 3, revisions: 6 }, land: { resources: 3, revisions: 2 } })
    expect((await some.describe()).models).toEqual(models)
    // Each description would read all temporary files.
    expect(await whole.describe()).toBe(await whole.describe())
    await whole.close()
    await some.close()
  })

  it('is sorted with the bodies of these resources and the keys of the others', async () => {
    const whole = await sizesOf()
    const counted = await sizesOf(selectionOf(true))
    const selected = await sizesOf(selectionOf(false))
    expect(counted.entries).toBe(whole.entries - 2)
    expect(counted.bodies).toBeLessThan(whole.bodies / 2)
    expect(selected.entries).toBeLessThan(whole.entries / 2)
    expect(counted.bodies).toBe(selected.bodies)
  })

  it('is written to temporary files as early as a whole stream, because the keys keep the bodies in memory', async () => {
    const filesOf = async (selection?: Selection): Promise<number> => {
      const create = vi.spyOn(TemporaryFile, 'create')
      const limits = { runBytes: 4_000, mergedRuns: 100 }
      const { lines, contents } = await scanStream(memorySource(stream), { selection, limits })
      const files = create.mock.calls.length
      create.mockRestore()
      await lines.close()
      await contents.close()
      return files
    }
    const files = await filesOf()
    expect(files).toBeGreaterThan(1)
    expect(await filesOf(selectionOf(true))).toBe(files)
  })

  it.each([true, false])('returns the records and faults of these resources only (counted: %s)', async (isCounted) => {
    const contents = await openContents(memorySource(stream), selectionOf(isCounted))
    const found = await Promise.all(
      ['city', 'land'].map(async (model) => (await Array.fromAsync(contents.records(model))).flat()),
    )
    expect(found.map((records) => records.map(({ id, fault }) => [id, fault !== undefined]))).toEqual([
      [
        ['a', false],
        ['a', false],
        ['a', false],
      ],
      [
        ['bad', true],
        ['bad', true],
        ['bad', false],
      ],
    ])
    await contents.close()
  })
})
