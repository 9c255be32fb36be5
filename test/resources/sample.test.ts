import { describe, expect, it } from 'vitest'
import { lineBytes } from '../../shared/resources/item-size.ts'
import { type Sample, sampleModel } from '../../shared/resources/sample.ts'
import type { Item } from '../../shared/tables/item.ts'

const item: Item = { sk: { S: 'x' } }

/**
 * A model with one resource of two revisions in every `step`-th digest bucket. Also returns the ranges that were read.
 */
const sample = async (
  step: number,
  minBytes: number,
  minResources: number,
): Promise<{ result: Sample; ranges: string[] }> => {
  const ranges: string[] = []
  async function* pages(kind: 'm' | 'r', { fromSk, toSk }: { fromSk: string; toSk: string }) {
    await Promise.resolve()
    if (kind === 'm') ranges.push(`${fromSk}-${toSk}`)
    const end = toSk === 'g' ? 0x10000 : Number.parseInt(toSk, 16)
    for (let bucket = Number.parseInt(fromSk, 16); bucket < end; bucket++)
      if (bucket % step === 0) yield kind === 'm' ? [item] : [item, item]
  }
  return { result: await sampleModel(pages, minBytes, minResources), ranges }
}

describe('a sample of a model', () => {
  it('is the first digest bucket if that is enough', async () => {
    const { result, ranges } = await sample(1, 1, 1)
    expect(result).toEqual({ bytes: 3 * lineBytes(item), resources: 1, revisions: 2, fraction: 1 / 65_536 })
    expect(ranges).toEqual(['0000-0001'])
  })

  it('grows by the factor that is still needed, from 2 to 16, until it has enough resources', async () => {
    expect(await sample(1, 1e9, 40)).toMatchObject({
      result: { resources: 48, fraction: 48 / 65_536 },
      ranges: ['0000-0001', '0001-0010', '0010-0030'],
    })
    expect((await sample(1, 1e9, 17)).ranges).toEqual(['0000-0001', '0001-0010', '0010-0020'])
  })

  it('grows until it has enough bytes', async () => {
    const { result } = await sample(1, 30 * lineBytes(item), 1e9)
    expect(result.resources).toBe(10)
  })

  it('is the complete model if that is smaller', async () => {
    expect(await sample(256, 1e9, 1e9)).toMatchObject({
      result: { resources: 256, revisions: 512, fraction: 1 },
      ranges: ['0000-0001', '0001-0010', '0010-0100', '0100-1000', '1000-g'],
    })
  })
})
